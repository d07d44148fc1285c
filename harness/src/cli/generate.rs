//! `orchbench generate DIR`: a larger input of the same shape.

use std::path::PathBuf;

use crate::exit::Exit;
use crate::output;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Folder to write, for the steps' `--data-dir`.
    dir: PathBuf,
    /// How many times the flights of nycflights13.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    factor: u32,
    /// Seed: the same seed gives the same bytes.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

pub(super) fn run(args: &Args) -> anyhow::Result<Exit> {
    orchbench_etl::generate::write(&args.dir, args.factor, args.seed)?;
    output::line(&format!("input: {}", args.dir.display()));
    Ok(Exit::Done)
}
