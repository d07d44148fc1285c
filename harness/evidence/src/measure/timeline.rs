//! A struck trial, execution by execution, on the time since it was struck.

use std::collections::BTreeMap;

use orchbench_journal::StepName;

use super::{Execution, Executions, TrialEvidence};
use crate::record::EventBody;

/// A trial's executions around the instant at which something in it was struck.
#[derive(Debug, Clone, PartialEq)]
pub struct Timeline {
    /// The trial's id.
    pub trial: String,
    /// Its engine.
    pub engine: String,
    /// Its settings.
    pub settings: String,
    /// Its scenario and factors.
    pub factors: BTreeMap<String, String>,
    /// Each execution, in the order of invocation.
    pub bars: Vec<Bar>,
    /// When the last run ended well, seconds after; `None` where one did not.
    pub ended_s: Option<f64>,
}

/// One execution of a step.
#[derive(Debug, Clone, PartialEq)]
pub struct Bar {
    /// The step.
    pub step: StepName,
    /// When it was invoked, seconds after the strike, below 0 before it.
    pub from_s: f64,
    /// When it ended, however it did; the strike where it is not known to have ended.
    pub to_s: f64,
    /// What became of it.
    pub fate: Fate,
}

/// What became of an execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It ended well, the first one of its step.
    Done,
    /// It failed, or did not end.
    Lost,
    /// It ended well, after another one of the same step.
    DoneAgain,
}

impl Timeline {
    /// Of a trial in which something was struck; `None` of one in which nothing was, or that has no journal.
    pub fn of(trial: &TrialEvidence) -> Option<Self> {
        let executions = Executions::of(trial);
        let struck_ns = struck_ns(trial, &executions)?;
        let since_s = |t_ns: u64| (i128::from(t_ns) - i128::from(struck_ns)) as f64 / 1e9;
        let bar = |each: &Execution, earlier: usize| {
            let finished_ns = each.finish.as_ref().map(|finish| finish.t_ns);
            let ended_ns = finished_ns.or(each.crash.map(|(_, t_ns)| t_ns));
            Bar {
                step: each.step,
                from_s: since_s(each.invoked_ns),
                to_s: since_s(ended_ns.unwrap_or(struck_ns.max(each.invoked_ns))),
                fate: match (each.ok_ns(), earlier) {
                    (None, _) => Fate::Lost,
                    (Some(_), 0) => Fate::Done,
                    (Some(_), _) => Fate::DoneAgain,
                },
            }
        };
        let by_key = executions.by_key.values();
        let numbered = by_key.flat_map(|each| each.iter().enumerate());
        let mut bars: Vec<Bar> = numbered.map(|(earlier, each)| bar(each, earlier)).collect();
        bars.sort_by(|a, b| a.from_s.total_cmp(&b.from_s));
        let mut factors = trial.plan.factors.clone();
        factors.insert("scenario".to_owned(), trial.plan.scenario.clone());
        let ends_ns = trial
            .runs()
            .iter()
            .map(|run| run.ended_ns.filter(|_| run.failure.is_none()))
            .collect::<Option<Vec<u64>>>();
        Some(Self {
            trial: trial.plan.id.clone(),
            engine: trial.plan.engine.clone(),
            settings: trial.plan.settings.clone(),
            factors,
            bars,
            ended_s: ends_ns.and_then(|ends| ends.into_iter().max()).map(since_s),
        })
    }
}

/// When it was first struck: by the journal where a process struck itself, else by the harness's word.
pub fn struck_ns(trial: &TrialEvidence, executions: &Executions) -> Option<u64> {
    let crashes = executions.all().filter_map(|each| Some(each.crash?.1));
    crashes.min().or_else(|| {
        let strikes = trial.events.iter().filter(|event| {
            matches!(
                event.body,
                EventBody::ServerKilled { .. } | EventBody::FaultFired { .. }
            )
        });
        strikes.map(|event| event.t_ns).next()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::fixture::TrialBuilder;

    #[test]
    fn what_was_struck_is_lost_and_what_came_after_it_is_done_again() {
        let trial = TrialBuilder::killed("t").evidence();
        let timeline = Timeline::of(&trial).expect("it was struck");
        let of = |fate: Fate| timeline.bars.iter().filter(move |bar| bar.fate == fate);
        let lost: Vec<&Bar> = of(Fate::Lost).collect();
        assert_eq!(lost.len(), 1, "{:?}", timeline.bars);
        assert!(lost[0].from_s < 0.0 && lost[0].to_s.abs() < 1e-9);
        let again = of(Fate::DoneAgain).find(|bar| bar.step == lost[0].step);
        assert!(again.is_some_and(|bar| bar.from_s > 0.0));
        assert!(of(Fate::Done).count() > 0);
        assert!(timeline.ended_s.is_some_and(|end| end > 0.0));
    }

    #[test]
    fn nothing_struck_nothing_to_show() {
        let mut trial = TrialBuilder::killed("t").evidence();
        trial.events.clear();
        trial.journal.clear();
        assert_eq!(Timeline::of(&trial), None);
    }
}
