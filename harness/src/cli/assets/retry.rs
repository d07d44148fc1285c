//! `orchbench assets retry ID`: what failed or was left out of a run or a backfill, as it was asked
//! for, whoever asked: also what a schedule, a sensor or a rule had ordered.

use std::sync::Arc;

use asset_engine::{Identity, RunRequest};
use serde_json::Value;

use super::backfill;
use super::location::{Execution, Location, neither};
use crate::cli::materialize;
use crate::exit::{Exit, UsageError};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Id of the run or the backfill.
    id: String,
    /// Print as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    execution: Execution,
    #[command(flatten)]
    location: Location,
}

pub(super) fn run(args: Args) -> anyhow::Result<Exit> {
    let catalog = args.location.catalog()?;
    let id = args.id.as_str();
    if let Some(info) = catalog.backfill(id)? {
        let record = info.record.as_ref().clone();
        let assets = args
            .location
            .open(&source_of(id, &record.identity, &record.config)?)?;
        return backfill::execute(&assets, args.execution, record, args.json);
    }
    let Some(info) = catalog.run(id)? else {
        return Err(neither(id).into());
    };
    let record = info.record;
    let assets = args
        .location
        .open(&source_of(id, &record.identity, &record.config)?)?;
    let request = RunRequest::of(&record, Arc::clone(&assets.graph));
    materialize::execute_and_tell(&assets, args.execution, request, args.json)
}

/// The source that a run or a backfill was asked on.
fn source_of(id: &str, identity: &Identity, config: &Value) -> Result<String, UsageError> {
    let named = identity.get("source").map(String::as_str);
    let source = named.or_else(|| config["source"].as_str());
    source.map(str::to_owned).ok_or_else(|| {
        UsageError(format!(
            "{id:?}: expected a source in its record, found none"
        ))
    })
}
