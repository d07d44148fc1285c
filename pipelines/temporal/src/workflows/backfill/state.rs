//! The bookkeeping of a backfill: plain data, no SDK.

use std::collections::{BTreeSet, VecDeque};
use std::fmt;

use orchbench_etl::{Day, DayResult, Source};

use super::super::report::BackfillProgress;
use crate::input::{BackfillInput, Carried, FailedPartition};

/// As much of an error as the result keeps, in characters: a thousand of them must fit into the
/// argument of the next execution.
const MAX_ERROR_CHARS: usize = 200;

/// A partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Partition {
    /// A day of the source.
    Day(Day),
    /// One without work.
    Empty(u32),
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Day(day) => day.fmt(f),
            Self::Empty(number) => write!(f, "empty-{number}"),
        }
    }
}

/// The partitions that a backfill is about, in their order.
///
/// # Errors
/// A message that names the field, when a day is out of the source's range.
pub(super) fn partitions(input: &BackfillInput, source: &Source) -> Result<Vec<Partition>, String> {
    if let Some(count) = input.empty_partitions {
        let numbers = 0..u32::try_from(count).unwrap_or(u32::MAX);
        return Ok(numbers.map(Partition::Empty).collect());
    }
    let only = input.only.iter().flatten();
    let named = [("first", input.first), ("last", input.last)]
        .into_iter()
        .filter_map(|(field, day)| Some((field, day?)))
        .chain(only.clone().map(|day| ("only", *day)));
    for (field, day) in named {
        if !source.days.contains(day) {
            return Err(format!(
                "{field}: expected a day of {} ({}), found {day}",
                source.name, source.days
            ));
        }
    }
    let only: BTreeSet<Day> = only.copied().collect();
    let within = |day: &Day| {
        input.first.is_none_or(|first| first <= *day)
            && input.last.is_none_or(|last| *day <= last)
            && (input.only.is_none() || only.contains(day))
    };
    let days: Vec<Day> = source.partitions().into_iter().filter(within).collect();
    if days.is_empty() {
        return Err("first, last, only: expected some day, found none".to_owned());
    }
    Ok(days.into_iter().map(Partition::Day).collect())
}

/// Where a backfill stands.
#[derive(Clone, Debug, Default)]
pub(super) struct BackfillState {
    /// What goes over to the next execution.
    pub(super) done: Carried,
    /// The partitions that this execution still has to begin.
    pending: VecDeque<Partition>,
    /// Those of all that have not ended, in this execution or one after it.
    open: BTreeSet<Partition>,
    in_flight: u64,
    total: u64,
}

impl BackfillState {
    pub(super) fn of(input: &BackfillInput) -> Self {
        let first = || Carried {
            concurrency: input.pipeline.concurrency,
            ..Carried::default()
        };
        Self {
            done: input.carried.clone().unwrap_or_else(first),
            ..Self::default()
        }
    }

    /// Takes the part of `todo` that this execution does: at most `limit` partitions.
    pub(super) fn begin(&mut self, todo: &[Partition], limit: u64) {
        let as_size = |value: u64| usize::try_from(value).unwrap_or(usize::MAX);
        self.total = todo.len() as u64;
        let left = todo.iter().skip(as_size(self.done.ended)).copied();
        self.open = left.clone().collect();
        self.pending = left.take(as_size(limit)).collect();
    }

    /// Leaves what is not begun to the next execution.
    pub(super) fn begin_no_more(&mut self) {
        self.pending.clear();
    }

    /// Whether a lane has something to do now: a partition to take, or its own end.
    pub(super) fn may_go_on(&self, lane: usize) -> bool {
        self.pending.is_empty() || lane < self.done.concurrency
    }

    pub(super) fn take(&mut self) -> Option<Partition> {
        let next = self.pending.pop_front()?;
        self.in_flight += 1;
        Some(next)
    }

    /// A partition has ended: a day of the source, one without work, or with an error.
    pub(super) fn ended(
        &mut self,
        partition: &Partition,
        source: &Source,
        ended: Result<Option<DayResult>, String>,
    ) {
        self.in_flight -= 1;
        self.done.ended += 1;
        self.open.remove(partition);
        match ended {
            Ok(None) => {}
            Ok(Some(day)) => {
                self.done.extracted += day.flights.extracted;
                self.done.quarantined += day.flights.quarantined;
                self.done.loaded += day.loaded.rows;
                self.done.changed += day.loaded.changed;
                let done_before = day.loaded.rows > 0 && day.loaded.changed == 0;
                self.done.already += u64::from(done_before);
                if !source.warnings(day.extracts()).is_empty() {
                    self.done.unusual.push(day.day);
                }
            }
            Err(error) => self.done.failed.push(FailedPartition {
                partition: partition.to_string(),
                error: error.chars().take(MAX_ERROR_CHARS).collect(),
            }),
        }
    }

    pub(super) fn is_done(&self) -> bool {
        self.done.ended == self.total
    }

    /// What the next execution gets.
    pub(super) fn carried(&self) -> Carried {
        Carried {
            continuations: self.done.continuations + 1,
            ..self.done.clone()
        }
    }

    /// The partitions that have not ended well, the failed ones first.
    pub(super) fn remaining(&self) -> Vec<String> {
        let failed = self.done.failed.iter();
        failed
            .map(|failed| failed.partition.clone())
            .chain(self.open.iter().map(ToString::to_string))
            .collect()
    }

    pub(super) fn progress(&self) -> BackfillProgress {
        BackfillProgress {
            partitions: self.total,
            ended: self.done.ended,
            in_flight: self.in_flight,
            failed: self.done.failed.len() as u64,
            concurrency: self.done.concurrency,
            continuations: self.done.continuations,
        }
    }
}
