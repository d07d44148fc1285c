//! The lanes of a stage, page by page: those in which there may be something to do.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::held_back::Unmade;
use super::{Kept, StepWorker};
use crate::catalog::Terms;
use crate::event::{Event, Mode};
use crate::executor::EngineError;
use crate::executor::run_state::{Effects, Now, RunState};
use crate::plan::Lane;

/// Most steps in a page, however many lanes are asked for: but for one lane that has more.
const PAGE_STEPS_MAX: usize = 2_000;

/// Some lanes of a stage.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LanePage {
    /// Those in which there may be something to do.
    pub lanes: Vec<Lane>,
    /// How many steps of the others are fresh.
    pub fresh: u64,
    /// Where the next page begins; `None` = this is the last.
    pub next: Option<u32>,
}

impl StepWorker {
    /// The lanes of a stage from one on, of at most so many: those that have a step which is not fresh, when only what is
    /// stale is wanted. To be asked for when all lanes of the stages before have been executed. What is held back by a
    /// step that was not made is skipped, and in no lane.
    ///
    /// # Errors
    /// The run is unknown or was asked for on another graph, or the catalog failed.
    pub fn lanes(
        &self,
        run: &str,
        stage: u32,
        after: u32,
        at_most: u32,
    ) -> Result<LanePage, EngineError> {
        let kept = self.kept(run)?;
        let stage = stage as usize;
        let mut end = after.saturating_add(at_most);
        let mut lanes = kept.stages.lanes(&kept.plan, stage, after..end);
        let mut steps = 0;
        let fits = lanes.iter().take_while(|lane| {
            steps += lane.len();
            steps <= PAGE_STEPS_MAX
        });
        let fits = fits.count().max(1);
        if fits < lanes.len() {
            lanes.truncate(fits);
            // No more than were asked for.
            end = after + u32::try_from(fits).unwrap_or(at_most);
        }
        let mut page = LanePage {
            next: (end < kept.stages.count(&kept.plan, stage)).then_some(end),
            ..LanePage::default()
        };
        let mut unmade = self.unmade(run)?;
        if !unmade.is_empty() {
            let skipped = skip_held_back(&kept, &mut unmade, &mut lanes);
            self.commit_any(Terms::Beside(None), skipped)?;
        }
        if kept.record.mode == Mode::Stale {
            page.fresh = self.leave_out_fresh(&kept, &mut lanes)?;
        }
        page.lanes = lanes.iter().map(|lane| kept.lane(lane)).collect();
        Ok(page)
    }

    /// Leaves out the lanes whose steps are all fresh; gives how many steps those have.
    fn leave_out_fresh(&self, kept: &Kept, lanes: &mut Vec<Vec<u32>>) -> Result<u64, EngineError> {
        let mut steps: Vec<u32> = lanes
            .iter()
            .flatten()
            .flat_map(|step| kept.group(*step))
            .collect();
        steps.sort_unstable();
        let plan = kept.plan.part(&kept.graph, &steps);
        let (record, graph) = (Arc::clone(&kept.record), Arc::clone(&kept.graph));
        let mut state = RunState::of_plan(record, graph, plan, &self.catalog, None)?;
        // Nothing is executed, so that what is fresh, and what reads nothing else, ends here.
        state.begin(Now::read(), &mut Effects::default());
        let is_fresh = |step: &u32| {
            let at = steps.binary_search(step).unwrap_or(usize::MAX);
            u32::try_from(at).is_ok_and(|at| state.has_ended(at))
        };
        let mut fresh = 0;
        lanes.retain(|lane| {
            let made: Vec<u32> = lane.iter().flat_map(|step| kept.group(*step)).collect();
            let all = made.iter().all(is_fresh);
            fresh += if all { made.len() as u64 } else { 0 };
            !all
        });
        Ok(fresh)
    }
}

/// Takes the steps out of lanes that are held back; gives the events of that.
fn skip_held_back(kept: &Kept, unmade: &mut Unmade, lanes: &mut Vec<Vec<u32>>) -> Vec<Event> {
    let mut skipped = Vec::new();
    for lane in lanes.iter_mut() {
        lane.retain(|step| {
            let group = kept.group(*step);
            let Some(reason) = kept.held_back(unmade, &group) else {
                return true;
            };
            skipped.extend(kept.skip_all(unmade, &group, &reason));
            false
        });
    }
    lanes.retain(|lane| !lane.is_empty());
    skipped
}

impl Kept {
    pub(super) fn group(&self, step: u32) -> Vec<u32> {
        self.plan.group(&self.graph, step)
    }

    fn lane(&self, steps: &[u32]) -> Lane {
        let mut lane = Lane::default();
        for step in steps {
            let (asset, partition) = self.piece(*step);
            let partition = partition.as_deref().map(str::to_owned);
            if !lane.assets.contains(&asset) {
                lane.assets.push(asset);
            }
            if !lane.partitions.contains(&partition) {
                lane.partitions.push(partition);
            }
        }
        lane
    }
}
