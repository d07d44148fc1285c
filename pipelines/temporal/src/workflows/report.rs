//! What the workflows with state tell of it: answers to queries, and results.

use orchbench_etl::{Day, DayResult, Summary};
use serde::{Deserialize, Serialize};

use crate::input::{Carried, FailedPartition, Verdict};

/// What an approval is at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The days are on their way into the warehouse.
    #[default]
    Loading,
    /// It waits for the verdict.
    Waiting,
    /// The verdict is good; publish and announce are under way.
    Publishing,
    /// It has come to its end.
    Done,
}

/// How it was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Published.
    Approved,
    /// Not published, as someone said so.
    Rejected,
    /// Not published, as nobody said anything.
    Expired,
}

/// What the query `progress` of an approval answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalProgress {
    /// What it is at.
    pub stage: Stage,
    /// Whether someone was told that the verdict is missing.
    pub escalated: bool,
    /// The verdict that counts.
    pub verdict: Option<(Decision, Verdict)>,
    /// Signals that changed nothing: later ones, and those that could not be read.
    pub ignored: u32,
}

impl ApprovalProgress {
    /// Takes a signal; the first one that can be read counts.
    pub(super) fn decide(&mut self, decision: Decision, verdict: Result<Verdict, String>) {
        match verdict {
            Ok(verdict) if self.verdict.is_none() => self.verdict = Some((decision, verdict)),
            _ => self.ignored += 1,
        }
    }

    pub(super) fn decided(&self) -> bool {
        self.verdict.is_some()
    }

    pub(super) fn decision(&self) -> (Decision, Option<Verdict>) {
        match self.verdict.clone() {
            Some((decision, verdict)) => (decision, Some(verdict)),
            None => (Decision::Expired, None),
        }
    }
}

/// The result of an approval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalOutcome {
    /// How it was decided.
    pub decision: Decision,
    /// Who decided, and why; `None` when it expired.
    pub verdict: Option<Verdict>,
    /// The run's summary; `None` when nothing was published.
    pub summary: Option<Summary>,
}

/// Which data one day's rows are made of: the digests, from the extracts to the warehouse.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayLineage {
    /// The day.
    pub day: Day,
    /// The extracted flights.
    pub flights: String,
    /// The extracted weather.
    pub weather: String,
    /// The transformed flights.
    pub transformed: String,
    /// The rows in the warehouse.
    pub loaded: String,
}

impl From<&DayResult> for DayLineage {
    fn from(day: &DayResult) -> Self {
        Self {
            day: day.day,
            flights: day.flights.artifact.digest.clone(),
            weather: day.weather.artifact.digest.clone(),
            transformed: day.transformed.artifact.digest.clone(),
            loaded: day.loaded.digest.clone(),
        }
    }
}

/// What the query `progress` of a backfill answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackfillProgress {
    /// How many partitions there are; 0 before the source is known.
    pub partitions: u64,
    /// How many have ended, well or not.
    pub ended: u64,
    /// How many are under way.
    pub in_flight: u64,
    /// How many failed for good.
    pub failed: u64,
    /// How many at a time.
    pub concurrency: usize,
    /// How many executions there were before this one.
    pub continuations: u32,
}

/// The result of a backfill.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackfillOutcome {
    /// How many partitions there were.
    pub partitions: u64,
    /// How many of them ended well.
    pub succeeded: u64,
    /// Flights of the dataset in these.
    #[serde(default)]
    pub extracted: u64,
    /// Flights that went on to the transform.
    #[serde(default)]
    pub accepted: u64,
    /// Flights that went to quarantine.
    #[serde(default)]
    pub quarantined: u64,
    /// Rows in the warehouse for these.
    pub loaded: u64,
    /// Rows that were changed.
    pub changed: u64,
    /// What is unusual about the data of those that ended well, a sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// Of those that ended well, how many were done before and have been left as they were.
    #[serde(default)]
    pub already: u64,
    /// The others.
    pub failed: Vec<FailedPartition>,
    /// In how many executions it was done, beyond the first.
    pub continuations: u32,
}

impl BackfillOutcome {
    pub(super) fn of(done: Carried) -> Self {
        Self {
            partitions: done.ended,
            succeeded: done.ended - done.failed.len() as u64,
            extracted: done.extracted,
            accepted: done.extracted.saturating_sub(done.quarantined),
            quarantined: done.quarantined,
            warnings: warning(&done.unusual).into_iter().collect(),
            loaded: done.loaded,
            changed: done.changed,
            already: done.already,
            failed: done.failed,
            continuations: done.continuations,
        }
    }
}

fn warning(unusual: &[Day]) -> Option<String> {
    let days: Vec<String> = unusual.iter().map(ToString::to_string).collect();
    (!days.is_empty()).then(|| {
        format!(
            "{} days have no rows of a dataset, or more of them in quarantine than the source \
             allows: {}",
            days.len(),
            days.join(", ")
        )
    })
}
