//! The fault hit something in flight. Where it did not, the trial is void: it shows
//! nothing about recovery and counts for nothing.

use super::{Finding, Invariant};
use crate::measure::{Executions, TrialEvidence};
use crate::record::{Event, EventBody};

pub(super) const INVARIANT: Invariant = Invariant {
    name: "fault_hit",
    statement: "the fault hit a step or run in flight, else the trial is void",
    check,
};

fn check(trial: &TrialEvidence) -> Option<Finding> {
    let fault = trial.plan.factors.get("fault")?;
    let fired: Vec<&Event> = trial
        .events
        .iter()
        .filter(|event| matches!(event.body, EventBody::FaultFired { .. }))
        .collect();
    let Some(first) = fired.first() else {
        return Some(Finding::fail(format!("{fault} was armed and never fired")));
    };
    if trial.plan.factors.contains_key("plan") {
        return Some(all_hit(trial, &fired));
    }
    let at_point = trial.factor("point").contains('/');
    let server = trial
        .events
        .iter()
        .find(|event| matches!(event.body, EventBody::ServerKilled { .. }));
    Some(match server.filter(|_| !at_point) {
        Some(killed) => in_flight(trial, killed.t_ns),
        None => crashed(trial, first),
    })
}

/// A plan of several faults: each of them fired while a run was in flight, or at a crash
/// point of which the journal has the record.
fn all_hit(trial: &TrialEvidence, fired: &[&Event]) -> Finding {
    let armed = trial
        .events
        .iter()
        .filter(|event| matches!(event.body, EventBody::FaultArmed { .. }))
        .count();
    let executions = Executions::of(trial);
    let recorded = |target: &str| {
        executions.all().any(|execution| {
            let crash = execution.crash;
            crash.is_some_and(|(point, _)| target == format!("{}/{point}", execution.step))
        })
    };
    let running = |t_ns: u64| {
        let mut runs = trial.runs().into_iter();
        runs.any(|run| run.ended_ns.is_none_or(|ended_ns| ended_ns > t_ns))
    };
    let hit = fired
        .iter()
        .filter(|event| match &event.body {
            EventBody::FaultFired { target, .. } => recorded(target) || running(event.t_ns),
            _ => false,
        })
        .count();
    if hit < armed {
        return Finding::fail(format!(
            "expected {armed} faults to hit something in flight, found {hit}"
        ))
        .resting_on_journal(trial);
    }
    Finding::pass(format!("{hit} faults hit a run in flight"))
}

/// A killed worker: the journal has a crash record between a step's invocation and the
/// engine's learning of its end, at the planned point.
fn crashed(trial: &TrialEvidence, fired: &Event) -> Finding {
    let executions = Executions::of(trial);
    let Some((key, execution, point)) = executions.by_key.iter().find_map(|(key, each)| {
        each.iter()
            .find_map(|execution| Some((key, execution, execution.crash?.0)))
    }) else {
        return Finding::fail("a process was killed, but the journal shows no step in flight")
            .resting_on_journal(trial);
    };
    let found = format!("{}/{}", execution.step, point.as_str());
    let planned = trial.factor("point");
    if found != planned {
        return Finding::fail(format!(
            "expected the kill at {planned}, found it at {found}"
        ));
    }
    let pid = match &fired.body {
        EventBody::FaultFired { pid: Some(pid), .. } => format!(" of process {pid}"),
        _ => String::new(),
    };
    Finding::pass(format!(
        "SIGKILL{pid} hit {key} in flight at {point}, {}",
        execution.describe()
    ))
}

/// A killed server: steps were invoked and not ended when it died.
fn in_flight(trial: &TrialEvidence, killed_ns: u64) -> Finding {
    let executions = Executions::of(trial);
    let steps = executions
        .all()
        .filter(|execution| {
            execution.invoked_ns < killed_ns
                && execution
                    .finish
                    .as_ref()
                    .is_none_or(|finish| finish.t_ns > killed_ns)
        })
        .count();
    let runs = trial
        .runs()
        .iter()
        .filter(|run| run.ended_ns.is_none_or(|t_ns| t_ns > killed_ns))
        .count();
    if steps == 0 || runs == 0 {
        return Finding::fail(format!(
            "the server was killed with {steps} steps and {runs} runs in flight: expected at least one of each"
        ))
        .resting_on_journal(trial);
    }
    Finding::pass(format!(
        "SIGKILL of the server hit {steps} steps of {runs} runs in flight"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::fixture::TrialBuilder;
    use crate::record::Outcome;

    #[test]
    fn a_kill_in_flight_passes_and_one_without_a_crash_record_is_void() {
        let killed = TrialBuilder::killed("t");
        assert_eq!(
            check(&killed.evidence()).map(|found| found.outcome),
            Some(Outcome::Pass)
        );
        let mut void = killed.evidence();
        for record in void.journal.iter_mut().flat_map(|file| &mut file.records) {
            record.point = None;
        }
        assert_eq!(check(&void).map(|found| found.outcome), Some(Outcome::Fail));
        assert!(matches!(
            super::super::check(&void),
            super::super::Checked::Void(_)
        ));
    }
}
