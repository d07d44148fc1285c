//! `orchbench analyze DIR`: checks and statistics again, from a results folder.

use std::path::PathBuf;

use crate::exit::Exit;
use crate::output;
use orchbench_evidence::analysis;
use orchbench_evidence::record::{Outcome, ResultsFolder, Verdicts};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The results folder.
    #[arg(default_value = "reports/latest")]
    dir: PathBuf,
    /// Print the verdicts as JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> anyhow::Result<Exit> {
    let folder = ResultsFolder::open(&args.dir)?;
    let analysis = analysis::analyze(&folder)?;
    if args.json {
        output::json(&analysis.verdicts)?;
        return Ok(Exit::from(analysis.conclusion()));
    }
    print(&analysis.verdicts);
    Ok(Exit::from(analysis.conclusion()))
}

/// The counts, and each verdict that is no pass.
pub(super) fn print(checked: &Verdicts) {
    let verdicts = &checked.verdicts;
    let count = |outcome| {
        verdicts
            .iter()
            .filter(|each| each.outcome == outcome)
            .count()
    };
    output::line(&format!(
        "{} verdicts: {} pass, {} unknown, {} fail; {} void trials",
        verdicts.len(),
        count(Outcome::Pass),
        count(Outcome::Unknown),
        count(Outcome::Fail),
        checked.void.len()
    ));
    for verdict in verdicts.iter().filter(|each| each.outcome != Outcome::Pass) {
        let word = match (verdict.outcome, verdict.expected) {
            (Outcome::Fail, true) => "fail (expected)",
            (Outcome::Fail, false) => "FAIL",
            _ => "unknown",
        };
        output::line(&format!(
            "{word}: {}: {}: {}",
            verdict.trial, verdict.invariant, verdict.summary
        ));
    }
}
