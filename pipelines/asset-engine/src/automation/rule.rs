//! Rules: runs for the pieces of assets for which a condition holds.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::memory::{Asked, FirstLook, Memory, name};
use super::view::View;
use super::{Automation, AutomationError, Condition, Evaluation, EvaluationContext, Order};
use crate::key::AssetKey;
use crate::plan::Plan;
use crate::selection::Selection;

/// Asks for the pieces of a selection for which a condition holds, one run for each partition key. A
/// piece whose time is not over ([`crate::Partitions::daily`]) is not asked for.
#[derive(Debug, Clone)]
pub struct Rule {
    name: String,
    selection: Selection,
    condition: Condition,
}

/// The runs that an evaluation asks for, by partition: the key of the order, and the assets.
type Runs<'a> = BTreeMap<Option<&'a str>, (String, Vec<AssetKey>)>;

impl Rule {
    /// A rule for the assets of a selection.
    pub fn new(name: impl Into<String>, selection: Selection, condition: Condition) -> Self {
        Self {
            name: name.into(),
            selection,
            condition,
        }
    }

    /// The key of the order for a partition: the time of the evaluation, and where a run of that was
    /// there before, the newest event by then, so that what is asked for again is another order.
    fn order_key(
        &self,
        cx: &EvaluationContext<'_>,
        partition: Option<&str>,
        seq: u64,
    ) -> Result<String, AutomationError> {
        let key = match partition {
            None => cx.now.to_string(),
            Some(partition) => format!("{}@{partition}", cx.now),
        };
        let known = cx.catalog.status(&format!("{}/{key}", self.name))?;
        Ok(known.map_or(key.clone(), |_| format!("{key}~{seq}")))
    }

    /// Asks for the pieces for which the condition holds, and notes that in what is remembered next.
    fn ask<'a>(
        &self,
        cx: &EvaluationContext<'a>,
        plan: &Plan,
        view: &mut View<'_>,
        seq: u64,
        next: &mut Memory,
    ) -> Result<Runs<'a>, AutomationError> {
        let mut runs = Runs::new();
        for step in plan.steps() {
            let (asset, at) = (step.asset, step.position);
            let name = name(cx.graph, asset, at);
            if view.has_come(asset, at) && self.condition.holds(view, asset, at) {
                view.ask(asset, at);
                let asset = cx.graph.asset(asset);
                let partition = asset.partitions.key(at).map(AsRef::as_ref);
                let (key, assets) = match runs.entry(partition) {
                    Entry::Occupied(run) => run.into_mut(),
                    Entry::Vacant(run) => {
                        run.insert((self.order_key(cx, partition, seq)?, Vec::new()))
                    }
                };
                assets.push(asset.key.clone());
                let asked = Asked {
                    seq,
                    at_ms: cx.now.as_millisecond(),
                    run: format!("{}/{key}", self.name),
                };
                next.asked.insert(name, asked);
            } else if !view.is_requested(asset, at) {
                next.asked.remove(&name);
            }
        }
        Ok(runs)
    }

    /// Notes how the assets are found that were not there before, and forgets the others; whether
    /// there is anything to note.
    fn look_first(
        &self,
        cx: &EvaluationContext<'_>,
        plan: &Plan,
        view: &View<'_>,
        seq: u64,
        next: &mut Memory,
    ) -> bool {
        if !self.condition.asks_for_first_looks() {
            next.first_looks.clear();
            return false;
        }
        let mut is_new = false;
        let mut known = std::mem::take(&mut next.first_looks);
        for steps in plan.steps().chunk_by(|a, b| a.asset == b.asset) {
            let (asset, definition) = (steps[0].asset, cx.graph.asset(steps[0].asset));
            let partitioned = definition.partitions.is_partitioned();
            let known = known.remove(definition.key.as_str());
            let first = match known.filter(|first| first.partitioned == partitioned) {
                Some(mut first) => {
                    // What was made and wiped since is newly missing without it.
                    let still =
                        |at| view.is_missing(asset, at) && !view.is_newly_missing(asset, at);
                    first.retain(&definition.partitions, still);
                    first
                }
                None => {
                    is_new = true;
                    let missing = steps.iter().map(|step| step.position);
                    let missing = missing
                        .filter(|at| view.has_come(asset, *at) && view.is_missing(asset, *at));
                    let key = |at| definition.partitions.key(at).map(ToString::to_string);
                    FirstLook {
                        seq,
                        partitioned,
                        missing: missing.map(|at| key(at).unwrap_or_default()).collect(),
                    }
                }
            };
            next.first_looks.insert(definition.key.to_string(), first);
        }
        is_new
    }
}

impl Automation for Rule {
    fn name(&self) -> &str {
        &self.name
    }

    fn evaluate(&self, cx: &EvaluationContext<'_>) -> Result<Evaluation, AutomationError> {
        let crons = self.condition.crons();
        let (memory, is_new) = Memory::read(cx.cursor, cx.now.as_millisecond(), crons)?;
        let plan = Plan::new(cx.graph, &self.selection)?;
        // Before anything is read, so that what is committed meanwhile counts as later.
        let seq = cx.catalog.head()?.seq;
        let mut view = View::read(cx, &plan, &memory, self.condition.asks_for_staleness())?;
        let mut next = memory.clone();
        let runs = self.ask(cx, &plan, &mut view, seq, &mut next)?;
        let finds = self.look_first(cx, &plan, &view, seq, &mut next);
        let order = |(partition, (key, assets)): (Option<&str>, (String, Vec<AssetKey>))| {
            let selection = Selection::assets(assets);
            let selection = match partition {
                None => selection,
                Some(partition) => selection.with_partitions([partition]),
            };
            Order::new(key, selection)
        };
        let mut evaluation = Evaluation::new(runs.into_iter().map(order));
        // What it need not remember any longer is forgotten with the next thing it asks for.
        let moved = is_new || finds || !evaluation.orders.is_empty();
        evaluation.cursor = moved.then(|| next.text()).transpose()?;
        Ok(evaluation)
    }
}
