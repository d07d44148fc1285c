//! Rules: runs for the pieces of assets for which a condition holds.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use serde::{Deserialize, Serialize};

use super::view::View;
use super::{Automation, AutomationError, Condition, Evaluation, EvaluationContext, Order};
use crate::graph::AssetGraph;
use crate::key::AssetKey;
use crate::plan::Plan;
use crate::selection::Selection;

/// Asks for the pieces of a selection for which a condition holds, one run for each partition key.
#[derive(Debug, Clone)]
pub struct Rule {
    name: String,
    selection: Selection,
    condition: Condition,
}

/// What a rule remembers, as its cursor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Memory {
    /// When the rule was first evaluated, with the cron lines that it has: milliseconds since the
    /// Unix epoch.
    pub since_ms: i64,
    /// The cron lines; `None` in a cursor of an older version.
    #[serde(default)]
    crons: Option<Vec<String>>,
    /// The pieces it has asked for, by name, as long as nothing was made of that.
    asked: BTreeMap<String, Asked>,
}

/// When a rule asked for a piece.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    /// The newest event by then.
    pub seq: u64,
    /// The time of the evaluation: milliseconds since the Unix epoch.
    pub at_ms: i64,
    /// The run that it was asked for in.
    pub run: String,
}

impl Memory {
    pub fn asks_for_nothing(&self) -> bool {
        self.asked.is_empty()
    }

    /// When the rule last asked for a piece, if nothing was made of that so far.
    pub fn asked(&self, graph: &AssetGraph, asset: u32, position: u32) -> Option<&Asked> {
        self.asked.get(&name(graph, asset, position))
    }
}

fn name(graph: &AssetGraph, asset: u32, position: u32) -> String {
    let asset = graph.asset(asset);
    match asset.partitions.key(position) {
        None => asset.key.to_string(),
        Some(partition) => format!("{} {partition}", asset.key),
    }
}

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

    /// What the last evaluation left, and whether that has to be recorded anew. Times of a cron line
    /// count from when it is first seen.
    fn memory(&self, cx: &EvaluationContext<'_>) -> Result<(Memory, bool), AutomationError> {
        let crons = Some(self.condition.crons());
        let since_ms = cx.now.as_millisecond();
        let Some(cursor) = cx.cursor else {
            let asked = BTreeMap::new();
            let new = Memory {
                since_ms,
                crons,
                asked,
            };
            return Ok((new, true));
        };
        let known = serde_json::from_str(cursor).map_err(|error| AutomationError::Cursor {
            found: cursor.to_owned(),
            reason: error.to_string(),
        });
        let mut memory: Memory = known?;
        let changed = memory.crons.is_some() && memory.crons != crons;
        if changed {
            memory.since_ms = since_ms;
        }
        memory.crons = crons;
        Ok((memory, changed))
    }
}

impl Automation for Rule {
    fn name(&self) -> &str {
        &self.name
    }

    fn evaluate(&self, cx: &EvaluationContext<'_>) -> Result<Evaluation, AutomationError> {
        let (memory, is_new) = self.memory(cx)?;
        let plan = Plan::new(cx.graph, &self.selection)?;
        let mut view = View::read(cx, &plan, &memory, self.condition.asks_for_staleness())?;
        let mut runs: BTreeMap<Option<&str>, (String, Vec<AssetKey>)> = BTreeMap::new();
        let mut next = memory.clone();
        let seq = cx.catalog.head()?.seq;
        for step in plan.steps() {
            let (asset, at) = (step.asset, step.position);
            let name = name(cx.graph, asset, at);
            if self.condition.holds(&view, asset, at) {
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
        let order = |(partition, (key, assets)): (Option<&str>, (String, Vec<AssetKey>))| {
            let selection = Selection::assets(assets);
            let selection = match partition {
                None => selection,
                Some(partition) => selection.with_partitions([partition]),
            };
            Order::new(key, selection)
        };
        let orders: Vec<Order> = runs.into_iter().map(order).collect();
        // What it need not remember any longer is forgotten with the next thing it asks for.
        let moved = is_new || !orders.is_empty();
        let cursor = || {
            serde_json::to_string(&next).map_err(|error| AutomationError::Failed(error.to_string()))
        };
        Ok(Evaluation {
            orders,
            cursor: moved.then(cursor).transpose()?,
            note: None,
        })
    }
}
