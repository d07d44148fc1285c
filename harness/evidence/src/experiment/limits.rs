//! Limits: whether a run of many steps ended with all of them, and how its last steps compare with its
//! first; and whether a run of which one thing is large met a limit.

mod section;

use super::{Experiment, nothing_across, nothing_to_reach, sample};
use crate::measure::TrialEvidence;
use crate::record::Sample;

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "limits",
    needs_journal: false,
    metrics: &[
        "chains_wrong",
        "run_ms",
        "hundred_ms",
        "executions",
        "longest_record",
        "limit_met",
        "limit_unknown",
    ],
    compared_with_itself: &["hundred_ms"],
    derive,
    across: nothing_across,
    section: section::blocks,
    unreached: nothing_to_reach,
};

/// How many steps are held against as many.
const HUNDRED: usize = 100;

/// Adds `chains_wrong` (0 where the run ended well and the engine's own records have the end of each of its
/// steps, once; else 1), and where all is right `hundred_ms`, from the end of the first to the end of the
/// hundredth step (`part` first), and the same of the last hundred (`part` last). The ends themselves
/// (`step_end_ms`) are no metric. Of a trial that probes a limit: `limit_met` (1 where it was, else 0), or
/// `limit_unknown` where its run had not ended in time, with the label `how`, and without what the engine said in
/// its own words (`said`).
fn derive(trial: &TrialEvidence, observed: Vec<Sample>) -> Vec<Sample> {
    if trial.plan.factors.contains_key("limit") {
        let unsaid = |mut sample: Sample| {
            sample.labels.remove("said");
            sample
        };
        return observed.into_iter().map(unsaid).collect();
    }
    let (ends, mut samples): (Vec<Sample>, Vec<Sample>) = observed
        .into_iter()
        .partition(|each| each.metric == "step_end_ms");
    let mut ends_ms: Vec<f64> = ends.iter().map(|each| each.value).collect();
    ends_ms.sort_by(f64::total_cmp);
    let wanted: usize = trial.factor("steps").parse().unwrap_or_default();
    let mut runs = trial.runs().into_iter();
    let ended_well = runs.all(|run| run.ended_well());
    let right = ended_well && !trial.runs().is_empty() && ends_ms.len() == wanted;
    samples.push(sample("chains_wrong", if right { 0.0 } else { 1.0 }, &[]));
    if right && wanted >= 2 * HUNDRED {
        for (part, begin) in [("first", 0), ("last", wanted - HUNDRED)] {
            let hundred = ends_ms[begin + HUNDRED - 1] - ends_ms[begin];
            samples.push(sample("hundred_ms", hundred, &[("part", part)]));
        }
    }
    samples
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::mutation;
    use crate::record::EventBody;

    /// A recorded trial with a run that ended well, read as a chain of these ends.
    fn derived(steps: &str, ends: &[f64]) -> Vec<Sample> {
        let mut trial = mutation::recorded_trial("approval").expect("a recorded trial");
        trial.plan.experiment = EXPERIMENT.name.to_owned();
        trial.plan.factors.insert("steps".into(), steps.into());
        derive(&trial, ends_of(ends))
    }

    fn ends_of(ends: &[f64]) -> Vec<Sample> {
        let ends = ends.iter();
        ends.map(|end| sample("step_end_ms", *end, &[])).collect()
    }

    fn value(samples: &[Sample], metric: &str, part: Option<&str>) -> Option<f64> {
        let of = |each: &&Sample| {
            each.metric == metric && each.labels.get("part").map(String::as_str) == part
        };
        samples.iter().find(of).map(|each| each.value)
    }

    #[test]
    fn the_last_hundred_steps_are_held_against_the_first() {
        // The second hundred takes three times as long as the first.
        let ends: Vec<f64> = (0..200)
            .map(|step| f64::from(step) + 2.0 * f64::from((step - 100).max(0)))
            .collect();
        let samples = derived("200", &ends);
        assert_eq!(value(&samples, "chains_wrong", None), Some(0.0));
        assert_eq!(value(&samples, "hundred_ms", Some("first")), Some(99.0));
        assert_eq!(value(&samples, "hundred_ms", Some("last")), Some(297.0));
        assert!(samples.iter().all(|each| each.metric != "step_end_ms"));
    }

    #[test]
    fn what_an_engine_said_of_a_limit_keeps_trials_apart_no_more_than_how() {
        let mut trial = mutation::recorded_trial("approval").expect("a recorded trial");
        trial.plan.factors.insert("limit".into(), "payload".into());
        let labels = [("how", "refused at once"), ("said", "at 12:01")];
        let derived = derive(&trial, vec![sample("limit_met", 1.0, &labels)]);
        let expected = sample("limit_met", 1.0, &[("how", "refused at once")]);
        assert_eq!(derived, [expected]);
    }

    #[test]
    fn a_chain_without_the_end_of_a_step_or_of_its_run_is_wrong() {
        let ends: Vec<f64> = (0..200).map(f64::from).collect();
        let wrong = |samples: &[Sample]| {
            assert_eq!(value(samples, "chains_wrong", None), Some(1.0));
            assert_eq!(value(samples, "hundred_ms", Some("last")), None);
        };
        wrong(&derived("200", &ends[1..]));
        wrong(&derived("199", &ends));
        let mut stuck = mutation::recorded_trial("approval").expect("a recorded trial");
        stuck.plan.factors.insert("steps".into(), "200".into());
        let ended = |body: &EventBody| matches!(body, EventBody::RunEnded { .. });
        stuck.events.retain(|event| !ended(&event.body));
        wrong(&derive(&stuck, ends_of(&ends)));
    }
}
