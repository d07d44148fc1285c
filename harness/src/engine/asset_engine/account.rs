//! The asset engine's account of a run: its catalog's events.

use std::collections::BTreeMap;
use std::path::Path;

use asset_engine::{Attempt, Catalog, CatalogError, Event, RunStatus};

use crate::engine::account::{Account, untold};
use orchbench_evidence::record::{FailedAttempt, HistoryStep};

/// What a catalog says of a run; `None` when it does not know it.
pub(super) fn account(path: &Path, run: &str) -> Result<Option<Account>, CatalogError> {
    let catalog = Catalog::open(path)?;
    let Some(info) = catalog.run(run)? else {
        return Ok(None);
    };
    let mut steps = Steps::default();
    let events = catalog.events(run)?;
    let materialized = |event: &Event| matches!(event, Event::Materialized(_));
    let footprint = vec![
        ("catalog_events", events.len() as u64),
        (
            "materializations",
            events
                .iter()
                .filter(|each| materialized(&each.event))
                .count() as u64,
        ),
    ];
    for record in events {
        match &record.event {
            Event::AttemptStarted(attempt) => steps.of(attempt, |step| {
                step.attempts = step.attempts.max(attempt.attempt);
            }),
            Event::AttemptInterrupted(attempt) | Event::AttemptFailed { attempt, .. } => {
                steps.of(attempt, |step| {
                    step.failed.push(FailedAttempt {
                        attempt: attempt.attempt,
                        noted_ns: record.t_ns,
                    });
                });
            }
            Event::Materialized(made) => {
                if let Some(step) = steps.named(run, made.asset.as_str(), made.partition.as_deref())
                {
                    step.completed = true;
                }
            }
            _ => {}
        }
    }
    Ok(Some(Account {
        succeeded: info.status == RunStatus::Success,
        steps: steps.in_order,
        footprint,
    }))
}

/// The steps of a run, in the order in which the catalog first names them.
#[derive(Default)]
struct Steps {
    in_order: Vec<HistoryStep>,
    places: BTreeMap<String, usize>,
}

impl Steps {
    fn of(&mut self, attempt: &Attempt, change: impl FnOnce(&mut HistoryStep)) {
        let named = self.named(
            &attempt.run,
            attempt.asset.as_str(),
            attempt.partition.as_deref(),
        );
        if let Some(step) = named {
            change(step);
        }
    }

    /// `None` for an asset that no step of the ETL makes: one that is only observed.
    fn named(
        &mut self,
        run: &str,
        asset: &str,
        partition: Option<&str>,
    ) -> Option<&mut HistoryStep> {
        let step = orchbench_assets::step_making(asset)?;
        let step = untold(run, step.as_str(), partition);
        let place = *self.places.entry(step.key.clone()).or_insert_with(|| {
            self.in_order.push(step);
            self.in_order.len() - 1
        });
        self.in_order.get_mut(place)
    }
}
