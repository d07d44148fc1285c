//! The measurements and verdicts that a side of a claim names.

use std::collections::{BTreeMap, BTreeSet};

use super::definition::SideOf;
use crate::document::{number, unit_of};
use crate::record::{EngineValue, Estimate, Interval, Measurement, Plan, TrialPlan, TrialSamples};
use crate::stats::{LEVEL, Pair, by_block, clopper_pearson};

type Factors = BTreeMap<String, String>;
/// A block and the conditions that tell its trials apart.
type PairKey = (u32, Factors);

/// The measurements of one side, one a condition.
pub(super) struct Selected<'a> {
    pub measurements: Vec<&'a Measurement>,
}

impl<'a> Selected<'a> {
    /// The measurements of a metric under the side's conditions.
    pub fn of(
        measurements: &'a [Measurement],
        experiment: &str,
        metric: &str,
        side: &SideOf,
    ) -> Self {
        let measurements = measurements
            .iter()
            .filter(|each| {
                each.experiment == experiment
                    && each.metric == metric
                    && each.engine == side.engine
                    && each.settings == side.settings
                    && each.factors.get("scenario") == Some(&side.scenario)
                    && contains(&each.factors, &side.factors)
            })
            .collect();
        Self { measurements }
    }

    /// How many trials have a value above 0, and how many there are.
    pub fn wrong(&self) -> (usize, usize) {
        let trials = self.measurements.iter().flat_map(|each| &each.trials);
        trials.fold((0, 0), |(wrong, n), trial| {
            let any = trial.values.iter().any(|value| *value > 0.0);
            (wrong + usize::from(any), n + 1)
        })
    }

    /// The count of wrong trials as it is shown; `None` of no trials.
    pub fn count_value(&self, side: &SideOf) -> Option<EngineValue> {
        let (wrong, n) = self.wrong();
        let (low, high) = clopper_pearson(wrong, n, LEVEL)?;
        Some(EngineValue {
            engine: side.engine.clone(),
            settings: side.settings.clone(),
            text: format!("{wrong} of {n}"),
            interval: Some(Interval {
                low,
                high,
                level: LEVEL,
            }),
            n,
        })
    }

    /// The side's own estimate as it is shown: over trials of one condition, or over blocks
    /// in which several conditions are averaged. `None` of no trials.
    pub fn value(&self, side: &SideOf, metric: &str) -> Option<EngineValue> {
        let estimate = match self.measurements.as_slice() {
            [] => return None,
            [one] => one.estimate.clone(),
            _ => self.over_blocks(),
        };
        let unit = match unit_of(metric) {
            "" => String::new(),
            unit => format!(" {unit}"),
        };
        Some(EngineValue {
            engine: side.engine.clone(),
            settings: side.settings.clone(),
            text: format!("{}{unit}", number(estimate.value)),
            interval: estimate.interval,
            n: estimate.trials,
        })
    }

    fn over_blocks(&self) -> Estimate {
        let conditions: Vec<&[TrialSamples]> = self
            .measurements
            .iter()
            .map(|each| each.trials.as_slice())
            .collect();
        by_block(&conditions).estimate()
    }

    /// The values by block and condition; a condition is its factors that `tells` keeps.
    fn values(&self, tells: impl Fn(&str) -> bool) -> BTreeMap<PairKey, Vec<f64>> {
        let mut values: BTreeMap<PairKey, Vec<f64>> = BTreeMap::new();
        for measurement in &self.measurements {
            let mut condition = measurement.factors.clone();
            condition.retain(|name, _| tells(name));
            for trial in &measurement.trials {
                let key = (trial.block, condition.clone());
                values.entry(key).or_default().extend(&trial.values);
            }
        }
        values
    }

    /// Ids of the measurements.
    pub fn ids(&self) -> Vec<String> {
        self.measurements.iter().map(|each| each.id()).collect()
    }
}

/// Trials of the same block under the same remaining conditions, in pairs; a side may lack.
pub(super) fn pairs(a: &Selected<'_>, b: &Selected<'_>, sides: [&SideOf; 2]) -> Vec<Pair> {
    let tells = |name: &str| {
        name != "scenario" && !sides.iter().any(|side| side.factors.contains_key(name))
    };
    let (mut firsts, mut seconds) = (a.values(tells), b.values(tells));
    let keys: BTreeSet<PairKey> = firsts.keys().chain(seconds.keys()).cloned().collect();
    keys.into_iter()
        .map(|key| Pair {
            block: key.0,
            name: pair_name(&key),
            a: firsts.remove(&key).unwrap_or_default(),
            b: seconds.remove(&key).unwrap_or_default(),
        })
        .collect()
}

/// `block 2`, or `block 2, point=load` where conditions remain.
fn pair_name((block, rest): &PairKey) -> String {
    let rest: String = rest
        .iter()
        .map(|(name, value)| format!(", {name}={value}"))
        .collect();
    format!("block {block}{rest}")
}

/// Ids of the planned trials of a side.
pub(super) fn trials<'a>(plan: &'a Plan, experiment: &str, side: &SideOf) -> Vec<&'a str> {
    let of_side = |trial: &&TrialPlan| {
        // Twins are there to be compared with the first: they count in nothing else.
        !trial.twin
            && trial.experiment == experiment
            && trial.engine == side.engine
            && trial.settings == side.settings
            && trial.scenario == side.scenario
            && contains(&trial.factors, &side.factors)
    };
    plan.trials
        .iter()
        .filter(of_side)
        .map(|trial| trial.id.as_str())
        .collect()
}

fn contains(all: &Factors, some: &Factors) -> bool {
    some.iter()
        .all(|(name, value)| all.get(name) == Some(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One condition of an engine: a value a block.
    fn at(engine: &str, point: &str, values: &[f64]) -> Measurement {
        let factors = [("scenario", "s"), ("point", point)];
        Measurement {
            experiment: "e".into(),
            engine: engine.into(),
            settings: "default".into(),
            metric: "recovery_ms".into(),
            factors: factors
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            trials: values
                .iter()
                .zip(0..)
                .map(|(value, block)| TrialSamples {
                    trial: format!("{engine}-{point}-{block}"),
                    block,
                    values: vec![*value],
                })
                .collect(),
            estimate: Estimate {
                value: 0.0,
                interval: None,
                trials: values.len(),
                samples: values.len(),
            },
        }
    }

    fn side(engine: &str) -> SideOf {
        SideOf {
            engine: engine.into(),
            settings: "default".into(),
            single_setting: false,
            scenario: "s".into(),
            factors: Factors::new(),
        }
    }

    #[test]
    fn sides_pair_by_block_and_condition_and_are_averaged_within_a_block() {
        let measurements = [
            at("x", "load", &[1.0, 2.0]),
            at("x", "transform", &[3.0]),
            at("y", "load", &[10.0, 10.0]),
            at("y", "transform", &[20.0, 20.0]),
        ];
        let of = |engine: &str| Selected::of(&measurements, "e", "recovery_ms", &side(engine));
        let pairs = pairs(&of("x"), &of("y"), [&side("x"), &side("y")]);
        let names: Vec<(&str, usize, usize)> = pairs
            .iter()
            .map(|pair| (pair.name.as_str(), pair.a.len(), pair.b.len()))
            .collect();
        assert_eq!(
            names,
            [
                ("block 0, point=load", 1, 1),
                ("block 0, point=transform", 1, 1),
                ("block 1, point=load", 1, 1),
                ("block 1, point=transform", 0, 1),
            ]
        );
        let shown = of("y").value(&side("y"), "recovery_ms");
        assert!(shown.is_some_and(|value| value.text == "15 ms" && value.n == 2));
    }

    #[test]
    fn a_kill_that_leaves_several_runs_wrong_is_one_kill() {
        let mut kills = at("x", "load", &[1.0, 0.0]);
        kills.trials[0].values = vec![1.0, 1.0, 0.0, 1.0];
        let kills = [kills];
        let selected = Selected::of(&kills, "e", "recovery_ms", &side("x"));
        assert_eq!(selected.wrong(), (1, 2));
    }
}
