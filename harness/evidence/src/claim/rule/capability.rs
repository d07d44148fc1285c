//! Capability: how an engine does a pattern, by the recorded outcomes of programs.

use std::collections::BTreeMap;

use super::{Measured, Test};
use crate::claim::decide::Results;
use crate::claim::definition::{Claim, Level, Rule};
use crate::experiment::CAPABILITY_METRIC;
use crate::record::{ClaimVerdict, EngineValue, Interval, Measurement};

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
            .flat_map(of)
            .map(|each| {
                let found = levels(&[each]);
                EngineValue {
                    engine: each.engine.clone(),
                    settings: each.settings.clone(),
                    text: text(&found),
                    interval: None,
                    n: found.len(),
                }
            })
            .collect(),
        evidence: measurements.iter().map(|each| each.id()).collect(),
        test: Box::new(Capability {
            found,
            expects: *expects,
        }),
    })
}

fn levels(measurements: &[&Measurement]) -> Vec<Level> {
    let trials = measurements.iter().flat_map(|each| &each.trials);
    trials
        .flat_map(|trial| &trial.values)
        .map(|value| match value {
            value if *value >= 2.0 => Level::Native,
            value if *value >= 1.0 => Level::Emulated,
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
    fn value(&self) -> Option<f64> {
        None
    }

    fn p(&self) -> f64 {
        // A program that ran is an observation: there is no chance in it.
        match self.verdict_at(1.0) {
            ClaimVerdict::Undecided => 1.0,
            _ => 0.0,
        }
    }

    fn interval_at(&self, _level: f64) -> Option<Interval> {
        None
    }

    fn figure_at(&self, _level: f64) -> Option<(&'static str, String)> {
        None
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
    use super::*;

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
