//! A signal that was acknowledged takes effect once: the step that it releases is executed
//! after it was sent, never before, and changes something at most once.

use super::{Finding, Invariant};
use crate::measure::{Executions, Signal, TrialEvidence, signals};

pub(super) const INVARIANT: Invariant = Invariant {
    name: "signals_once",
    statement: "an acknowledged signal takes effect, once, and not before it was sent",
    check,
};

fn check(trial: &TrialEvidence) -> Option<Finding> {
    let executions = Executions::of(trial);
    let signals = signals(trial, &executions);
    if signals.is_empty() {
        return None;
    }
    let problems = signals.iter().filter_map(Signal::problem).collect();
    let passed = || {
        Finding::pass(format!(
            "{} acknowledged signals, each took effect once",
            signals.len()
        ))
    };
    // A run that was lost may have lost its signal; one that came too early or twice was not.
    let broken = |signal: &&Signal<'_>| signal.problem().is_some();
    let mut broken = signals.iter().filter(broken);
    let lost = trial.may_lose_runs() && broken.all(|signal| signal.released.is_empty());
    let finding = Finding::of_problems(problems, passed).expected_if(lost);
    Some(finding.resting_on_journal(trial))
}

#[cfg(test)]
mod tests {
    use orchbench_journal::StepName;

    use super::*;
    use crate::measure::fixture::TrialBuilder;
    use crate::record::{Event, EventBody, Outcome};

    fn signalled(sent_ns: u64) -> TrialEvidence {
        let mut trial = TrialBuilder::good("t").evidence();
        trial.events.push(Event {
            t_ns: sent_ns + 1,
            body: EventBody::SignalAcknowledged {
                run: "r1".into(),
                signal: "approve".into(),
                releases: StepName::Publish,
                sent_ns,
            },
        });
        trial
    }

    fn outcome(trial: &TrialEvidence) -> Option<Outcome> {
        check(trial).map(|found| found.outcome)
    }

    #[test]
    fn a_lost_signal_is_caught_and_an_effect_before_it_too() {
        let mut trial = signalled(0);
        assert_eq!(outcome(&trial), Some(Outcome::Pass));
        assert_eq!(outcome(&signalled(u64::MAX - 1)), Some(Outcome::Fail));
        for file in &mut trial.journal {
            file.records
                .retain(|record| record.step != Some(StepName::Publish));
        }
        // The damaged seal decides first; with it mended, the signal is lost.
        assert_eq!(outcome(&trial), Some(Outcome::Unknown));
        super::super::mutation::reseal(&mut trial);
        assert_eq!(outcome(&trial), Some(Outcome::Fail));
        assert!(!is_expected(&trial));
        // It went with the process that waited for it.
        lose_with_its_process(&mut trial);
        assert_eq!(outcome(&trial), Some(Outcome::Fail));
        assert!(is_expected(&trial));
        let mut early = signalled(u64::MAX - 1);
        lose_with_its_process(&mut early);
        assert!(!is_expected(&early));
    }

    fn is_expected(trial: &TrialEvidence) -> bool {
        check(trial).is_some_and(|found| found.expected)
    }

    fn lose_with_its_process(trial: &mut TrialEvidence) {
        let pattern = ("pattern".to_owned(), "long-wait-blocking".to_owned());
        trial.plan.factors.extend([pattern]);
        // It promises nothing.
        trial.engine = None;
    }
}
