//! `orchbench export DIR FILE`: a results folder as one file, which `analyze` and `check` read like
//! the folder.

use std::path::PathBuf;

use orchbench_evidence::record::{ResultsFolder, export};

use crate::exit::{Exit, UsageError};
use crate::output;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The results folder.
    dir: PathBuf,
    /// The file to write, by default the folder's name with the ending .tar.gz.
    file: Option<PathBuf>,
}

pub(super) fn run(args: &Args) -> anyhow::Result<Exit> {
    let folder = ResultsFolder::open(&args.dir)?;
    let file = args.file.clone().unwrap_or_else(|| {
        let mut name = args
            .dir
            .file_name()
            .unwrap_or("results".as_ref())
            .to_owned();
        name.push(".tar.gz");
        PathBuf::from(name)
    });
    if file.exists() {
        let message = format!("{}: expected a new file, found one", file.display());
        return Err(UsageError(message).into());
    }
    export(&folder, &file)?;
    output::line(&file.display().to_string());
    Ok(Exit::Done)
}
