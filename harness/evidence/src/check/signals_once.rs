//! A signal that was acknowledged takes effect once: the step that it releases is executed
//! after it was sent, never before, and changes something at most once.

use orchbench_journal::StepName;

use super::{Finding, Invariant};
use crate::measure::{Execution, Executions, TrialEvidence};
use crate::record::EventBody;

pub(super) const INVARIANT: Invariant = Invariant {
    name: "signals_once",
    statement: "an acknowledged signal takes effect, once, and not before it was sent",
    check,
};

fn check(trial: &TrialEvidence) -> Option<Finding> {
    let executions = Executions::of(trial);
    let mut signals = 0;
    let mut problems = Vec::new();
    for event in &trial.events {
        let EventBody::SignalAcknowledged {
            run,
            signal,
            releases,
            sent_ns,
        } = &event.body
        else {
            continue;
        };
        signals += 1;
        let released = released(&executions, run, *releases);
        let name = format!("run {run}: signal {signal}");
        problems.extend(effect(&name, *releases, *sent_ns, &released));
    }
    if signals == 0 {
        return None;
    }
    let passed = || {
        Finding::pass(format!(
            "{signals} acknowledged signals, each took effect once"
        ))
    };
    Some(Finding::of_problems(problems, passed).resting_on_journal(trial))
}

fn released<'a>(executions: &'a Executions, run: &str, step: StepName) -> Vec<&'a Execution> {
    executions
        .all()
        .filter(|execution| execution.run == run && execution.step == step)
        .collect()
}

fn effect(name: &str, step: StepName, sent_ns: u64, released: &[&Execution]) -> Option<String> {
    if let Some(early) = released.iter().find(|each| each.invoked_ns < sent_ns) {
        return Some(format!(
            "{name}: {step}, {}: invoked before the signal was sent",
            early.describe()
        ));
    }
    if !released.iter().any(|each| each.ok_ns().is_some()) {
        return Some(format!(
            "{name}: acknowledged, and {step} never ended well: the signal was lost"
        ));
    }
    let changes = released
        .iter()
        .filter(|each| each.changed.is_some_and(|changed| changed > 0))
        .count();
    (changes > 1).then(|| format!("{name}: expected {step} to take effect once, found {changes}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::fixture::TrialBuilder;
    use crate::record::{Event, Outcome};

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
    }
}
