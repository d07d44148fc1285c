//! After a fault is healed the runs in flight go on, within a bound.
//!
//! Healed is what the last worker or server that became ready after the fault says; where
//! none was started again, the others had to take over, and the bound runs from the fault.

use super::{Finding, Invariant};
use crate::measure::{TrialEvidence, between_ms};
use crate::record::EventBody;

pub(super) const INVARIANT: Invariant = Invariant {
    name: "progress_resumes",
    statement: "after a fault is healed, the runs in flight make progress within 60 s",
    check,
};

/// Above every timeout that governs recovery on an engine here (heartbeat, sticky queue,
/// lease: 10 s at most by default), and below what a person would call stuck.
const BOUND_MS: f64 = 60_000.0;
const SIGKILL: i32 = 9;

fn check(trial: &TrialEvidence) -> Option<Finding> {
    trial.plan.factors.get("fault")?;
    let runs = trial.runs();
    // What comes after the last run's end (workers that are put away) is not the fault.
    let ends = runs.iter().map(|run| run.ended_ns);
    let until_ns = ends.map(|t_ns| t_ns.unwrap_or(u64::MAX)).max()?;
    let hit_ns = last(trial, 0..until_ns, is_hit)?;
    let healed_ns = last(trial, hit_ns..until_ns, is_ready).unwrap_or(hit_ns);
    let open = runs
        .iter()
        .filter(|run| run.ended_ns.is_none_or(|t_ns| t_ns > healed_ns))
        .count();
    if open == 0 {
        return None;
    }
    let ends = runs.iter().filter_map(|run| run.ended_ns);
    let steps = trial
        .journal
        .iter()
        .flat_map(|file| &file.records)
        .filter(|record| record.step.is_some())
        .map(|record| record.t_ns);
    let resumed_ns = ends.chain(steps).filter(|t_ns| *t_ns > healed_ns).min();
    let finding = match resumed_ns.map(|t_ns| between_ms(healed_ns, t_ns)) {
        None => Finding::fail(format!("{open} runs in flight, none of them went on")),
        Some(after_ms) if after_ms > BOUND_MS => Finding::fail(format!(
            "{open} runs in flight: expected progress within {BOUND_MS} ms, found it after {after_ms:.0} ms"
        )),
        Some(_) => Finding::pass(format!("{open} runs in flight went on within the bound")),
    };
    Some(
        finding
            .expected_if(!trial.resumes())
            .resting_on_journal(trial),
    )
}

/// The end of a process by SIGKILL, or the harness's word on faults that end none. (Of a
/// kill that word may come long after.)
fn is_hit(event: &EventBody) -> bool {
    match event {
        EventBody::ServerKilled { .. } => true,
        EventBody::WorkerExited { signal, .. } => *signal == Some(SIGKILL),
        EventBody::FaultFired { .. } => true,
        _ => false,
    }
}

fn is_ready(event: &EventBody) -> bool {
    matches!(
        event,
        EventBody::WorkerReady { .. } | EventBody::ServerReady { .. }
    )
}

/// When the last event of a kind came in that time.
fn last(
    trial: &TrialEvidence,
    time_ns: std::ops::Range<u64>,
    kind: fn(&EventBody) -> bool,
) -> Option<u64> {
    let events = trial.events.iter().rev();
    let mut found = events.filter(|event| time_ns.contains(&event.t_ns) && kind(&event.body));
    found.next().map(|event| event.t_ns)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::fixture::TrialBuilder;
    use crate::record::Outcome;

    #[test]
    fn a_run_that_goes_on_too_late_is_caught() {
        let mut trial = TrialBuilder::killed("t").evidence();
        let outcome = |trial: &TrialEvidence| check(trial).map(|found| found.outcome);
        assert_eq!(outcome(&trial), Some(Outcome::Pass));
        let late_ns = 61_000_000_000;
        for record in &mut trial.journal[1].records {
            record.t_ns += late_ns;
        }
        for event in &mut trial.events {
            if matches!(event.body, EventBody::RunEnded { .. }) {
                event.t_ns += late_ns;
            }
        }
        assert_eq!(outcome(&trial), Some(Outcome::Fail));
    }

    #[test]
    fn without_a_fault_there_is_nothing_to_resume() {
        assert_eq!(check(&TrialBuilder::good("t").evidence()), None);
    }
}
