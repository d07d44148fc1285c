//! What a daemon finds in the catalog and does not carry on, so that it names it: what was asked for
//! on another graph, and what was ordered and failed.

use super::{Beat, Daemon, FailedOrder};
use crate::executor::{EngineError, UnfinishedRun};
use crate::graph::{Difference, Identity, difference, other_work};
use crate::plan::{Plan, staleness};

/// Runs without success that a daemon looks at in one tick. Each costs a look at what is stale, and a new daemon
/// finds all that there ever were.
const NEWEST: usize = 1_000;

impl Daemon {
    /// Whether something in the catalog was asked for on the daemon's graph. If not, it is named.
    pub(super) fn is_own(&mut self, what: &str, asked_on: &Identity, beat: &mut Beat) -> bool {
        self.is_same(what, other_work(asked_on, self.graph.identity()), beat)
    }

    /// The same for a run that is open, which goes on on the same inputs only.
    pub(super) fn is_own_run(&mut self, left: &UnfinishedRun, beat: &mut Beat) -> bool {
        let other = difference(&left.identity, self.graph.identity());
        self.is_same(&format!("run {}", left.run), other, beat)
    }

    fn is_same(&mut self, what: &str, other: Option<Difference>, beat: &mut Beat) -> bool {
        let Some(other) = other else {
            return true;
        };
        let left = format!("{what}: {other}");
        if self.named.insert(left.clone()) {
            beat.left_alone.push(left);
        }
        false
    }

    /// Names the ordered runs that have not succeeded since they were last looked at, if what they
    /// were to make is missing or stale; of very many, the newest.
    pub(super) fn name_failed_orders(&mut self, beat: &mut Beat) -> Result<(), EngineError> {
        let catalog = self.executor.catalog();
        let ended = catalog.unsuccessful(self.looked_up_to)?;
        let older = ended.len().saturating_sub(NEWEST);
        if older > 0 {
            let left = format!("{older} runs without success, older than the newest {NEWEST}");
            beat.left_alone.push(left);
        }
        for ended in ended.into_iter().skip(older) {
            let ordered_by = |name: &str| {
                let key = ended.run.strip_prefix(name);
                key.is_some_and(|key| key.starts_with('/'))
            };
            let mut automations = self.automations.iter();
            let is_ordered = automations.any(|automation| ordered_by(automation.name()));
            if is_ordered && self.is_wanting(&ended.run)? {
                beat.failed_orders.push(FailedOrder {
                    run: ended.run.to_string(),
                    status: ended.status,
                });
            }
            self.looked_up_to = ended.seq;
        }
        Ok(())
    }

    /// Whether something that a run was to make is missing or stale.
    fn is_wanting(&self, run: &str) -> Result<bool, EngineError> {
        let catalog = self.executor.catalog();
        let Some(info) = catalog.run(run)? else {
            return Ok(false);
        };
        if other_work(&info.record.identity, self.graph.identity()).is_some() {
            return Ok(false);
        }
        let Ok(plan) = Plan::new(&self.graph, &info.record.selection) else {
            return Ok(true);
        };
        Ok(!staleness(&self.graph, catalog, &plan)?.is_empty())
    }
}
