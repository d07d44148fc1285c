//! What a run does not make, as something that it reads was not made.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Kept, StepWorker};
use crate::catalog::{Among, CatalogError};
use crate::event::{Event, SkipReason};
use crate::executor::resume::{self, Piece, Progress, StepEnd};

/// How steps of a run stand that were not made, or that failed a check.
pub(super) type Unmade = HashMap<Piece, Progress>;

impl StepWorker {
    pub(super) fn unmade(&self, run: &str) -> Result<Unmade, CatalogError> {
        let events = self.catalog.events_among(run, Among::Unmade)?;
        let mut unmade = resume::history(&events);
        unmade.retain(|_, progress| progress.end.is_some() || progress.blocked);
        Ok(unmade)
    }
}

impl Kept {
    /// Why the steps that one attempt makes are not made, if something that they read was not.
    pub(super) fn held_back(&self, unmade: &Unmade, group: &[u32]) -> Option<SkipReason> {
        if unmade.is_empty() {
            return None;
        }
        let mut left_out = None;
        for step in group {
            let piece = self.plan.step(*step);
            for (_, edge) in self.graph.deps(piece.asset) {
                for upstream in self.plan.upstream(&self.graph, edge, piece.position) {
                    let (asset, partition) = self.piece(upstream);
                    let Some(progress) = unmade.get(&(asset.clone(), partition.clone())) else {
                        continue;
                    };
                    let partition = partition.as_deref().map(str::to_owned);
                    match progress.end {
                        Some(StepEnd::Skipped(SkipReason::LeftOut { .. })) => {
                            left_out = Some(SkipReason::LeftOut { asset, partition });
                        }
                        _ => return Some(SkipReason::Upstream { asset, partition }),
                    }
                }
            }
        }
        left_out
    }

    /// Skips the steps of a group, but for those that have ended; gives the events of that.
    pub(super) fn skip_all(
        &self,
        unmade: &mut Unmade,
        group: &[u32],
        reason: &SkipReason,
    ) -> Vec<Event> {
        let steps = group.iter();
        let skipped = steps.filter_map(|step| self.skip(unmade, *step, reason));
        skipped.collect()
    }

    fn skip(&self, unmade: &mut Unmade, step: u32, reason: &SkipReason) -> Option<Event> {
        let (asset, partition) = self.piece(step);
        let progress = unmade
            .entry((asset.clone(), partition.clone()))
            .or_default();
        if progress.end.is_some() {
            return None;
        }
        progress.end = Some(StepEnd::Skipped(reason.clone()));
        Some(Event::Skipped {
            run: Arc::clone(&self.record.run),
            asset,
            partition,
            reason: reason.clone(),
        })
    }
}
