//! Capability: how an engine does a pattern, by the recorded outcomes of programs.

use std::collections::BTreeMap;

use super::{Measured, Test};
use crate::claim::decide::Results;
use crate::claim::definition::{Claim, Level, Rule};
use crate::experiment::{CAPABILITY_METRIC, EMULATED, NATIVE};
use crate::record::{ClaimVerdict, EngineValue, Measurement};

/// What each program showed, and what is predicted.
#[derive(Debug, Clone)]
struct Capability {
    found: Vec<Level>,
    expects: Level,
}

pub(super) fn measure(claim: &Claim, results: &Results<'_>) -> Result<Measured, String> {
    let Rule::Capability {
        experiment,
        pattern,
        engine,
        expects,
    } = &claim.text.rule
    else {
        return Err("not a capability".to_owned());
    };
    let of = |engine: &str| -> Vec<&Measurement> {
        let measurements = results.measurements.iter();
        measurements
            .filter(|each| {
                each.experiment == *experiment
                    && each.metric == CAPABILITY_METRIC
                    && each.engine == engine
                    && each.factors.get("pattern") == Some(pattern)
            })
            .collect()
    };
    let measurements = of(engine);
    let found = levels(&measurements);
    if found.is_empty() {
        return Err(format!(
            "a program of the pattern `{pattern}` on {engine}, in the experiment `{experiment}`"
        ));
    }
    let others = claim.text.beside.iter().map(|other| other.engine.as_str());
    Ok(Measured {
        figures: BTreeMap::from([("level", text(&found))]),
        values: std::iter::once(engine.as_str())
            .chain(others)
            .flat_map(|engine| by_settings(engine, &of(engine)))
            .collect(),
        evidence: measurements.iter().map(|each| each.id()).collect(),
        test: Box::new(Capability {
            found,
            expects: *expects,
        }),
    })
}

/// What the programs of an engine showed, under each of its settings.
fn by_settings(engine: &str, measurements: &[&Measurement]) -> Vec<EngineValue> {
    let mut by_settings: BTreeMap<&str, Vec<&Measurement>> = BTreeMap::new();
    for each in measurements {
        by_settings.entry(&each.settings).or_default().push(each);
    }
    by_settings
        .into_iter()
        .map(|(settings, programs)| {
            let found = levels(&programs);
            EngineValue {
                engine: engine.to_owned(),
                settings: settings.to_owned(),
                text: text(&found),
                interval: None,
                n: found.len(),
            }
        })
        .collect()
}

fn levels(measurements: &[&Measurement]) -> Vec<Level> {
    let trials = measurements.iter().flat_map(|each| &each.trials);
    trials
        .flat_map(|trial| &trial.values)
        .map(|value| match value {
            value if *value >= NATIVE => Level::Native,
            value if *value >= EMULATED => Level::Emulated,
            _ => Level::Unsupported,
        })
        .collect()
}

/// `native`, or each level that programs showed.
fn text(found: &[Level]) -> String {
    [
        (Level::Native, "native"),
        (Level::Emulated, "emulated"),
        (Level::Unsupported, "unsupported"),
    ]
    .into_iter()
    .filter(|(level, _)| found.contains(level))
    .map(|(_, word)| word)
    .collect::<Vec<_>>()
    .join(" and ")
}

impl Test for Capability {
    fn p(&self) -> f64 {
        // A program that ran is an observation: there is no chance in it.
        match self.verdict_at(1.0) {
            ClaimVerdict::Undecided => 1.0,
            _ => 0.0,
        }
    }

    fn verdict_at(&self, _level: f64) -> ClaimVerdict {
        let as_expected = self.found.iter().filter(|level| **level == self.expects);
        match as_expected.count() {
            count if count == self.found.len() => ClaimVerdict::Supported,
            0 => ClaimVerdict::Contradicted,
            _ => ClaimVerdict::Undecided,
        }
    }

    fn needs(&self, _level: f64) -> String {
        "programs that agree with each other".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use orchbench_journal::StepName;

    use super::*;
    use crate::check::mutation;
    use crate::claim::decide::decide;
    use crate::experiment;
    use crate::measure::TrialEvidence;
    use crate::record::{EventBody, HistoryStep, TrialSamples};
    use crate::stats::estimate;

    /// The recorded saga, as a program of that pattern: what it is to show does not hang on its kill.
    fn program() -> TrialEvidence {
        let mut trial = mutation::recorded_trial("saga").expect("a recorded saga");
        trial.plan.experiment = "saga".to_owned();
        trial.plan.factors.remove("fault");
        trial
    }

    fn history(trial: &mut TrialEvidence) -> &mut Vec<HistoryStep> {
        let mut events = trial.events.iter_mut();
        let steps = events.find_map(|event| match &mut event.body {
            EventBody::EngineHistory { steps, .. } => Some(steps),
            _ => None,
        });
        steps.expect("a history")
    }

    /// The compensations in a job of their own.
    fn by_another_run(mut trial: TrialEvidence) -> TrialEvidence {
        for step in history(&mut trial) {
            step.in_another_run = step.key.contains("/undo_");
        }
        trial
    }

    /// The compensation of the load left out.
    fn broken(mut trial: TrialEvidence) -> TrialEvidence {
        for file in &mut trial.journal {
            file.records
                .retain(|record| record.step != Some(StepName::UndoLoad));
        }
        let applied = trial.applied.as_mut().expect("an applied log");
        applied.retain(|row| row.step != "undo_load");
        trial
    }

    /// What a claim says of what a program showed on an engine.
    fn verdict(claim: &str, engine: &str, program: Option<TrialEvidence>) -> ClaimVerdict {
        let place = tempfile::tempdir().expect("a temporary folder");
        let folder = mutation::recorded(place.path()).expect("the recorded folder");
        let trials: Vec<TrialSamples> = program
            .iter()
            .map(|trial| TrialSamples {
                trial: trial.plan.id.clone(),
                block: 0,
                values: experiment::samples(trial)
                    .into_iter()
                    .filter(|sample| sample.metric == CAPABILITY_METRIC)
                    .map(|sample| sample.value)
                    .collect(),
            })
            .collect();
        let measurements: Vec<Measurement> = program
            .iter()
            .map(|trial| Measurement {
                experiment: trial.plan.experiment.clone(),
                engine: engine.to_owned(),
                settings: trial.plan.settings.clone(),
                metric: CAPABILITY_METRIC.to_owned(),
                factors: trial.plan.factors.clone(),
                estimate: estimate(&trials),
                trials: trials.clone(),
            })
            .collect();
        let records = decide(&Results {
            plan: &folder.plan().expect("its plan"),
            environment: &folder.environment().expect("its environment"),
            measurements: &measurements,
            verdicts: &[],
            undecidable: BTreeMap::new(),
        });
        let records = records.expect("the embedded claims");
        let record = records.into_iter().find(|record| record.claim == claim);
        record.expect("the claim").verdict
    }

    #[test]
    fn a_row_follows_from_the_program_that_ran() {
        let native = |program| verdict("saga-native", "temporal", program);
        assert_eq!(native(Some(program())), ClaimVerdict::Supported);
        assert_eq!(native(None), ClaimVerdict::NotMeasured);
        assert_eq!(native(Some(broken(program()))), ClaimVerdict::Contradicted);
        let elsewhere = by_another_run(program());
        assert_eq!(native(Some(elsewhere)), ClaimVerdict::Contradicted);

        let emulated = |program| verdict("saga-emulated", "dagster", program);
        let elsewhere = by_another_run(program());
        assert_eq!(emulated(Some(elsewhere.clone())), ClaimVerdict::Supported);
        assert_eq!(
            emulated(Some(broken(elsewhere))),
            ClaimVerdict::Contradicted
        );
        assert_eq!(emulated(Some(program())), ClaimVerdict::Contradicted);
        assert_eq!(emulated(None), ClaimVerdict::NotMeasured);
    }

    #[test]
    fn a_program_whose_history_is_not_told_shows_nothing() {
        let mut untold = program();
        untold
            .events
            .retain(|event| !matches!(event.body, EventBody::EngineHistory { .. }));
        let levels = experiment::samples(&untold);
        assert!(levels.iter().all(|each| each.metric != CAPABILITY_METRIC));
    }

    #[test]
    fn programs_decide_when_they_agree() {
        let verdict = |found: &[Level]| {
            Capability {
                found: found.to_vec(),
                expects: Level::Emulated,
            }
            .verdict_at(0.95)
        };
        assert_eq!(verdict(&[Level::Emulated; 2]), ClaimVerdict::Supported);
        assert_eq!(verdict(&[Level::Native]), ClaimVerdict::Contradicted);
        let mixed = [Level::Native, Level::Emulated];
        assert_eq!(verdict(&mixed), ClaimVerdict::Undecided);
        assert_eq!(text(&mixed), "native and emulated");
    }
}
