//! Effort: what a user writes for a pattern, of programs that came out right.

mod loops;
mod section;

use super::{CAPABILITY_METRIC, Experiment, nothing_across, nothing_to_reach, sample};
use crate::measure::{Executions, Saga, TrialEvidence, sagas, signals};
use crate::record::Sample;

/// Lines that a user writes for a pattern, without imports, comments and blank lines.
pub const LINES: &str = "user_lines";
/// Names of the engine's own in them, each once.
pub const CONCEPTS: &str = "user_concepts";
/// Processes of the engine that have to be there before a run.
pub const PROCESSES: &str = "processes_needed";

/// The pattern of a run that fails for good and is undone.
const UNDOING: &str = "undoing";
/// The pattern of a loop whose end depends on a result.
const LOOP: &str = "data-dependent-loop";

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "effort",
    needs_journal: true,
    metrics: &[
        CAPABILITY_METRIC,
        "programs_wrong",
        CONCEPTS,
        LINES,
        PROCESSES,
    ],
    compared_with_itself: &[],
    derive,
    across: nothing_across,
    section: section::blocks,
    unreached: nothing_to_reach,
};

/// Adds `programs_wrong` (0 where the run of the program came to what its pattern is about, else 1), and of
/// a loop the level at which the engine has it ([`loops::level`]). What a wrong program took is left out:
/// it is no program of the pattern.
fn derive(trial: &TrialEvidence, mut samples: Vec<Sample>) -> Vec<Sample> {
    let executions = Executions::of(trial);
    let right = is_right(trial, &executions);
    if !right {
        samples.retain(|each| ![LINES, CONCEPTS, PROCESSES].contains(&each.metric.as_str()));
    }
    samples.push(sample("programs_wrong", if right { 0.0 } else { 1.0 }, &[]));
    if trial.factor("pattern") == LOOP {
        let level = loops::level(trial, &executions, right);
        samples.extend(level.map(|level| sample(CAPABILITY_METRIC, level, &[])));
    }
    samples
}

fn is_right(trial: &TrialEvidence, executions: &Executions) -> bool {
    let runs = trial.runs();
    let [run] = runs.as_slice() else {
        return false;
    };
    let ended_well = run.ended_well();
    match trial.factor("pattern") {
        UNDOING => {
            let sagas = sagas(trial, executions);
            run.failure.is_some() && sagas.iter().all(Saga::came_out_right)
        }
        "approval" => {
            let signals = signals(trial, executions);
            let heard = signals.iter().all(|signal| signal.problem().is_none());
            ended_well && heard && !signals.is_empty()
        }
        LOOP => ended_well && loops::is_right(trial, executions),
        _ => ended_well,
    }
}

#[cfg(test)]
mod tests {
    use orchbench_journal::{Kind, Record, StepName};

    use super::super::{EMULATED, NATIVE, UNSUPPORTED};
    use super::*;
    use crate::check::mutation;
    use crate::record::EventBody;

    /// A recorded trial as a program of a pattern.
    fn program(recorded: &str, pattern: &str) -> TrialEvidence {
        let mut trial = mutation::recorded_trial(recorded).expect("a recorded trial");
        trial.plan.experiment = EXPERIMENT.name.to_owned();
        let factors = &mut trial.plan.factors;
        factors.insert("pattern".to_owned(), pattern.to_owned());
        factors.insert("program".to_owned(), pattern.to_owned());
        trial
    }

    fn values(trial: &TrialEvidence) -> Vec<(String, f64)> {
        let taken = vec![sample(LINES, 7.0, &[])];
        let samples = derive(trial, taken).into_iter();
        samples.map(|each| (each.metric, each.value)).collect()
    }

    fn named(values: &[(&str, f64)]) -> Vec<(String, f64)> {
        let values = values.iter();
        values
            .map(|(name, value)| ((*name).to_owned(), *value))
            .collect()
    }

    #[test]
    fn what_a_program_takes_counts_where_it_came_out_right() {
        let right = named(&[(LINES, 7.0), ("programs_wrong", 0.0)]);
        let wrong = named(&[("programs_wrong", 1.0)]);
        let mut approval = program("approval", "approval");
        assert_eq!(values(&approval), right);
        // Nobody said a word.
        approval
            .events
            .retain(|event| !matches!(event.body, EventBody::SignalAcknowledged { .. }));
        assert_eq!(values(&approval), wrong);
        let mut saga = program("saga", UNDOING);
        assert_eq!(values(&saga), right);
        let applied = saga.applied.as_mut().expect("an applied log");
        applied.retain(|row| row.step != "undo_load");
        assert_eq!(values(&saga), wrong);
    }

    /// A recorded trial as a loop that stopped when its loads had brought enough.
    fn looped() -> TrialEvidence {
        let mut trial = program("approval", LOOP);
        let rows: u64 = loads(&mut trial).filter_map(|record| record.rows).sum();
        trial.plan.parameters = serde_json::json!({ "enough_rows": rows });
        trial
    }

    fn loads(trial: &mut TrialEvidence) -> impl Iterator<Item = &mut Record> {
        let records = trial.journal.iter_mut().flat_map(|file| &mut file.records);
        records.filter(|each| each.step == Some(StepName::Load) && each.kind == Kind::Ok)
    }

    #[test]
    fn a_loop_is_native_where_the_history_has_each_step_and_wrong_where_it_stops_elsewhere() {
        let level = |trial: &TrialEvidence| {
            let values = values(trial).into_iter();
            let mut levels = values.filter(|(metric, _)| metric == CAPABILITY_METRIC);
            levels.next().map(|(_, level)| level)
        };
        let mut trial = looped();
        assert_eq!(level(&trial), Some(NATIVE));
        for event in &mut trial.events {
            if let EventBody::EngineHistory { steps, .. } = &mut event.body {
                steps.iter_mut().for_each(|step| step.completed = false);
            }
        }
        assert_eq!(level(&trial), Some(EMULATED));
        // One more row was wanted, and nobody was called.
        let rows = trial.plan.parameters["enough_rows"].as_u64().expect("rows");
        trial.plan.parameters = serde_json::json!({ "enough_rows": rows + 1 });
        assert_eq!(level(&trial), Some(UNSUPPORTED));
        // There were enough already before the last load.
        let mut long = looped();
        long.plan.parameters = serde_json::json!({ "enough_rows": 0 });
        assert_eq!(level(&long), Some(UNSUPPORTED));
    }
}
