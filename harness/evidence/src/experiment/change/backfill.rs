//! A backfill that was killed half-way: what was made twice of it.

use std::collections::{BTreeMap, BTreeSet};

use orchbench_journal::{Day, StepName, idempotency_key};

use super::minimum::{Piece, pieces_of};
use super::{CAPABILITY_METRIC, EMULATED, NATIVE, UNSUPPORTED, is_known, sample};
use crate::measure::{Executions, Run, TrialEvidence};
use crate::record::{EventBody, Sample};

/// The share of partitions that may be made twice, beside as many as there were steps at work at once.
const AT_MOST: f64 = 0.05;

/// How many partitions were loaded more than once, how many were loaded a second from the first step to the
/// last load, the outage included; and the level of the pattern `backfill-interrupted`: native where the run
/// went on by itself, by the engine's own history, or where what another made was missing or stale by its
/// records; emulated where they know no such thing; unsupported where the last run did not end well, a
/// partition was not loaded, or more twice than a twentieth of them and as many as there were steps at work at
/// once: one that has ended is still at work to an engine that was killed before it heard of that.
/// Nothing of a trial whose kill came when all was loaded.
pub(super) fn samples(
    trial: &TrialEvidence,
    executions: &Executions,
    runs: &[Run<'_>],
    stale: &BTreeSet<&str>,
) -> Vec<Sample> {
    let Some(last) = runs.last() else {
        return Vec::new();
    };
    let days = days(trial, last);
    let loads = loads(executions);
    let killed_ns = trial.events.iter().find_map(|event| match event.body {
        EventBody::FaultFired { .. } => Some(event.t_ns),
        _ => None,
    });
    let before = |ns: u64| loads.values().filter(|ends| ends[0] < ns).count();
    let Some(killed_ns) = killed_ns.filter(|ns| before(*ns) < days.len()) else {
        return Vec::new();
    };
    let twice = loads.values().filter(|ends| ends.len() > 1).count();
    let mut samples = vec![sample("partitions_made_twice", twice as f64, &[])];
    let begun_ns = executions.all().map(|each| each.invoked_ns).min();
    let ended_ns = loads.values().filter_map(|ends| ends.last().copied()).max();
    if let (Some(begun_ns), Some(ended_ns)) = (begun_ns, ended_ns) {
        let seconds = ended_ns.saturating_sub(begun_ns) as f64 / 1e9;
        let per_s = loads.len() as f64 / seconds;
        samples.extend((seconds > 0.0).then(|| sample("partitions_per_s", per_s, &[])));
    }
    let whole = days.iter().all(|day| loads.contains_key(day));
    let at_once = at_once(executions, killed_ns);
    let few = twice as f64 <= AT_MOST * days.len() as f64 + at_once as f64;
    let ended_well = last.ended_well();
    let level = if !(whole && few && ended_well) {
        UNSUPPORTED
    } else if is_its_own(trial, executions, runs, stale) {
        NATIVE
    } else {
        EMULATED
    };
    let pattern = [("pattern", "backfill-interrupted")];
    samples.push(sample(CAPABILITY_METRIC, level, &pattern));
    samples
}

/// The days that a run has to load, by the rows that it should leave.
pub(super) fn days(trial: &TrialEvidence, run: &Run<'_>) -> BTreeSet<Day> {
    let source = run.source.and_then(|name| trial.sources.get(name));
    let expected = source.and_then(|source| source.expected.as_ref());
    let rows = expected.into_iter().flat_map(|rows| rows.iter());
    rows.map(|row| row.day).collect()
}

/// The days that a run has loaded.
pub(super) fn loads_of(executions: &Executions, run: &str) -> BTreeSet<Day> {
    let of_run = good_loads(executions).filter(|(each, ..)| *each == run);
    of_run.map(|(_, day, _)| day).collect()
}

/// The loads that ended well: the run, the day and when.
fn good_loads(executions: &Executions) -> impl Iterator<Item = (&str, Day, u64)> {
    let loads = executions.all().filter(|each| each.step == StepName::Load);
    loads.filter_map(|each| Some((each.run.as_str(), each.partition?, each.ok_ns()?)))
}

/// When the loads of each day ended well, in order.
fn loads(executions: &Executions) -> BTreeMap<Day, Vec<u64>> {
    let mut loads: BTreeMap<Day, Vec<u64>> = BTreeMap::new();
    for (_, day, ok_ns) in good_loads(executions) {
        loads.entry(day).or_default().push(ok_ns);
    }
    loads.values_mut().for_each(|ends| ends.sort_unstable());
    loads
}

/// The most steps of partitions that were at work at any one time before all was killed.
fn at_once(executions: &Executions, killed_ns: u64) -> usize {
    let begun = executions.all().filter(|each| each.invoked_ns < killed_ns);
    let of_partitions = begun.filter(|each| each.partition.is_some());
    let spans: Vec<(u64, u64)> = of_partitions
        .map(|each| {
            let finished_ns = each.finish.as_ref().map(|finish| finish.t_ns);
            (each.invoked_ns, finished_ns.unwrap_or(u64::MAX))
        })
        .collect();
    let at_work = |ns: u64| {
        let spans = spans.iter();
        spans.filter(|(from, to)| *from <= ns && ns < *to).count()
    };
    spans
        .iter()
        .map(|(from, _)| at_work(*from))
        .max()
        .unwrap_or(0)
}

/// Whether the engine itself knew what was left.
fn is_its_own(
    trial: &TrialEvidence,
    executions: &Executions,
    runs: &[Run<'_>],
    stale: &BTreeSet<&str>,
) -> bool {
    match runs {
        [only] => {
            let key = idempotency_key(only.id, StepName::Announce, None::<&str>);
            let completed = trial.completed_itself(only.id);
            completed.is_some_and(|keys| keys.contains(key.as_str()))
        }
        [_, again] => {
            let made: BTreeSet<Piece> = pieces_of(executions, again.id).collect();
            made.iter().all(|piece| is_known(again.id, piece, stale))
        }
        _ => false,
    }
}
