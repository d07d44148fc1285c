//! Whether a sweep reached what it is to reach: the expectation comes from the code's own lists
//! of steps and points, not from the plan.

use std::collections::{BTreeMap, BTreeSet};

use orchbench_journal::{CrashPoint, StepName};
use serde::Deserialize;

use super::EXPERIMENT;
use crate::experiment::Unreached;
use crate::record::TrialPlan;

/// What of a trial's parameters says which cells a sweep is to reach.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Parameters {
    sweep: bool,
    steps: Vec<StepName>,
    points: Vec<CrashPoint>,
}

/// The cells of a sweep: every step and point, or those of the given steps and points.
pub fn sweep_cells(
    steps: &[StepName],
    points: &[CrashPoint],
) -> impl Iterator<Item = (StepName, CrashPoint)> {
    StepName::ALL
        .into_iter()
        .filter(move |step| steps.is_empty() || steps.contains(step))
        .flat_map(|step| CrashPoint::ALL.map(|point| (step, point)))
        .filter(move |(_, point)| points.is_empty() || points.contains(point))
}

/// What the sweeps among the planned trials did not reach. A point is reached by a trial that
/// counts: the checker has seen its fault hit there.
pub(super) fn unreached(planned: &[TrialPlan], counted: &[String]) -> Vec<Unreached> {
    let counted: BTreeSet<&str> = counted.iter().map(String::as_str).collect();
    let mut missing: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut reached: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for trial in planned {
        let parameters = serde_json::from_value::<Parameters>(trial.parameters.clone());
        let Ok(parameters) = parameters else { continue };
        if !parameters.sweep || trial.experiment != EXPERIMENT.name {
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
            sweep_cells(&parameters.steps, &parameters.points)
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
