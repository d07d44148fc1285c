//! What automations leave in the log: their ticks, and backfills.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::ops::Range;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Mode, RunRecord, RunStatus, RunTags};
use crate::graph::Identity;
use crate::selection::Selection;

/// One evaluation of a schedule, a sensor or a rule that came to something. Its cursor and its
/// orders are one record: a crash keeps both or neither, and a run that was ordered but not yet
/// submitted is submitted later, once, under the id that stands here.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Tick {
    /// Name of the automation.
    pub automation: Arc<str>,
    /// The time it was evaluated for: milliseconds since the Unix epoch.
    pub for_ms: i64,
    /// Where its next evaluation goes on; `None` = from the beginning.
    pub cursor: Option<String>,
    /// The runs that it asks for.
    pub orders: Vec<Arc<RunRecord>>,
    /// Why it asks for none, or what went wrong.
    pub note: Option<String>,
}

/// A range of partitions to be materialized, in runs of their own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct BackfillRecord {
    /// Id of the backfill, with which the ids of its runs begin, see [`BackfillRecord::runs`].
    pub id: String,
    /// What to materialize, in each of the partitions.
    pub selection: Selection,
    /// The partitions, in the order in which they are taken up.
    pub partitions: Vec<String>,
    /// Partitions that one run takes.
    pub per_run: NonZero<usize>,
    /// Runs under way at once.
    pub at_once: NonZero<usize>,
    /// All of it, or what is stale.
    pub mode: Mode,
    /// The runs' configuration.
    pub config: Value,
    /// Free labels of the runs.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// What is made one after the other, where the selection has assets with and without partitions;
    /// empty = all of it is made in each run. Worked out when the backfill is requested.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stages: Vec<Stage>,
    /// Whether a run begins only when the one before has succeeded, as something in the selection
    /// reads earlier partitions of its own. Worked out when the backfill is requested; the partitions
    /// are put in order then, and one run is under way at a time.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub in_order: bool,
    /// What it was asked on, see [`crate::AssetGraph::identity`]; empty in catalogs of an older
    /// version. Taken from the graph when the backfill is requested.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub identity: Identity,
}

/// A part of a backfill that waits for the parts before it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Stage {
    /// The assets of the part.
    pub selection: Selection,
    /// Whether they are cut, and so are made in runs for the partitions; else in one run, once.
    pub partitioned: bool,
}

/// A run of a backfill.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct BackfillRun {
    /// Its stage, from 0.
    pub stage: usize,
    /// Where its partitions begin among those of the backfill, and how many they are; `None` = it
    /// makes what has none.
    pub partitions: Option<Range<usize>>,
    /// What is submitted.
    pub record: RunRecord,
}

/// How a backfill stands, by the catalog.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct BackfillInfo {
    /// What was asked for.
    pub record: Arc<BackfillRecord>,
    /// How it stands.
    pub status: RunStatus,
}

impl BackfillRecord {
    /// All of a selection in each of some partitions, one run a partition, four runs at once.
    pub fn new<I>(id: impl Into<String>, selection: Selection, partitions: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        Self {
            id: id.into(),
            selection,
            partitions: partitions.into_iter().map(Into::into).collect(),
            per_run: NonZero::<usize>::MIN,
            at_once: NonZero::<usize>::MIN.saturating_add(3),
            mode: Mode::All,
            config: Value::Null,
            tags: BTreeMap::new(),
            stages: Vec::new(),
            in_order: false,
            identity: Identity::new(),
        }
    }

    /// Sets how many partitions one run takes; 0 is taken as 1.
    #[must_use]
    pub fn per_run(mut self, partitions: usize) -> Self {
        self.per_run = NonZero::new(partitions).unwrap_or(NonZero::<usize>::MIN);
        self
    }

    /// Sets how many runs are under way at once; 0 is taken as 1.
    #[must_use]
    pub fn at_once(mut self, runs: usize) -> Self {
        self.at_once = NonZero::new(runs).unwrap_or(NonZero::<usize>::MIN);
        self
    }

    /// Sets whether all of the selection is made, or what is stale.
    #[must_use]
    pub fn mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }

    /// Sets what is handed to every step.
    #[must_use]
    pub fn config(mut self, config: Value) -> Self {
        self.config = config;
        self
    }

    /// Adds a tag to each of its runs.
    #[must_use]
    pub fn tag(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.tags.insert(name.into(), value.into());
        self
    }

    /// Its runs, stage by stage. A run is called `<id>/<its first partition>`, or `<id>/once` when it
    /// makes what has no partitions; of further stages of the same kind, the ids end in `~2` and so
    /// on.
    #[must_use]
    pub fn runs(&self) -> Vec<BackfillRun> {
        let whole = [Stage {
            selection: self.selection.clone(),
            partitioned: true,
        }];
        let stages = if self.stages.is_empty() {
            &whole[..]
        } else {
            &self.stages
        };
        let tags = RunTags::new(self.tags.clone());
        let mut runs = Vec::new();
        for (at, stage) in stages.iter().enumerate() {
            let alike = |other: &&Stage| other.partitioned == stage.partitioned;
            let suffix = match stages[..=at].iter().filter(alike).count() {
                1 => String::new(),
                number => format!("~{number}"),
            };
            if !stage.partitioned {
                let record = self.run(&format!("once{suffix}"), stage.selection.clone(), &tags);
                runs.push(BackfillRun {
                    stage: at,
                    partitions: None,
                    record,
                });
                continue;
            }
            let per_run = self.per_run.get();
            for (number, keys) in self.partitions.chunks(per_run).enumerate() {
                let selection = stage.selection.clone().with_partitions(keys);
                let first = number * per_run;
                runs.push(BackfillRun {
                    stage: at,
                    partitions: Some(first..first + keys.len()),
                    record: self.run(&format!("{}{suffix}", keys[0]), selection, &tags),
                });
            }
        }
        runs
    }

    fn run(&self, name: &str, selection: Selection, tags: &RunTags) -> RunRecord {
        RunRecord {
            run: Arc::from(format!("{}/{name}", self.id)),
            selection,
            mode: self.mode,
            config: Arc::new(self.config.clone()),
            tags: Arc::clone(tags),
            identity: Arc::new(self.identity.clone()),
        }
    }
}
