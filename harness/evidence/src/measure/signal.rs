//! Signals: what was said to a run, and what that released.

use orchbench_journal::StepName;

use super::{Execution, Executions, TrialEvidence};
use crate::record::EventBody;

/// A signal that the engine acknowledged.
#[derive(Debug)]
pub struct Signal<'a> {
    /// The run.
    pub run: &'a str,
    /// Its name.
    pub name: &'a str,
    /// The step that waits for it.
    pub releases: StepName,
    /// When it was sent.
    pub sent_ns: u64,
    /// When it was acknowledged.
    pub acknowledged_ns: u64,
    /// The executions of that step.
    pub released: Vec<&'a Execution>,
}

/// The acknowledged signals, in that order.
pub fn signals<'a>(trial: &'a TrialEvidence, executions: &'a Executions) -> Vec<Signal<'a>> {
    let acknowledged = trial.events.iter().filter_map(|event| match &event.body {
        EventBody::SignalAcknowledged {
            run,
            signal,
            releases,
            sent_ns,
        } => Some(Signal {
            run,
            name: signal,
            releases: *releases,
            sent_ns: *sent_ns,
            acknowledged_ns: event.t_ns,
            released: executions
                .all()
                .filter(|each| each.run == *run && each.step == *releases)
                .collect(),
        }),
        _ => None,
    });
    acknowledged.collect()
}

impl Signal<'_> {
    /// Why it did not take effect, once, and not before it was sent; `None` where it did.
    pub fn problem(&self) -> Option<String> {
        let Self { run, name, .. } = self;
        let (name, step) = (format!("run {run}: signal {name}"), self.releases);
        let mut early = self.released.iter();
        if let Some(early) = early.find(|each| each.invoked_ns < self.sent_ns) {
            return Some(format!(
                "{name}: {step}, {}: invoked before the signal was sent",
                early.describe()
            ));
        }
        if !self.released.iter().any(|each| each.ok_ns().is_some()) {
            return Some(format!(
                "{name}: acknowledged, and {step} never ended well: the signal was lost"
            ));
        }
        let changed = |each: &&&Execution| each.changed.is_some_and(|changed| changed > 0);
        let changes = self.released.iter().filter(changed).count();
        (changes > 1)
            .then(|| format!("{name}: expected {step} to take effect once, found {changes}"))
    }
}
