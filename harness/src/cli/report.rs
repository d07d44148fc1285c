//! `orchbench report DIR`: the report again, from a results folder, and from criterion's estimates.

use std::path::PathBuf;

use crate::exit::{Exit, UsageError};
use crate::output;
use orchbench_evidence::record::{Benchmarks, ResultsFolder};
use orchbench_evidence::{analysis, report};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The results folder.
    #[arg(default_value = "reports/latest")]
    dir: PathBuf,
    /// Take in the latest estimates of `cargo bench` from criterion's folder, such as target/criterion.
    #[arg(long, value_name = "DIR")]
    criterion: Option<PathBuf>,
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
    if let Some(criterion) = &args.criterion {
        let benchmarks =
            Benchmarks::of_criterion(criterion).map_err(|error| UsageError(error.to_string()))?;
        folder.take_in(&benchmarks)?;
    }
    let analysis = analysis::analyze(&folder)?;
    report::write(&folder, &analysis)?;
    output::line(&format!(
        "report: {}",
        args.dir.join("report.html").display()
    ));
    Ok(Exit::told(&analysis))
}
