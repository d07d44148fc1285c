//! The asset engine's account of a run: its catalog's events.

use std::collections::BTreeMap;
use std::path::Path;

use asset_engine::{Catalog, CatalogError, Event, EventRecord, Mode, RunStatus};

use orchbench_etl::{Day, StepName};

use crate::engine::account::{Account, untold};
use crate::engine::user_code;
use crate::engine::{Refreshed, StepEnds};
use orchbench_evidence::record::{FailedAttempt, HistoryStep};

/// What a catalog says of a run; `None` when it does not know it.
pub(super) fn account(path: &Path, run: &str) -> Result<Option<Account>, CatalogError> {
    let catalog = Catalog::open(path)?;
    let Some(info) = catalog.run(run)? else {
        return Ok(None);
    };
    // What undoes a saga is a run of its own, and so is what comes after a word, the want of one, or an embargo.
    let continuing = [
        orchbench_assets::continuing_run(run),
        orchbench_assets::expired_run(run),
        orchbench_assets::due_run(run),
    ];
    let mut others = catalog.events(&orchbench_assets::undoing_run(run))?;
    let events = catalog.events(run)?;
    let mut status = info.status;
    for after in &continuing {
        others.extend(catalog.events(after)?);
        status = catalog.status(after)?.unwrap_or(status);
    }
    let materialized = |event: &Event| matches!(event, Event::Materialized(_));
    let footprint = vec![
        ("catalog_events", (events.len() + others.len()) as u64),
        (
            "materializations",
            events
                .iter()
                .chain(&others)
                .filter(|each| materialized(&each.event))
                .count() as u64,
        ),
    ];
    let mut steps = Steps::default();
    for (events, in_another_run) in [(events, false), (others, true)] {
        for record in events {
            steps.read(run, &record, in_another_run);
        }
    }
    Ok(Some(Account {
        succeeded: status == RunStatus::Success,
        steps: steps.in_order,
        footprint,
    }))
}

/// The programs of which the lines of user code are counted.
const PROGRAMS: [&str; 2] = [
    include_str!("../../../../pipelines/assets/src/input.rs"),
    include_str!("worker.rs"),
];

/// What a run made because the catalog called it missing or stale when its turn came: everything, of a run
/// that was asked for nothing else.
pub(super) fn refreshed(path: &Path, run: &str) -> Result<Option<Refreshed>, CatalogError> {
    let catalog = Catalog::open(path)?;
    let Some(info) = catalog.run(run)? else {
        return Ok(None);
    };
    let mut steps = Steps::default();
    if info.record.mode == Mode::Stale {
        for record in catalog.events(run)? {
            steps.read(run, &record, false);
        }
    }
    Ok(Some(Refreshed {
        called_stale: steps.in_order.into_iter().map(|step| step.key).collect(),
        user_code_lines: PROGRAMS
            .iter()
            .map(|program| user_code::lines(program, "refresh"))
            .sum(),
    }))
}

/// When the steps of a run ended, by the events of its catalog.
pub(super) fn step_ends(path: &Path, run: &str) -> Result<StepEnds, CatalogError> {
    let events = Catalog::open(path)?.events(run)?;
    let made = events
        .iter()
        .filter(|record| matches!(record.event, Event::Materialized(_)));
    Ok(StepEnds {
        ended_ns: made.map(|record| record.t_ns).collect(),
        executions: 1,
        longest_record: events.len() as u64,
    })
}

/// The steps of a run, in the order in which the catalog first names them.
#[derive(Default)]
struct Steps {
    in_order: Vec<HistoryStep>,
    places: BTreeMap<String, usize>,
}

impl Steps {
    /// Adds what an event says to the steps of a run of the harness's.
    fn read(&mut self, run: &str, record: &EventRecord, in_another_run: bool) {
        if let Event::Materialized(made) = &record.event {
            self.read_told(run, &orchbench_assets::told(made));
        }
        let (asset, partition) = match &record.event {
            Event::AttemptStarted(attempt)
            | Event::AttemptInterrupted(attempt)
            | Event::AttemptFailed { attempt, .. } => (&attempt.asset, &attempt.partition),
            Event::Materialized(made) => (&made.asset, &made.partition),
            _ => return,
        };
        let Some(step) = self.named(run, asset.as_str(), partition.as_deref()) else {
            return;
        };
        step.in_another_run = in_another_run;
        match &record.event {
            Event::AttemptStarted(attempt) => step.attempts = step.attempts.max(attempt.attempt),
            Event::AttemptInterrupted(attempt) | Event::AttemptFailed { attempt, .. } => {
                step.failed.push(FailedAttempt {
                    attempt: attempt.attempt,
                    noted_ns: record.t_ns,
                });
            }
            _ => step.completed = true,
        }
    }

    /// Adds what an asset says to have done by itself: no step of the engine's own, so that it calls none
    /// of them completed.
    fn read_told(&mut self, run: &str, told: &[(StepName, Option<Day>)]) {
        for (step, day) in told {
            let day = day.map(|day| day.to_string());
            let step = untold(run, step.as_str(), day.as_deref());
            self.in_order.push(HistoryStep {
                attempts: 1,
                ..step
            });
        }
    }

    /// `None` for an asset that no step of the ETL makes: one that is only observed.
    fn named(
        &mut self,
        run: &str,
        asset: &str,
        partition: Option<&str>,
    ) -> Option<&mut HistoryStep> {
        let step = match orchbench_assets::model_of(asset) {
            Some(model) => untold(run, StepName::BuildModel.as_str(), Some(model)),
            None => untold(
                run,
                orchbench_assets::step_making(asset)?.as_str(),
                partition,
            ),
        };
        let place = *self.places.entry(step.key.clone()).or_insert_with(|| {
            self.in_order.push(step);
            self.in_order.len() - 1
        });
        self.in_order.get_mut(place)
    }
}
