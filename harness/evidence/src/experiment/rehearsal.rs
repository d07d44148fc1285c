//! Rehearsal: whether a run of steps that pretend to work ended well, and how long it took.

mod section;

use super::{Experiment, nothing_across, nothing_to_reach, sample};
use crate::measure::TrialEvidence;
use crate::record::Sample;

/// The time of a run that ended well.
pub(crate) const TIME: &str = "rehearsal_ms";
/// How many of its attempts were planned to fail.
pub(crate) const FAILURES: &str = "planned_failures";
/// 0 where the run ended well, else 1.
pub(crate) const WRONG: &str = "rehearsals_wrong";

pub(crate) const EXPERIMENT: Experiment = Experiment {
    name: "rehearsal",
    needs_journal: false,
    metrics: &[WRONG, TIME, FAILURES, "killed_after_ms"],
    compared_with_itself: &[TIME],
    derive,
    across: nothing_across,
    section: section::blocks,
    unreached: nothing_to_reach,
};

/// Adds [`WRONG`].
fn derive(trial: &TrialEvidence, mut samples: Vec<Sample>) -> Vec<Sample> {
    let runs = trial.runs();
    let mut ended_well = runs.iter().map(|run| run.ended_well());
    let right = !runs.is_empty() && ended_well.all(|well| well);
    samples.push(sample(WRONG, if right { 0.0 } else { 1.0 }, &[]));
    samples
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::mutation;
    use crate::record::EventBody;

    fn wrong(trial: &TrialEvidence) -> Option<f64> {
        let samples = derive(trial, Vec::new());
        samples.first().map(|each| each.value)
    }

    #[test]
    fn a_run_without_a_good_end_is_wrong() {
        let mut trial = mutation::recorded_trial("approval").expect("a recorded trial");
        assert_eq!(wrong(&trial), Some(0.0));
        trial
            .events
            .retain(|event| !matches!(event.body, EventBody::RunEnded { .. }));
        assert_eq!(wrong(&trial), Some(1.0));
        trial.events.clear();
        assert_eq!(wrong(&trial), Some(1.0));
    }
}
