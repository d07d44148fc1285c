//! The argument of the backfill workflow, and what it hands on to itself.

use orchbench_etl::Day;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::bounds::{MAX_CONCURRENCY, MAX_PARTITIONS, MAX_PARTITIONS_PER_RUN, MAX_ROWS, within};
use super::{Dimensions, PipelineInput, Validate, source_or_object};

/// The argument of `BackfillWorkflow`: a source's name, for all its days, or an object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Value")]
pub struct BackfillInput {
    /// The source, how many days at a time at first, and how their steps are retried.
    pub pipeline: PipelineInput,
    /// The first day; `None` means the source's.
    pub first: Option<Day>,
    /// The last day; `None` means the source's.
    pub last: Option<Day>,
    /// Of the days from `first` to `last` only these, as the query `remaining` of an earlier execution
    /// lists them; `None` means all.
    pub only: Option<Vec<Day>>,
    /// So many empty partitions in place of the source's days: for tests of the bookkeeping.
    pub empty_partitions: Option<u64>,
    /// How many partitions one execution begins before it continues as a new one.
    pub partitions_per_run: u64,
    /// What the executions before this one have done; starters leave it out.
    pub carried: Option<Carried>,
}

impl BackfillInput {
    /// The defaults: all days of the source, 500 partitions an execution, each of which adds some
    /// ten events to its history.
    #[must_use]
    pub fn new(pipeline: PipelineInput) -> Self {
        Self {
            pipeline,
            first: None,
            last: None,
            only: None,
            empty_partitions: None,
            partitions_per_run: 500,
            carried: None,
        }
    }
}

impl Validate for BackfillInput {
    fn validate(&self) -> Result<(), String> {
        self.pipeline.validate()?;
        let empty = self.empty_partitions.unwrap_or_default();
        within("empty_partitions", empty, 0..=MAX_PARTITIONS)?;
        let per_run = self.partitions_per_run;
        within("partitions_per_run", per_run, 1..=MAX_PARTITIONS_PER_RUN)?;
        self.carried.iter().try_for_each(Validate::validate)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BackfillObject {
    pipeline: PipelineInput,
    first: Option<Day>,
    last: Option<Day>,
    only: Option<Vec<Day>>,
    empty_partitions: Option<u64>,
    partitions_per_run: Option<u64>,
    carried: Option<Carried>,
}

impl TryFrom<Value> for BackfillInput {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        source_or_object(
            value,
            |source| Self::new(PipelineInput::new(source)),
            |object: BackfillObject| {
                let default = Self::new(object.pipeline);
                Self {
                    first: object.first,
                    last: object.last,
                    only: object.only,
                    empty_partitions: object.empty_partitions,
                    partitions_per_run: object
                        .partitions_per_run
                        .unwrap_or(default.partitions_per_run),
                    carried: object.carried,
                    ..default
                }
            },
        )
    }
}

/// The progress that a backfill carries from one execution to the next.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Carried {
    /// Partitions that have ended, well or not: the next one to begin.
    pub ended: u64,
    /// Flights of the dataset in the partitions that ended well.
    #[serde(default)]
    pub extracted: u64,
    /// Flights that went to quarantine.
    #[serde(default)]
    pub quarantined: u64,
    /// Rows in the warehouse for the partitions that ended well.
    pub loaded: u64,
    /// Rows that were changed.
    pub changed: u64,
    /// The days without rows, or with more of them in quarantine than the source allows.
    #[serde(default)]
    pub unusual: Vec<Day>,
    /// Of the partitions that ended well, those that were done before: nothing was changed.
    #[serde(default)]
    pub already: u64,
    /// The partitions that failed for good.
    pub failed: Vec<FailedPartition>,
    /// How many executions there were before this one.
    pub continuations: u32,
    /// How many partitions at a time, as last set.
    pub concurrency: usize,
    /// What was extracted once for all partitions.
    pub dimensions: Option<Dimensions>,
}

impl Validate for Carried {
    fn validate(&self) -> Result<(), String> {
        within("carried.concurrency", self.concurrency, 1..=MAX_CONCURRENCY)?;
        within("carried.ended", self.ended, 0..=MAX_PARTITIONS)?;
        within(
            "carried.failed: partitions",
            self.failed.len() as u64,
            0..=self.ended,
        )?;
        within("carried.already", self.already, 0..=self.ended)?;
        within("carried.loaded", self.loaded, 0..=MAX_ROWS)?;
        within("carried.changed", self.changed, 0..=MAX_ROWS)?;
        let continuations = u64::from(self.continuations);
        within("carried.continuations", continuations, 0..=MAX_PARTITIONS)
    }
}

/// A partition that failed for good.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedPartition {
    /// The day, or the number of an empty partition.
    pub partition: String,
    /// Why, from the outside inwards.
    pub error: String,
}
