//! A service that says when to come again is not called before: HTTP 429 with `Retry-After`, by the
//! service's own ledger.

use super::{Finding, Invariant};
use crate::measure::{EarlyCall, TrialEvidence, early_calls};

pub(super) const INVARIANT: Invariant = Invariant {
    name: "retry_after",
    statement: "no call comes to a service before the time that it has stated",
    check,
};

fn check(trial: &TrialEvidence) -> Option<Finding> {
    if !trial.calls_services() {
        return None;
    }
    let Some(calls) = &trial.applied else {
        return Some(Finding::unknown(
            "the services' ledger is not in the folder",
        ));
    };
    let asked = calls.iter().filter(|call| {
        let answer = call.answer.as_ref();
        answer.is_some_and(|answer| answer.retry_after_ms.is_some())
    });
    let asked = asked.count();
    if asked == 0 {
        return None;
    }
    let problems: Vec<String> = early_calls(trial).iter().map(problem).collect();
    let passed = || Finding::pass(format!("{asked} times asked to wait, no call came before"));
    Some(Finding::of_problems(problems, passed))
}

fn problem(early: &EarlyCall<'_>) -> String {
    format!(
        "{}: call {}: expected at least {} ms after the answer that asked for them, found {:.1} ms",
        early.call.key,
        early.call.seq,
        early.asked_ms,
        early.after_ns as f64 / 1e6
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::mutation;
    use crate::record::Outcome;

    /// An order that was asked twice to come a second later.
    fn order() -> TrialEvidence {
        mutation::recorded_trial("order-throttled").expect("a recorded order")
    }

    fn outcome(trial: &TrialEvidence) -> Option<Outcome> {
        check(trial).map(|found| found.outcome)
    }

    /// The second of its charges comes so long after the first.
    fn came_after(ns: u64) -> Option<Outcome> {
        let mut trial = order();
        let mut calls = trial.applied.iter_mut().flatten();
        let mut charges = calls.by_ref().filter(|call| call.step == "charge");
        let (first, again) = (charges.next()?, charges.next()?);
        again.answer.as_mut()?.t_ns = first.answer.as_ref()?.t_ns + ns;
        outcome(&trial)
    }

    #[test]
    fn a_call_before_its_time_is_caught() {
        assert_eq!(outcome(&order()), Some(Outcome::Pass));
        assert_eq!(came_after(1_000_000_000), Some(Outcome::Pass));
        assert_eq!(came_after(999_999_999), Some(Outcome::Fail));
    }

    #[test]
    fn without_a_ledger_nothing_is_known_and_who_was_not_asked_is_not_judged() {
        let mut trial = order();
        for call in trial.applied.iter_mut().flatten() {
            call.answer
                .iter_mut()
                .for_each(|answer| answer.retry_after_ms = None);
        }
        assert_eq!(outcome(&trial), None);
        trial.applied = None;
        assert_eq!(outcome(&trial), Some(Outcome::Unknown));
    }
}
