//! Rules: runs for the pieces of assets for which a condition holds.

use std::collections::BTreeMap;

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
    /// When the rule was first evaluated: milliseconds since the Unix epoch.
    pub since_ms: i64,
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

/// The key of the order for a partition.
fn order_key(cx: &EvaluationContext<'_>, partition: Option<&str>) -> String {
    match partition {
        None => cx.now.to_string(),
        Some(partition) => format!("{}@{partition}", cx.now),
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

    fn memory(cx: &EvaluationContext<'_>) -> Result<Memory, AutomationError> {
        match cx.cursor {
            None => Ok(Memory {
                since_ms: cx.now.as_millisecond(),
                asked: BTreeMap::new(),
            }),
            Some(cursor) => serde_json::from_str(cursor).map_err(|error| AutomationError::Cursor {
                found: cursor.to_owned(),
                reason: error.to_string(),
            }),
        }
    }
}

impl Automation for Rule {
    fn name(&self) -> &str {
        &self.name
    }

    fn evaluate(&self, cx: &EvaluationContext<'_>) -> Result<Evaluation, AutomationError> {
        let memory = Self::memory(cx)?;
        let plan = Plan::new(cx.graph, &self.selection)?;
        let mut view = View::read(cx, &plan, &memory, self.condition.asks_for_staleness())?;
        let mut runs: BTreeMap<Option<&str>, Vec<AssetKey>> = BTreeMap::new();
        let mut next = memory.clone();
        let seq = cx.catalog.head()?.seq;
        for step in plan.steps() {
            let (asset, at) = (step.asset, step.position);
            let name = name(cx.graph, asset, at);
            if self.condition.holds(&view, asset, at) {
                view.ask(asset, at);
                let asset = cx.graph.asset(asset);
                let partition = asset.partitions.key(at).map(AsRef::as_ref);
                runs.entry(partition).or_default().push(asset.key.clone());
                let asked = Asked {
                    seq,
                    at_ms: cx.now.as_millisecond(),
                    run: format!("{}/{}", self.name, order_key(cx, partition)),
                };
                next.asked.insert(name, asked);
            } else if !view.is_requested(asset, at) {
                next.asked.remove(&name);
            }
        }
        let order = |(partition, assets): (Option<&str>, Vec<AssetKey>)| {
            let selection = Selection::assets(assets);
            let selection = match partition {
                None => selection,
                Some(partition) => selection.with_partitions([partition]),
            };
            Order::new(order_key(cx, partition), selection)
        };
        let orders: Vec<Order> = runs.into_iter().map(order).collect();
        // What it need not remember any longer is forgotten with the next thing it asks for.
        let moved = cx.cursor.is_none() || !orders.is_empty();
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
