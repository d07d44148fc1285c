//! `orchbench assets cancel ID`: the end of a run or a backfill, wherever it is executed. Who executes
//! it finishes what it is at; what a dead process left open is closed here.

use std::collections::HashSet;
use std::time::Duration;

use asset_engine::{
    BackfillProgress, Catalog, CatalogError, ExecutorOptions, RunStatus, StepWorker,
};
use orchbench_etl::journal::escaped;
use serde_json::json;

use super::location::neither;
use super::place::{CatalogArgs, Place};
use crate::cli::worker::WorkFolder;
use crate::exit::{Exit, UsageError};
use crate::output;

/// How often it is looked whether the runs have ended.
const LOOK: Duration = Duration::from_millis(100);

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Id of the run or the backfill.
    id: String,
    /// Print as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: CatalogArgs,
    #[command(flatten)]
    folder: WorkFolder,
}

pub(super) fn run(args: Args) -> anyhow::Result<Exit> {
    let place = args.place.place(&args.folder)?;
    let catalog = place.read()?;
    let id = args.id.as_str();
    if catalog.backfill(id)?.is_none() && catalog.run(id)?.is_none() {
        return Err(neither(id).into());
    }
    if let Some(info) = catalog
        .run(id)?
        .filter(|info| StepWorker::keeps(&info.record))
        && info.status == RunStatus::Started
    {
        let message = format!(
            "run {id:?} is kept by Temporal: cancel its workflow, such as `orchbench workflow cancel \
             assets-SOURCE/{id}`"
        );
        return Err(UsageError(message).into());
    }
    let canceled = cancel(&place, &catalog, id)?;
    let info = catalog.backfill(id)?;
    let progress = info.map(|info| BackfillProgress::of(&catalog, &info));
    let progress = progress.transpose()?;
    let status = match (&progress, catalog.run(id)?) {
        (Some(progress), _) => progress.status,
        (None, Some(run)) => run.status,
        (None, None) => RunStatus::Canceled,
    };
    if args.json {
        let runs: Vec<_> = canceled.iter().collect();
        output::json(&json!({
            "id": id, "status": status, "progress": progress, "runs": runs
        }))?;
        return Ok(Exit::Done);
    }
    let what = match canceled.len() {
        0 => "it had ended before".to_owned(),
        runs => format!("{runs} runs were open"),
    };
    output::line(&format!("{}: {}; {what}", escaped(id), status.as_str()));
    Ok(Exit::Done)
}

/// Asks for the end of all that is open of an id and returns when nothing is: the runs whose end was
/// asked for.
fn cancel(place: &Place, catalog: &Catalog, id: &str) -> anyhow::Result<HashSet<String>> {
    let mut recorder = place.recorder()?;
    let mut asked = HashSet::new();
    let mut told = false;
    loop {
        recorder.cancel_backfill(id)?;
        let open = open_runs(catalog, id)?;
        if open.is_empty() {
            return Ok(asked);
        }
        let new: Vec<&String> = open.iter().filter(|run| !asked.contains(*run)).collect();
        if !new.is_empty() {
            recorder.request_cancel(new.iter().map(|run| run.as_str()))?;
            asked.extend(new.into_iter().cloned());
        }
        // An executor that opens the catalog closes them; one that lives does so by itself.
        match place.executor(ExecutorOptions::default()) {
            Ok(_) => {}
            Err(error) => match error.downcast_ref() {
                Some(CatalogError::Locked { owner, .. }) => {
                    if !std::mem::replace(&mut told, true) {
                        output::note(&format!(
                            "{owner} executes: waiting until it has finished its steps"
                        ));
                    }
                    std::thread::sleep(LOOK);
                }
                _ => return Err(error),
            },
        }
    }
}

/// The open runs of a backfill, or the run itself if it is open.
fn open_runs(catalog: &Catalog, id: &str) -> Result<Vec<String>, CatalogError> {
    let started =
        |(run, status): (String, RunStatus)| (status == RunStatus::Started).then_some(run);
    if let Some(info) = catalog.backfill(id)? {
        let statuses = catalog.statuses_of(&info.record.id)?;
        return Ok(statuses.into_iter().filter_map(started).collect());
    }
    let run = catalog.run(id)?;
    let run = run.map(|info| (id.to_owned(), info.status));
    Ok(run.and_then(started).into_iter().collect())
}
