//! `orchbench analyze DIR`: checks and statistics again, from a results folder.

use std::path::PathBuf;

use crate::exit::Exit;
use crate::output;
use orchbench_evidence::analysis;
use orchbench_evidence::document::warnings;
use orchbench_evidence::record::{Outcome, ResultsFolder, Verdicts};
use orchbench_evidence::results::Analysis;

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
    told(&analysis, args.json)
}

/// Says what was checked, on stderr what is to be known of it, and what it comes to.
pub(super) fn told(analysis: &Analysis, json: bool) -> anyhow::Result<Exit> {
    if json {
        output::json(&analysis.verdicts)?;
    } else {
        print(&analysis.verdicts);
    }
    for line in warnings(&analysis.plan, &analysis.verdicts.warnings, |_| true) {
        output::note(&format!("warning: {}", line.as_read()));
    }
    Ok(Exit::from(analysis.conclusion()))
}

/// The counts, and each verdict that is no pass.
fn print(checked: &Verdicts) {
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
    if verdicts.is_empty() {
        output::line("nothing was checked");
    }
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
