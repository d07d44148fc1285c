//! dbt: the models of a dbt project as pieces of an engine's run. All is well; or one model fails for
//! good, its statement is repaired, and a second run goes on from the first.

mod project;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Condition, Experiment};
use crate::engine::{Job, Models, Pace, Session, Setup, Trial, TrialError, Work};
use crate::scenario::{ConfigError, Scenario, not_empty};
use orchbench_evidence::record::{TrialPlan, TrialStatus};
use orchbench_lab::python;
use project::{BROKEN, Project};

/// Its registered name.
pub(super) const NAME: &str = "dbt";

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: NAME,
    question: "are the models of a dbt project pieces of the engine's own graph, and is only the rest built after a failure",
    plan,
    run,
    seconds,
};

/// The pattern that a trial shows.
const PATTERN: &str = "dbt-models";
/// A start of dbt, in which it reads the project.
const DBT_S: f64 = 3.5;
/// The models of the project.
const MODELS: f64 = 4.0;

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Parameters {
    source: String,
    /// What happens to the models, each in trials of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    cases: Vec<Case>,
    /// A run that has not ended by then is stuck.
    deadline_s: u64,
    /// Trials made at a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    side_by_side: Option<usize>,
}

/// What happens to the models.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Case {
    /// Nothing.
    Well,
    /// One fails; its statement is repaired, and a run goes on.
    Repaired,
}

impl Case {
    fn as_str(self) -> &'static str {
        match self {
            Self::Well => "well",
            Self::Repaired => "repaired",
        }
    }
}

/// Why no trial can be made here; `None` where they can.
pub(super) fn lacks() -> Option<String> {
    python::with_dbt().err()
}

fn plan(scenario: &Scenario) -> Result<Vec<Condition>, ConfigError> {
    let parameters: Parameters = scenario.parameters()?;
    let place = format!("scenario {}: parameters: cases", scenario.name);
    not_empty(&place, &parameters.cases)?;
    let trial = Parameters {
        cases: Vec::new(),
        ..parameters.clone()
    };
    let conditions = parameters.cases.iter().map(|case| {
        let factors = [("case", case.as_str()), ("pattern", PATTERN)];
        Condition {
            side_by_side: parameters.side_by_side.unwrap_or(1),
            ..Condition::new(&factors, &trial).of([&parameters.source])
        }
    });
    Ok(conditions.collect())
}

fn seconds(_trial: &TrialPlan, pace: Pace) -> f64 {
    // dbt reads the project, then builds each model, and of one that failed what is left.
    DBT_S + MODELS * (DBT_S + pace.step_s)
}

fn run(trial: &Trial<'_>) -> Result<TrialStatus, TrialError> {
    let parameters: Parameters = trial.parameters()?;
    let case: Case = trial.factor("case")?;
    let project = Project::prepare(trial, &parameters.source)?;
    // dbt-sqlite has one writer.
    let session = trial.open(Setup {
        journal: true,
        concurrency: 1,
        ..Setup::default()
    })?;
    let within = Duration::from_secs(parameters.deadline_s);
    let mut works = vec![work(trial, &project, None)];
    if case == Case::Repaired {
        project.break_model()?;
        trial.attempt(&*session, &works[0], within)?;
        project.repair_model()?;
        trial.sample("model_failed", 1.0, &[("model", BROKEN)])?;
        works.push(work(trial, &project, Some(&works[0])));
    }
    if let Some(last) = works.last() {
        trial.attempt(&*session, last, within)?;
    }
    tell(trial, &*session, &project, &works)?;
    trial.keep_accounts(&*session, &works)?;
    trial.close(session)?;
    Ok(TrialStatus::Completed)
}

/// A run of all models, or one that goes on from another.
fn work(trial: &Trial<'_>, project: &Project, after: Option<&Work>) -> Work {
    let number = if after.is_some() { 2 } else { 1 };
    Work {
        run: format!("{}~{number}", trial.plan.id),
        job: Job::Models(Models {
            project: project.words.clone(),
            after: after.map(|work| work.run.clone()),
        }),
    }
}

/// Records what the models have come to, and what the engine knows of dbt's graph.
fn tell(
    trial: &Trial<'_>,
    session: &dyn Session,
    project: &Project,
    works: &[Work],
) -> Result<(), TrialError> {
    for (model, wrong) in project.rows_wrong()? {
        match wrong {
            Some(rows) => trial.sample("model_rows_wrong", rows as f64, &[("model", model)])?,
            None => trial.sample("model_missing", 1.0, &[("model", model)])?,
        }
    }
    let told = session.models(works)?;
    let graph = project.words.models();
    for model in graph.map_err(|error| TrialError::Plan(error.to_string()))? {
        for parent in model.reads {
            let edge = (model.name.clone(), parent);
            let known = f64::from(u8::from(told.edges.contains(&edge)));
            let labels = [("model", edge.0.as_str()), ("reads", edge.1.as_str())];
            trial.sample("model_edge_told", known, &labels)?;
        }
        for test in model.tests {
            let known = f64::from(u8::from(told.tests.contains(&test)));
            trial.sample("model_test_told", known, &[("test", &test)])?;
        }
    }
    trial.sample("graph_lines", f64::from(told.graph_lines), &[])?;
    trial.sample("run_lines", f64::from(told.run_lines), &[])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planned(parameters: &str) -> Result<Vec<Condition>, ConfigError> {
        let parameters = format!("source = \"one-day\"\ndeadline_s = 60\n{parameters}");
        EXPERIMENT.planned("models", &parameters)
    }

    #[test]
    fn each_case_is_a_condition_and_shows_the_same_pattern() -> Result<(), ConfigError> {
        let planned = planned("cases = [\"well\", \"repaired\"]")?;
        let told = planned
            .iter()
            .map(|each| (&each.factors["case"], &each.factors["pattern"]));
        let told: Vec<(&str, &str)> = told.map(|(case, pattern)| (&**case, &**pattern)).collect();
        assert_eq!(told, [("well", PATTERN), ("repaired", PATTERN)]);
        Ok(())
    }

    #[test]
    fn what_would_plan_nothing_is_refused_with_its_place() {
        let refused = planned("").expect_err("no cases");
        assert_eq!(
            refused.to_string(),
            "scenario models: parameters: cases: expected at least one, found none"
        );
    }
}
