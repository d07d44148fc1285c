//! `orchbench advise WORKLOAD`: for which option the needs of a workload speak, by a results folder.

mod ask;
mod measure;

use std::fs::File;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::exit::{Exit, UsageError};
use crate::output;
use orchbench_evidence::advice::{
    Advice, Rehearsed, Workload, adr, rehearsal_text, rehearsed, text,
};
use orchbench_evidence::record::ResultsFolder;
use orchbench_evidence::{analysis, model};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// What is to be run: a TOML file (docs/architecture-review.md has the fields, docs/workloads examples).
    /// Without it, it is asked for on a terminal.
    workload: Option<PathBuf>,
    /// The results folder, or its exported file.
    #[arg(long, default_value = "reports/latest")]
    results: PathBuf,
    /// Write a decision record (MADR 4.0) there; a file that is there stays as it is.
    #[arg(long, value_name = "FILE")]
    adr: Option<PathBuf>,
    /// Print everything as JSON.
    #[arg(long)]
    json: bool,
    /// Rehearse it here, into a new results folder: a run of such steps on each engine, as it is and under a
    /// kill, beside what the model predicts.
    #[arg(long, value_name = "DIR")]
    measure: Option<PathBuf>,
    #[command(flatten)]
    server: super::server::Which,
}

pub(super) fn run(args: &Args) -> anyhow::Result<Exit> {
    let workload = match &args.workload {
        Some(file) => read(file)?,
        None => ask()?,
    };
    let analysis = analysis::derive(&ResultsFolder::open(&args.results)?)?;
    let advice = Advice::of(&workload, &analysis)?;
    if let Some(file) = &args.adr {
        let base = format!("{}/", args.results.display());
        write_new(file, &adr(&advice, &analysis).markdown(&base))?;
    }
    let exit = match advice.recommended() {
        Some(_) => Exit::Done,
        None => Exit::Inconclusive,
    };
    if !args.json {
        output::page(text(&advice));
    }
    let mut ways = Vec::new();
    if let Some(folder) = &args.measure {
        let Some(rehearsal) = measure::rehearse(&workload, folder, &args.server)? else {
            return Ok(Exit::Interrupted);
        };
        ways = rehearsed(&rehearsal, &model::of(&analysis)?);
    }
    if args.json {
        output::json(&Answer {
            advice,
            rehearsed: &ways,
        })?;
    } else if let Some(folder) = &args.measure {
        output::page(rehearsal_text(&ways, &folder.display().to_string()));
    }
    Ok(exit)
}

/// What `--json` prints.
#[derive(serde::Serialize)]
struct Answer<'a> {
    #[serde(flatten)]
    advice: Advice,
    /// The ways in which the workload was rehearsed.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    rehearsed: &'a [Rehearsed],
}

/// A record that somebody has gone on with is not written over.
fn write_new(file: &Path, text: &str) -> anyhow::Result<()> {
    let refused = |error: io::Error| {
        let place = file.display();
        UsageError(format!(
            "{place}: expected a new file in a folder that is there, found: {error}"
        ))
    };
    let mut new = File::create_new(file).map_err(refused)?;
    new.write_all(text.as_bytes())
        .with_context(|| format!("cannot write {}", file.display()))
}

fn read(file: &Path) -> anyhow::Result<Workload> {
    let place = file.display().to_string();
    let text = std::fs::read_to_string(file)
        .map_err(|error| UsageError(format!("{place}: expected a workload, found: {error}")))?;
    Ok(Workload::parse(&place, &text)?)
}

fn ask() -> anyhow::Result<Workload> {
    let asked = "expected a workload's file; without one it is asked for on a terminal";
    if !io::stdin().is_terminal() {
        return Err(UsageError(format!("{asked}, which standard input is not")).into());
    }
    let text = ask::workload(io::stdin().lock(), io::stderr()).map_err(|error| {
        UsageError(match error.kind() {
            io::ErrorKind::UnexpectedEof => format!("{asked}, whose answers ended"),
            _ => format!("{asked}: {error}"),
        })
    })?;
    Ok(Workload::parse("answers", &text)?)
}
