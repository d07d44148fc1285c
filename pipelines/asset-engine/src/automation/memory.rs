//! What a rule remembers from one evaluation to the next.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::AutomationError;
use crate::asset::Asset;
use crate::graph::AssetGraph;
use crate::partition::Partitions;

/// What a rule remembers, as its cursor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Memory {
    /// When the rule was first evaluated, with the cron lines that it has: milliseconds since the
    /// Unix epoch.
    pub since_ms: i64,
    /// The cron lines; `None` in a cursor of an older version.
    #[serde(default)]
    pub crons: Option<Vec<String>>,
    /// The pieces it has asked for, by name, as long as nothing was made of that.
    pub asked: BTreeMap<String, Asked>,
    /// How it first found each asset, by key, where its condition goes by that.
    #[serde(default)]
    pub first_looks: BTreeMap<String, FirstLook>,
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

/// How a rule first found an asset. One that is cut where it was whole, or the other way round, is
/// found anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FirstLook {
    /// The newest event by then.
    pub seq: u64,
    /// Whether it had partitions.
    pub partitioned: bool,
    /// The partitions that were missing, as long as they are; "" for the one piece of an asset
    /// without partitions, as no key is empty.
    pub missing: BTreeSet<String>,
}

impl Memory {
    /// That of a first evaluation.
    pub fn new(since_ms: i64, crons: Vec<String>) -> Self {
        Self {
            since_ms,
            crons: Some(crons),
            asked: BTreeMap::new(),
            first_looks: BTreeMap::new(),
        }
    }

    /// What the last evaluation left, and whether that has to be recorded anew. Times of a cron line
    /// count from when it is first seen.
    pub fn read(
        cursor: Option<&str>,
        now_ms: i64,
        crons: Vec<String>,
    ) -> Result<(Self, bool), AutomationError> {
        let Some(cursor) = cursor else {
            return Ok((Self::new(now_ms, crons), true));
        };
        let known = serde_json::from_str(cursor).map_err(|error| AutomationError::Cursor {
            found: cursor.to_owned(),
            reason: error.to_string(),
        });
        let mut memory: Self = known?;
        let changed = memory.crons.as_ref().is_some_and(|known| *known != crons);
        if changed {
            memory.since_ms = now_ms;
        }
        memory.crons = Some(crons);
        Ok((memory, changed))
    }

    /// Itself as a cursor.
    pub fn text(&self) -> Result<String, AutomationError> {
        serde_json::to_string(self).map_err(|error| AutomationError::Failed(error.to_string()))
    }

    /// When the rule last asked for a piece, if nothing was made of that so far.
    pub fn asked(&self, graph: &AssetGraph, asset: u32, position: u32) -> Option<&Asked> {
        self.asked.get(&name(graph, asset, position))
    }

    /// How the rule first found an asset, if it has.
    pub fn first_look(&self, asset: &Asset) -> Option<&FirstLook> {
        let first = self.first_looks.get(asset.key.as_str())?;
        (first.partitioned == asset.partitions.is_partitioned()).then_some(first)
    }

    /// Whether it matters what of an asset was wiped.
    pub fn heeds_wipes(&self, asset: &Asset) -> bool {
        let first = self.first_look(asset);
        !self.asked.is_empty() || first.is_some_and(|first| !first.missing.is_empty())
    }
}

impl FirstLook {
    /// Whether a piece was missing; `None` is the one of an asset without partitions.
    pub fn was_missing(&self, partition: Option<&Arc<str>>) -> bool {
        self.missing.contains(partition.map_or("", AsRef::as_ref))
    }

    /// Forgets the pieces for which this does not hold, by position, or that there are no longer.
    pub fn retain(&mut self, partitions: &Partitions, holds: impl Fn(u32) -> bool) {
        self.missing.retain(|key| {
            let key = self.partitioned.then_some(key.as_str());
            partitions.position(key).is_some_and(&holds)
        });
    }
}

/// The name of a piece.
pub(super) fn name(graph: &AssetGraph, asset: u32, position: u32) -> String {
    let asset = graph.asset(asset);
    match asset.partitions.key(position) {
        None => asset.key.to_string(),
        Some(partition) => format!("{} {partition}", asset.key),
    }
}
