//! `orchbench assets`: the asset engine by hand, besides `orchbench materialize`. What only reads
//! the catalog does so while another process executes on it.

mod approve;
mod backfill;
mod cancel;
mod daemon;
mod lineage;
pub(super) mod location;
mod observe;
pub(super) mod place;
pub(super) mod progress;
mod retry;
mod run_view;
mod runs;
mod status;
mod verify;
mod why;
mod wipe;

use clap::Subcommand;

use crate::exit::Exit;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// What is materialized, missing and stale.
    Status(status::Args),
    /// Why a piece is stale, with the versions concerned.
    Why(why::Args),
    /// What an asset is made from and what is made from it.
    Lineage(lineage::Args),
    /// The runs of the catalog.
    Runs(runs::Args),
    /// One run, event by event.
    Show(run_view::Args),
    /// Materialize a range of partitions in runs of their own; resumable.
    Backfill(backfill::Args),
    /// End a run or a backfill, wherever it is executed.
    Cancel(cancel::Args),
    /// Execute what failed or was left out of a run or a backfill.
    Retry(retry::Args),
    /// Look at what is made elsewhere, and record its versions.
    Observe(observe::Args),
    /// Forget what was made, so that it is missing again; the data itself stays.
    Wipe(wipe::Args),
    /// Check that every record of the catalog is as it was committed.
    Verify(verify::Args),
    /// Say a person's word: the newest marts may be announced.
    Approve(approve::Args),
    /// Say a person's word: the newest marts may not be announced.
    Reject(approve::Args),
    /// Start what schedules, sensors and conditions ask for.
    Daemon(daemon::Args),
}

pub(super) fn run(args: Args) -> anyhow::Result<Exit> {
    use orchbench_assets::Verdict;
    match args.command {
        Command::Status(args) => status::run(args),
        Command::Why(args) => why::run(args),
        Command::Lineage(args) => lineage::run(args),
        Command::Runs(args) => runs::run(args),
        Command::Show(args) => run_view::run(args),
        Command::Backfill(args) => backfill::run(args),
        Command::Cancel(args) => cancel::run(args),
        Command::Retry(args) => retry::run(args),
        Command::Observe(args) => observe::run(args),
        Command::Wipe(args) => wipe::run(args),
        Command::Verify(args) => verify::run(args),
        Command::Approve(args) => approve::run(args, Verdict::Approved),
        Command::Reject(args) => approve::run(args, Verdict::Rejected),
        Command::Daemon(args) => daemon::run(args),
    }
}
