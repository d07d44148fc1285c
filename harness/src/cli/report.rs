//! `orchbench report DIR`: the report again, from a results folder.

use std::path::PathBuf;

use crate::exit::{Exit, UsageError};
use crate::output;
use orchbench_evidence::record::ResultsFolder;
use orchbench_evidence::{analysis, report};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The results folder.
    #[arg(default_value = "reports/latest")]
    dir: PathBuf,
}

pub(super) fn run(args: &Args) -> anyhow::Result<Exit> {
    let folder = ResultsFolder::open(&args.dir)?;
    if folder.is_unpacked() {
        let message = format!(
            "{}: expected a folder to write into, found an exported file (tar xzf unpacks it)",
            args.dir.display()
        );
        return Err(UsageError(message).into());
    }
    let analysis = analysis::analyze(&folder)?;
    report::write(&folder, &analysis)?;
    output::line(&format!(
        "report: {}",
        args.dir.join("report.html").display()
    ));
    Ok(Exit::from(analysis.conclusion()))
}
