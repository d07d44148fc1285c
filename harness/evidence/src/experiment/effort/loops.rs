//! A loop whose end depends on a result, and the branch behind it: days are loaded until there are
//! enough rows; where they run out before, somebody is called.

use orchbench_journal::{Day, StepName};

use super::super::level_by_history;
use crate::measure::{Execution, Executions, TrialEvidence};

/// Whether the loop went on as long as it had to and no longer, one day after the other, and took the
/// right branch at its end.
pub(super) fn is_right(trial: &TrialEvidence, executions: &Executions) -> bool {
    let Some(enough) = trial.plan.parameters["enough_rows"].as_u64() else {
        return false;
    };
    let loads = ended_well(executions, StepName::Load);
    let in_order = loads
        .windows(2)
        .all(|pair| pair[1].partition == pair[0].partition.and_then(Day::next));
    let rows = |loads: &[&Execution]| -> u64 { loads.iter().filter_map(|load| load.rows).sum() };
    let Some((_, before)) = loads.split_last() else {
        return false;
    };
    let reached = rows(&loads) >= enough;
    let called = ended_well(executions, StepName::Escalate).len();
    let wanted = reached != (trial.factor("program") == "short");
    in_order && rows(before) < enough && called == usize::from(!reached) && wanted
}

/// The level that the loop shows; `None` where it was right and its engine gives no account of it.
///
/// Native: by the engine's own history each of its steps was completed, as a step of the run. Emulated:
/// what was done is not the engine's: a loop within one step of its own. Unsupported: it came out wrong.
pub(super) fn level(trial: &TrialEvidence, executions: &Executions, right: bool) -> Option<f64> {
    let runs = trial.runs();
    let run = runs.first().map_or("", |run| run.id);
    let steps = executions.by_key.keys().map(String::as_str);
    level_by_history(trial, run, right, steps)
}

/// The executions of a step that ended well, in the order in which they began.
fn ended_well(executions: &Executions, step: StepName) -> Vec<&Execution> {
    let of_step = executions.all().filter(|each| each.step == step);
    let mut found: Vec<&Execution> = of_step.filter(|each| each.ok_ns().is_some()).collect();
    found.sort_by_key(|each| each.invoked_ns);
    found
}
