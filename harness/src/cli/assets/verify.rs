//! `orchbench assets verify`: is every record as it was committed?

use asset_engine::{CatalogError, Head};
use serde_json::json;

use super::place::CatalogArgs;
use crate::cli::worker::WorkFolder;
use crate::exit::{Exit, UsageError};
use crate::output;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// How far the log went when it was noted, as `verify` prints it: `SEQ:DIGEST`.
    #[arg(long)]
    noted: Option<String>,
    /// Print as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: CatalogArgs,
    #[command(flatten)]
    folder: WorkFolder,
}

pub(super) fn run(args: Args) -> anyhow::Result<Exit> {
    let noted = args.noted.as_deref().map(head).transpose()?;
    let catalog = args.place.place(&args.folder)?.read()?;
    match catalog.verify(noted.as_ref()) {
        Ok(verified) => {
            let Head { seq, digest, .. } = &verified.head;
            if args.json {
                output::json(&json!({
                    "events": seq,
                    "digest": digest,
                    "missing": verified.missing,
                    "damaged": verified.damaged,
                    "broken": null,
                }))?;
            } else {
                output::line(&format!("{verified}; to note: {seq}:{digest}"));
            }
            Ok(if verified.is_sound() {
                Exit::Done
            } else {
                Exit::Broken
            })
        }
        // A broken record is what was looked for, so it is an answer.
        Err(error @ CatalogError::Corrupt { .. }) => {
            if args.json {
                output::json(&json!({ "broken": error.to_string() }))?;
            }
            output::note(&format!("error: {error}"));
            Ok(Exit::Broken)
        }
        Err(error) => Err(error.into()),
    }
}

fn head(text: &str) -> Result<Head, UsageError> {
    let parts = text
        .split_once(':')
        .and_then(|(seq, digest)| Some((seq.parse().ok()?, digest)));
    let (seq, digest) =
        parts.ok_or_else(|| UsageError(format!("--noted: expected SEQ:DIGEST, found {text:?}")))?;
    Ok(Head::new(seq, digest))
}
