//! Checks alone: of data that is there, without making it again.

use std::collections::HashMap;
use std::sync::Arc;

use super::job::{check, of_no_run};
use super::{EngineError, Executor};
use crate::catalog::{CatalogError, Pieces};
use crate::event::{CheckResult, Event, Materialization, Observation};
use crate::graph::AssetGraph;
use crate::plan::{Plan, seen};
use crate::selection::Selection;
use crate::stop::Stop;

/// The newest of each piece that was asked for, by asset index and position.
type Newest = HashMap<(u32, u32), Option<Arc<Materialization>>>;

impl Executor {
    /// Makes the checks of a selection on what there is of it, without making anything anew: of each
    /// piece its newest materialization, or, of what something else makes, observation. What was never
    /// made is passed over, where something else was. The results are recorded in one commit, durable when
    /// this returns, and count from then on: data that passes after all holds back nothing any more. As a look, it is no
    /// run.
    ///
    /// A check is given the newest of what its piece reads; where a part of that is not there, none
    /// of it.
    ///
    /// # Errors
    /// The selection does not fit the graph, nothing of it is there to be checked
    /// ([`EngineError::NothingToCheck`]), or the catalog failed.
    pub fn check(
        &self,
        graph: &Arc<AssetGraph>,
        selection: &Selection,
    ) -> Result<Vec<Arc<CheckResult>>, EngineError> {
        let graph = graph.current(&self.catalog)?;
        let plan = Plan::checking(&graph, selection)?;
        let mut newest = Newest::new();
        let mut results = Vec::new();
        for step in plan.steps() {
            let piece = (step.asset, step.position);
            if let Some(made) = self.newest(&graph, piece, &mut newest)? {
                let read = graph.pieces_read(step.asset, step.position);
                let read = read.map(|piece| self.newest(&graph, piece, &mut newest));
                let read: Result<Option<Vec<_>>, _> = read.collect();
                results.extend(self.made_of(&graph, step.asset, &made, &read?.unwrap_or_default()));
            }
        }
        if results.is_empty() {
            return Err(EngineError::NothingToCheck {
                selection: selection.to_string(),
                found: match plan.is_empty() {
                    true => "no check",
                    false => "nothing made",
                },
            });
        }
        let events = results.iter().map(Arc::clone).map(Event::Checked);
        self.append(events.collect())?;
        Ok(results)
    }

    fn made_of(
        &self,
        graph: &AssetGraph,
        asset: u32,
        made: &Arc<Materialization>,
        inputs: &[Arc<Materialization>],
    ) -> Vec<Arc<CheckResult>> {
        let asset = graph.asset(asset);
        let stop = Stop::default();
        let epoch = self.shared.epoch;
        let cx = of_no_run(asset, made.partition.as_ref(), inputs, epoch, &stop);
        // Of no run, whichever has made it.
        let reported = |found: Arc<CheckResult>| CheckResult {
            run: Arc::from(""),
            ..CheckResult::clone(&found)
        };
        let found = check(asset, made, &cx);
        found.map(reported).map(Arc::new).collect()
    }

    fn newest(
        &self,
        graph: &AssetGraph,
        piece: (u32, u32),
        known: &mut Newest,
    ) -> Result<Option<Arc<Materialization>>, CatalogError> {
        if let Some(found) = known.get(&piece) {
            return Ok(found.clone());
        }
        let asset = graph.asset(piece.0);
        let partition = [asset.partitions.key(piece.1).map(Arc::clone)];
        let these = Pieces::These(&partition);
        let mut found: Vec<_> = if asset.is_external() {
            let observed = self.catalog.observations_among(&asset.key, these)?;
            let observed = observed.iter().map(|each| Observation::clone(each));
            observed.map(|each| seen(each, 0)).collect()
        } else {
            self.catalog.latest_among(&asset.key, these)?
        };
        let found = found.pop();
        known.insert(piece, found.clone());
        Ok(found)
    }
}
