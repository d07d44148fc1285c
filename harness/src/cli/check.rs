//! `orchbench check [DIR]`: the checker by itself; `--mutations` plants faults in recorded
//! trials and scores it.

use std::path::PathBuf;

use crate::exit::Exit;
use crate::output;
use orchbench_evidence::check::mutation;
use orchbench_evidence::record::ResultsFolder;
use orchbench_evidence::report;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The results folder; with --mutations the trials that come with orchbench by default.
    dir: Option<PathBuf>,
    /// Plant faults in copies of the folder's good trials, and score the checker.
    #[arg(long)]
    mutations: bool,
    /// Print the table of mutations as Markdown.
    #[arg(long, requires = "mutations")]
    markdown: bool,
    /// Print the verdicts as JSON.
    #[arg(long, conflicts_with = "mutations")]
    json: bool,
}

pub(super) fn run(args: &Args) -> anyhow::Result<Exit> {
    if args.mutations {
        return mutations(args);
    }
    let dir = args.dir.clone().unwrap_or("reports/latest".into());
    let analysis = report::inspect(&ResultsFolder::open(&dir)?)?;
    super::analyze::told(&analysis, args.json)
}

/// Done at 100 %; a mutation that found nothing to be planted in is not caught.
fn mutations(args: &Args) -> anyhow::Result<Exit> {
    let place = tempfile::tempdir()?;
    let folder = match &args.dir {
        Some(dir) => ResultsFolder::open(dir)?,
        None => mutation::recorded(place.path())?,
    };
    let scores = mutation::score(&folder)?;
    if args.markdown {
        output::line(mutation::markdown(&scores).trim_end());
    } else {
        let (table, summary) = mutation::text(&scores);
        output::table(&table);
        output::line(&summary);
    }
    let all_caught = scores.iter().all(|score| score.caught);
    Ok(if all_caught { Exit::Done } else { Exit::Broken })
}
