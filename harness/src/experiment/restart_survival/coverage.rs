//! Whether a sweep reached what it is to reach: the expectation comes from the code's own lists
//! of steps and points, not from the plan.

use std::collections::{BTreeMap, BTreeSet};

use super::{Parameters, sweep};
use crate::record::TrialPlan;

/// A part of a sweep with points that no trial reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreached {
    /// Scenario, engine and execution.
    pub part: String,
    /// `load/after_effect` and the like.
    pub points: Vec<String>,
}

/// What the sweeps among the planned trials did not reach. A point is reached by a trial that
/// counts: the checker has seen its fault hit there.
pub fn unreached(planned: &[TrialPlan], counted: &[String]) -> Vec<Unreached> {
    let counted: BTreeSet<&str> = counted.iter().map(String::as_str).collect();
    let mut missing: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut reached: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for trial in planned {
        let parameters = serde_json::from_value::<Parameters>(trial.parameters.clone());
        let Ok(parameters) = parameters else { continue };
        if !parameters.sweep || trial.experiment != super::EXPERIMENT.name {
            continue;
        }
        let factor = |name: &str| trial.factors.get(name).cloned().unwrap_or_default();
        let part = format!(
            "{} on {} ({})",
            trial.scenario,
            trial.engine,
            factor("execution")
        );
        missing.entry(part.clone()).or_insert_with(|| {
            sweep::wanted(&parameters)
                .map(|(step, point)| format!("{step}/{point}"))
                .collect()
        });
        if counted.contains(trial.id.as_str()) {
            reached.entry(part).or_default().insert(factor("point"));
        }
    }
    missing
        .into_iter()
        .filter_map(|(part, wanted)| {
            let reached = reached.remove(&part).unwrap_or_default();
            let points: Vec<String> = wanted.difference(&reached).cloned().collect();
            (!points.is_empty()).then_some(Unreached { part, points })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_that_no_trial_reached_is_named() -> anyhow::Result<()> {
        let scenario = crate::scenario::all()?
            .into_iter()
            .find(|each| each.name == "restart-sweep")
            .ok_or_else(|| anyhow::anyhow!("no scenario restart-sweep"))?;
        let planned = crate::experiment::plan(&scenario, 1)?;
        let all: Vec<String> = planned.iter().map(|trial| trial.id.clone()).collect();
        assert_eq!(unreached(&planned, &all), Vec::new());

        let lost = |trial: &&TrialPlan| {
            trial.engine == "temporal" && trial.factors["point"] == "publish/before_return"
        };
        let mut short = all;
        for trial in planned.iter().filter(lost) {
            short.retain(|id| *id != trial.id);
        }
        let expected = Unreached {
            part: "restart-sweep on temporal (in-process)".into(),
            points: vec!["publish/before_return".into()],
        };
        assert_eq!(unreached(&planned, &short), std::slice::from_ref(&expected));
        // A plan that lost the cell altogether is no excuse.
        let cut: Vec<TrialPlan> = planned.iter().filter(|each| !lost(each)).cloned().collect();
        assert_eq!(unreached(&cut, &short), [expected]);
        Ok(())
    }
}
