//! Change: what was made again after a change, against what had to be.

mod backfill;
mod failing;
mod minimum;
mod section;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use orchbench_journal::{Day, StepName, idempotency_key};
use serde::Deserialize;

use self::minimum::{Minimum, Piece};
use super::repetition::repetition;
use super::{
    CAPABILITY_METRIC, EMULATED, Experiment, NATIVE, UNSUPPORTED, nothing_across, nothing_to_reach,
    sample,
};
use crate::measure::{Executions, Run, TrialEvidence};
use crate::record::Sample;

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "change",
    needs_journal: true,
    metrics: &[
        CAPABILITY_METRIC,
        "steps_made_again",
        "steps_needed",
        "steps_needless",
        "steps_missed",
        "user_code_lines",
        "partitions_left_out",
        "partitions_made_twice",
        "partitions_per_s",
    ],
    compared_with_itself: &[],
    derive,
    across: nothing_across,
    section: section::blocks,
    unreached: nothing_to_reach,
};

/// What a trial records of each step whose outcome the engine's own records called missing or stale before
/// it had it made: 1, with the label `key`.
const CALLED_STALE: &str = "called_stale";

/// What a trial's change is about, in its parameters.
#[derive(Deserialize)]
struct Subject {
    day: Day,
    step: StepName,
}

/// Of the second run: how many steps it executed, how many had to be ([`Minimum`]), how many it executed
/// without need, and how many it left out; the level at which its engine has each pattern ([`levels`]);
/// the lines of user code, as recorded; and what was done twice ([`repetition`]).
fn derive(trial: &TrialEvidence, observed: Vec<Sample>) -> Vec<Sample> {
    let (called_stale, mut samples): (Vec<Sample>, Vec<Sample>) = observed
        .into_iter()
        .partition(|each| each.metric == CALLED_STALE);
    let executions = Executions::of(trial);
    samples.extend(repetition(trial, &executions));
    let stale = called_stale
        .iter()
        .filter_map(|each| each.labels.get("key"));
    let stale: BTreeSet<&str> = stale.map(String::as_str).collect();
    let runs = trial.runs();
    if trial.factor("changed") == "interrupted" {
        samples.extend(backfill::samples(trial, &executions, &runs, &stale));
    }
    let ([first, again], Ok(subject)) = (&runs[..], Subject::deserialize(&trial.plan.parameters))
    else {
        return samples;
    };
    let changed: BTreeSet<Piece> = match trial.factor("changed") {
        "partition" => BTreeSet::from([(StepName::ExtractFlights, Some(subject.day))]),
        "code" => minimum::pieces_of(&executions, first.id)
            .filter(|(step, _)| *step == subject.step)
            .collect(),
        _ => BTreeSet::new(),
    };
    let minimum = Minimum::of(&executions, first.id, again.id, &changed);
    let made: BTreeSet<Piece> = minimum::pieces_of(&executions, again.id).collect();
    let count = |count: usize| count as f64;
    samples.extend([
        sample("steps_made_again", count(made.len()), &[]),
        sample("steps_needed", count(minimum.needed.len()), &[]),
        sample(
            "steps_needless",
            count(made.difference(&minimum.needed).count()),
            &[],
        ),
        sample(
            "steps_missed",
            count(minimum.needed.difference(&made).count()),
            &[],
        ),
    ]);
    match trial.factor("changed") {
        "interrupted" => {}
        "failing" => samples.extend(failing::samples(
            trial,
            &executions,
            [first, again],
            (&made, &minimum),
            &stale,
        )),
        _ => samples.extend(levels(trial, again, &made, &minimum, &stale)),
    }
    samples
}

/// The levels that a run shows.
///
/// `asset-definition`, of every trial: what is made follows from what was declared and has changed. Nothing
/// is missed, and nothing made again that does not depend on the change. `partition-change`, where a day
/// was corrected: exactly what had to be. Native: each step that was executed, or what it judges, the
/// engine's own records had called missing or stale. Emulated: they had not, so that user code knew.
/// Unsupported: it came out otherwise.
fn levels(
    trial: &TrialEvidence,
    again: &Run<'_>,
    made: &BTreeSet<Piece>,
    minimum: &Minimum,
    stale: &BTreeSet<&str>,
) -> Vec<Sample> {
    let ended_well = again.ended_well();
    let nothing_missed = ended_well && minimum.needed.is_subset(made);
    if nothing_missed && made.is_empty() {
        // Whoever knew that there was nothing to make.
        return Vec::new();
    }
    let by_its_records = made.iter().all(|piece| is_known(again.id, piece, stale));
    let level = |right: bool| match (right, by_its_records) {
        (false, _) => UNSUPPORTED,
        (true, true) => NATIVE,
        (true, false) => EMULATED,
    };
    let declared = level(nothing_missed && made.is_subset(&minimum.dependent));
    let mut samples = vec![sample(
        CAPABILITY_METRIC,
        declared,
        &[("pattern", "asset-definition")],
    )];
    if trial.factor("changed") == "partition" {
        let exact = level(nothing_missed && *made == minimum.needed);
        samples.push(sample(
            CAPABILITY_METRIC,
            exact,
            &[("pattern", "partition-change")],
        ));
    }
    samples
}

/// Whether the engine's records called a step of a run missing or stale, or what it judges.
fn is_known(run: &str, (step, day): &Piece, stale: &BTreeSet<&str>) -> bool {
    let judged = match step {
        StepName::Check => StepName::Transform,
        step => *step,
    };
    let key = |step| idempotency_key(run, step, *day);
    stale.contains(key(*step).as_str()) || stale.contains(key(judged).as_str())
}
