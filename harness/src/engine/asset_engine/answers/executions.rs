//! What ran, and what became of it: the events of the catalog.

use std::collections::BTreeMap;
use std::sync::Arc;

use asset_engine::{AssetKey, Attempt, Event};
use orchbench_etl::StepName;

use super::{Asked, input, materialized, name, told};

impl Asked<'_> {
    pub(super) fn doing_now(&self) -> anyhow::Result<Vec<String>> {
        let mut open = BTreeMap::new();
        for record in self.events()? {
            match &record.event {
                Event::AttemptStarted(attempt) => {
                    open.insert(key(attempt), told(attempt));
                }
                Event::AttemptFailed { attempt, .. } | Event::AttemptInterrupted(attempt) => {
                    open.remove(&key(attempt));
                }
                Event::Materialized(made) => {
                    open.remove(&(made.asset.to_string(), made.partition.clone()));
                }
                _ => {}
            }
        }
        Ok(open.into_values().collect())
    }

    pub(super) fn open_runs(&self) -> anyhow::Result<Vec<String>> {
        let runs = self.catalog.open_runs()?.into_iter();
        Ok(runs.map(|run| run.record.run.to_string()).collect())
    }

    pub(super) fn failed(&self, say: fn(String, String) -> String) -> anyhow::Result<Vec<String>> {
        let events = self.events()?.into_iter();
        let failed = events.filter_map(|record| match record.event {
            Event::AttemptFailed {
                attempt, failure, ..
            } => {
                let reason = format!("{}: {}", failure.error_type, failure.message);
                Some(say(told(&attempt), reason))
            }
            _ => None,
        });
        Ok(failed.collect())
    }

    /// What the same step read when it succeeded: of a failed attempt nothing is recorded.
    pub(super) fn attempt_inputs(&self) -> anyhow::Result<Vec<String>> {
        let mut facts = Vec::new();
        // user code: attempt-inputs
        let events = self.events()?;
        for record in &events {
            let Event::AttemptFailed { attempt, .. } = &record.event else {
                continue;
            };
            let made = events
                .iter()
                .filter_map(materialized)
                .find(|made| made.asset == attempt.asset && made.partition == attempt.partition);
            let read = made.iter().flat_map(|made| &made.inputs);
            facts.extend(
                read.filter_map(input)
                    .map(|(parent, version)| format!("{} read {parent} {version}", told(attempt))),
            );
        }
        // end of user code
        Ok(facts)
    }

    pub(super) fn step_by_step(&self) -> anyhow::Result<Vec<String>> {
        let events = self.events()?;
        let ended = events.iter().filter_map(|record| match &record.event {
            Event::AttemptFailed { attempt, .. } | Event::AttemptInterrupted(attempt) => {
                Some(format!("{} failed", told(attempt)))
            }
            Event::Materialized(made) => {
                Some(format!("{} attempt {} ok", name(made), made.attempt))
            }
            _ => None,
        });
        Ok(ended.collect())
    }

    pub(super) fn who_approved(&self) -> anyhow::Result<Vec<String>> {
        let marts = self.asset(StepName::Publish)?;
        // user code: who-approved
        let words = AssetKey::new(&marts.as_str().replace("/marts", "/approval"))?;
        let words = self.catalog.observations_of(&words)?.into_iter();
        let who = words.filter_map(|word| word.metadata["who"].as_str().map(str::to_owned));
        // end of user code
        Ok(who.collect())
    }
}

fn key(attempt: &Attempt) -> (String, Option<Arc<str>>) {
    (attempt.asset.to_string(), attempt.partition.clone())
}
