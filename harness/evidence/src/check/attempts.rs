//! Attempts follow the policy: never more than it allows, never sooner than its delay, a
//! non-retryable error once, and as many as it allows before a step is given up.

use super::{Finding, Invariant};
use crate::measure::{
    Execution, Executions, Run, TrialEvidence, failed_by_policy, is_too_soon, retry_gaps,
};

pub(super) const INVARIANT: Invariant = Invariant {
    name: "attempts",
    statement: "attempts within the policy, gaps at least its delay, non-retryable errors once",
    check,
};

fn check(trial: &TrialEvidence) -> Option<Finding> {
    if !trial.journalled() {
        return None;
    }
    let executions = Executions::of(trial);
    let runs = trial.runs();
    let mut problems = Vec::new();
    let (mut retried, mut latest_ms) = (0, 0.0_f64);
    for (key, each) in &executions.by_key {
        let Some(run) = runs.iter().find(|run| run.id == each[0].run) else {
            problems.push(format!(
                "{key}: executed for a run that was never acknowledged"
            ));
            continue;
        };
        retried += usize::from(each.len() > 1);
        problems.extend(too_many(key, each, run));
        problems.extend(after_fatal(key, each, run));
        problems.extend(too_soon(trial, key, each, run));
        problems.extend(given_up(key, each, run, &executions));
        let late = retry_gaps(trial, each, run).map(|gap| gap.gap_ms - gap.delay_ms);
        latest_ms = late.fold(latest_ms, f64::max);
    }
    problems.extend(
        runs.iter()
            .filter_map(|run| wrong_end(trial, run, &executions)),
    );
    // A policy says when a retry may begin, so a late one keeps it; that it is late is said.
    let late = match latest_ms.round() {
        ms if ms >= 1.0 => format!(", the latest retry {ms} ms late"),
        _ => String::new(),
    };
    let passed = || {
        Finding::pass(format!(
            "{} steps executed {} times, {retried} of them more than once: the policy is kept{late}",
            executions.by_key.len(),
            executions.count(),
        ))
    };
    Some(Finding::of_problems(problems, passed).resting_on_journal(trial))
}

fn too_many(key: &str, each: &[Execution], run: &Run<'_>) -> Option<String> {
    let allowed = run.retry.max_attempts as usize;
    let numbered = each
        .iter()
        .map(|execution| execution.attempt)
        .max()
        .unwrap_or(0) as usize;
    let made = each.len().max(numbered);
    (allowed > 0 && made > allowed)
        .then(|| format!("{key}: expected at most {allowed} attempts, found {made}"))
}

fn after_fatal(key: &str, each: &[Execution], run: &Run<'_>) -> Option<String> {
    let fatal = each.iter().position(|execution| {
        execution
            .error_type()
            .is_some_and(|name| run.retry.non_retryable.iter().any(|known| known == name))
    })?;
    let later = each.len() - fatal - 1;
    let name = each[fatal].error_type().unwrap_or_default();
    (later > 0).then(|| {
        format!("{key}: expected no attempt after the non-retryable {name}, found {later}")
    })
}

fn too_soon(trial: &TrialEvidence, key: &str, each: &[Execution], run: &Run<'_>) -> Vec<String> {
    let gaps = retry_gaps(trial, each, run);
    let early = gaps.filter(|gap| is_too_soon(gap.gap_ms, gap.delay_ms));
    early
        .map(|gap| {
            format!(
                "{key}: expected a gap of at least {} ms before {}, found {:.1} ms",
                gap.delay_ms,
                gap.retry.describe(),
                gap.gap_ms
            )
        })
        .collect()
}

/// A step whose last attempt failed, of a run that is over, with attempts left: unless the policy gave up
/// on another step of the run, which has ended it.
fn given_up(
    key: &str,
    each: &[Execution],
    run: &Run<'_>,
    executions: &Executions,
) -> Option<String> {
    run.ended_ns?;
    let name = each.last()?.error_type()?;
    let explained = failed_by_policy(run, executions).is_some();
    (!explained).then(|| {
        format!(
            "{key}: expected another attempt after {name}, of {} that the policy allows, found none",
            match run.retry.max_attempts {
                0 => "as many".to_owned(),
                most => most.to_string(),
            }
        )
    })
}

/// In the cases that are there to fail, the run must fail, under the injected error's
/// name, after exactly the attempts that the policy gives.
fn wrong_end(trial: &TrialEvidence, run: &Run<'_>, executions: &Executions) -> Option<String> {
    let (name, attempts) = match trial.factor("case") {
        "fatal" => ("InjectedFatal", 1),
        "exhausted" => ("Injected", run.retry.max_attempts as usize),
        _ => return None,
    };
    match run.failure {
        None => {
            return Some(format!(
                "run {}: expected to fail with {name}, found no failure",
                run.id
            ));
        }
        Some(failure) if failure.error_type != name => {
            return Some(format!(
                "run {}: expected to fail with {name}, found {}: {}",
                run.id, failure.error_type, failure.message
            ));
        }
        Some(_) => {}
    }
    executions.by_key.iter().find_map(|(key, each)| {
        let failing =
            each[0].run == run.id && each.iter().any(|execution| execution.error().is_some());
        (failing && each.len() != attempts)
            .then(|| format!("{key}: expected {attempts} attempts, found {}", each.len()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::fixture::TrialBuilder;
    use crate::record::Outcome;

    fn outcome(trial: &TrialBuilder) -> Option<Outcome> {
        check(&trial.evidence()).map(|found| found.outcome)
    }

    #[test]
    fn a_retry_as_the_policy_says_passes() {
        assert_eq!(outcome(&TrialBuilder::retried("t")), Some(Outcome::Pass));
    }

    #[test]
    fn a_step_that_is_given_up_with_attempts_left_is_caught() {
        // The run has ended by an error that a retry might have cured.
        let trial = |error: &str| TrialBuilder::fatal("t").with_error("InjectedFatal", error);
        let trial = |error| trial(error).with_factor("case", "rate-0.30");
        assert_eq!(outcome(&trial("Injected")), Some(Outcome::Fail));
        assert_eq!(
            outcome(&trial("Injected").with_max_attempts(1)),
            Some(Outcome::Pass)
        );
        assert_eq!(outcome(&trial("InjectedFatal")), Some(Outcome::Pass));
    }

    #[test]
    fn a_retry_before_its_time_is_caught() {
        assert_eq!(
            outcome(&TrialBuilder::retried_after("t", 150)),
            Some(Outcome::Fail)
        );
        assert_eq!(
            outcome(&TrialBuilder::retried_after("t", 196)),
            Some(Outcome::Pass)
        );
    }

    #[test]
    fn a_retry_long_after_its_time_is_kept_and_late() {
        let found = check(&TrialBuilder::retried_after("t", 1_000).evidence());
        assert!(found.is_some_and(|found| {
            found.outcome == Outcome::Pass
                && found
                    .summary
                    .ends_with("kept, the latest retry 800 ms late")
        }));
    }

    #[test]
    fn an_attempt_too_many_is_caught() {
        assert_eq!(
            outcome(&TrialBuilder::retried("t").with_max_attempts(1)),
            Some(Outcome::Fail)
        );
    }

    #[test]
    fn a_retry_of_a_non_retryable_error_is_caught() {
        let trial = TrialBuilder::retried("t").with_error("Injected", "InjectedFatal");
        assert_eq!(outcome(&trial), Some(Outcome::Fail));
    }

    #[test]
    fn a_fatal_case_that_succeeds_is_caught() {
        let trial = TrialBuilder::good("t").with_factor("case", "fatal");
        assert_eq!(outcome(&trial), Some(Outcome::Fail));
    }
}
