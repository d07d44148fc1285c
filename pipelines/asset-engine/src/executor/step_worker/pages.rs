//! The lanes of a stage, page by page: those in which there may be something to do.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::held_back::Unmade;
use super::{Kept, Life, StepWorker};
use crate::event::{Event, Mode};
use crate::executor::EngineError;
use crate::executor::run_state::{Effects, Now, RunState};
use crate::plan::Lane;

/// How many steps are looked at for a page.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PageLimits {
    /// Most steps in a page, however many lanes are asked for: but for one lane that has more.
    pub page: usize,
    /// Most that are looked at together, where those before turned out to be fresh.
    pub look: usize,
    /// As many may be fresh before a page ends in which there is nothing to do.
    pub fresh: usize,
}

impl Default for PageLimits {
    fn default() -> Self {
        Self {
            page: 2_000,
            look: 20_000,
            fresh: 200_000,
        }
    }
}

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
    /// stale is wanted; what is fresh before the first of them is passed over. To be asked for when all lanes of the stages
    /// before have been executed. What is held back by a step that was not made is skipped, and in no lane.
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
        let count = kept.stages.count(&kept.plan, stage);
        let life = self.life(run)?;
        let mut unmade = self.unmade(run)?;
        let mut page = LanePage::default();
        let limits = self.limits;
        let (mut from, mut seen) = (after, 0);
        // What is fresh is passed over in strides that grow.
        let (mut stride, mut most) = (at_most.max(1), limits.page);
        while page.lanes.is_empty() && from < count && seen < limits.fresh {
            let within = (stage, from, stride, most);
            let mut looked = self.look_at(&kept, within, (&life, &mut unmade))?;
            looked.cut(at_most.max(1), limits.page);
            let fresh = looked.fresh.iter().filter(|(at, _)| *at < looked.end);
            page.fresh += fresh.map(|(_, steps)| steps).sum::<u64>();
            let found = looked.lanes.iter();
            page.lanes = found.map(|(_, lane)| kept.lane(lane)).collect();
            (from, seen) = (looked.end, seen + looked.seen);
            (stride, most) = (stride.saturating_mul(2), (2 * most).min(limits.look));
        }
        page.next = (from < count).then_some(from);
        Ok(page)
    }

    /// Looks at lanes of a stage from one on: so many, of so many steps in all, but at one at least.
    fn look_at(
        &self,
        kept: &Kept,
        (stage, from, stride, most): (usize, u32, u32, usize),
        (life, unmade): (&Life<'_>, &mut Unmade),
    ) -> Result<LookedAt, EngineError> {
        let mut seen = 0;
        let lanes = kept.stages.lanes(&kept.plan, stage, from);
        let lanes = (from..).zip(lanes).take(stride as usize);
        let mut lanes: Vec<(u32, Vec<u32>)> = lanes
            .take_while(|(at, lane)| {
                seen += lane.len();
                *at == from || seen <= most
            })
            .collect();
        let mut looked = LookedAt {
            end: lanes.last().map_or(from, |(last, _)| last + 1),
            seen: lanes.iter().map(|(_, lane)| lane.len()).sum(),
            ..LookedAt::default()
        };
        if !unmade.is_empty() {
            let skipped = skip_held_back(kept, unmade, &mut lanes);
            life.commit_any(skipped)?;
        }
        if kept.record.mode == Mode::Stale {
            looked.fresh = self.leave_out_fresh(kept, &mut lanes)?;
        }
        looked.lanes = lanes;
        Ok(looked)
    }

    /// Leaves out the lanes whose steps are all fresh; gives how many steps each of those has.
    fn leave_out_fresh(
        &self,
        kept: &Kept,
        lanes: &mut Vec<(u32, Vec<u32>)>,
    ) -> Result<Vec<(u32, u64)>, EngineError> {
        let mut steps: Vec<u32> = lanes
            .iter()
            .flat_map(|(_, lane)| lane)
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
        let mut fresh = Vec::new();
        lanes.retain(|(number, lane)| {
            let made: Vec<u32> = lane.iter().flat_map(|step| kept.group(*step)).collect();
            let all = made.iter().all(is_fresh);
            fresh.extend(all.then_some((*number, made.len() as u64)));
            !all
        });
        Ok(fresh)
    }
}

/// What came of a look at some lanes.
#[derive(Default)]
struct LookedAt {
    /// Those in which there may be something to do, by their number in the stage.
    lanes: Vec<(u32, Vec<u32>)>,
    /// How many steps there are in each of those that are fresh.
    fresh: Vec<(u32, u64)>,
    /// Behind the last that was looked at.
    end: u32,
    /// Steps that were looked at.
    seen: usize,
}

impl LookedAt {
    /// Leaves in it no more lanes than a page has.
    fn cut(&mut self, at_most: u32, steps_at_most: usize) {
        let mut steps = 0;
        let fits = self
            .lanes
            .iter()
            .take(at_most as usize)
            .take_while(|(_, lane)| {
                steps += lane.len();
                steps <= steps_at_most
            });
        let fits = fits.count().max(1);
        if let Some((next, _)) = self.lanes.get(fits) {
            self.end = *next;
            self.lanes.truncate(fits);
        }
    }
}

/// Takes the steps out of lanes that are held back; gives the events of that.
fn skip_held_back(
    kept: &Kept,
    unmade: &mut Unmade,
    lanes: &mut Vec<(u32, Vec<u32>)>,
) -> Vec<Event> {
    let mut skipped = Vec::new();
    for (_, lane) in lanes.iter_mut() {
        lane.retain(|step| {
            let group = kept.group(*step);
            let Some(reason) = kept.held_back(unmade, &group) else {
                return true;
            };
            skipped.extend(kept.skip_all(unmade, &group, &reason));
            false
        });
    }
    lanes.retain(|(_, lane)| !lane.is_empty());
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
