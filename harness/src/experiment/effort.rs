//! Effort: what a user writes for a pattern, on each engine, by programs that run. A program that does not
//! come out right is no program of the pattern, and nothing of it is counted.

use std::time::Duration;

use orchbench_etl::{CrashPoint, FailurePlan, RetrySpec, StepName};
use serde::{Deserialize, Serialize};

use super::{Condition, Experiment, waits};
use crate::engine::{Job, Pace, Pipeline, Session, Setup, Trial, TrialError, Work};
use crate::scenario::{ConfigError, Scenario, not_empty};
use orchbench_evidence::experiment::effort::{CONCEPTS, LINES, PROCESSES};
use orchbench_evidence::record::{TrialPlan, TrialStatus};

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "effort",
    question: "how much has a user to write for each pattern, and can control flow depend on a result",
    plan,
    run,
    seconds,
};

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Parameters {
    /// The programs, each in trials of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    programs: Vec<Program>,
    /// The source of what is one day.
    source: String,
    /// The source of a loop that may take several days.
    days_source: String,
    /// How many rows end a loop.
    enough_rows: u64,
    /// A run that has not ended by then is stuck.
    deadline_s: u64,
}

/// A program: a pattern, and how it is to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Program {
    /// Every day of a source.
    Pipeline,
    /// All or nothing: its announcement fails for good.
    Undoing,
    /// A person's word.
    Approval,
    /// Days until there is enough.
    Enough,
    /// Days that run out before.
    Short,
}

impl Program {
    fn as_str(self) -> &'static str {
        match self {
            Self::Pipeline => "pipeline",
            Self::Undoing => "undoing",
            Self::Approval => "approval",
            Self::Enough => "enough",
            Self::Short => "short",
        }
    }

    /// What it is a program of: the id of its user's code.
    fn pattern(self) -> &'static str {
        match self {
            Self::Enough | Self::Short => "data-dependent-loop",
            other => other.as_str(),
        }
    }

    fn source(self, parameters: &Parameters) -> &String {
        match self {
            Self::Pipeline | Self::Enough => &parameters.days_source,
            Self::Undoing | Self::Approval | Self::Short => &parameters.source,
        }
    }

    fn job(self, parameters: &Parameters) -> Job {
        let pipeline = Pipeline::new(self.source(parameters), RetrySpec::default());
        match self {
            Self::Pipeline => Job::Pipeline(pipeline),
            Self::Undoing => Job::Saga(pipeline),
            Self::Approval => Job::Approval(pipeline),
            Self::Enough | Self::Short => Job::Enough {
                pipeline,
                rows: parameters.enough_rows,
            },
        }
    }

    /// Whether what the warehouse has of its source in the end is held against what it should.
    fn is_of_all_its_source(self) -> bool {
        !matches!(self, Self::Enough | Self::Short)
    }
}

fn plan(scenario: &Scenario) -> Result<Vec<Condition>, ConfigError> {
    let parameters: Parameters = scenario.parameters()?;
    let place = format!("scenario {}: parameters", scenario.name);
    not_empty(&format!("{place}: programs"), &parameters.programs)?;
    let trial = Parameters {
        programs: Vec::new(),
        ..parameters.clone()
    };
    let programs = parameters.programs.iter();
    let conditions = programs.map(|program| {
        let factors = [
            ("pattern", program.pattern()),
            ("program", program.as_str()),
        ];
        let condition = Condition::new(&factors, &trial);
        match program.is_of_all_its_source() {
            true => condition.of([program.source(&parameters)]),
            false => condition,
        }
    });
    Ok(conditions.collect())
}

fn seconds(trial: &TrialPlan, pace: Pace) -> f64 {
    let days = match trial.factors.get("program").map(String::as_str) {
        Some("pipeline") => 7.0,
        Some("enough") => 3.0,
        _ => 1.0,
    };
    1.0 + pace.start_s + (5.0 + 5.0 * days) * pace.step_s + days * pace.partition_s
}

fn run(trial: &Trial<'_>) -> Result<TrialStatus, TrialError> {
    let parameters: Parameters = trial.parameters()?;
    let program: Program = trial.factor("program")?;
    let work = Work {
        // Of its own: the catalogue service outlives the trial, and knows an announcement by its key.
        run: trial.plan.id.clone(),
        job: program.job(&parameters),
    };
    let session = trial.open(Setup {
        journal: true,
        failure: (program == Program::Undoing).then(|| announcement_fails(trial)),
        jobs: vec![work.job.clone()],
        ..Setup::default()
    })?;
    count(trial, &*session, program.pattern())?;
    let deadline = Duration::from_secs(parameters.deadline_s);
    trial.start(&*session, &work)?;
    if program == Program::Approval && waits::awaited(trial, &*session, &work, deadline)? {
        waits::say(trial, &*session, &work)?;
    }
    trial.end(&*session, &work, deadline)?;
    trial.close_and_keep(session, &[work])?;
    Ok(TrialStatus::Completed)
}

/// Records what the pattern takes: the user's lines, names of the engine's own in them, and processes
/// that have to be there.
fn count(trial: &Trial<'_>, session: &dyn Session, pattern: &str) -> Result<(), TrialError> {
    let programs = (trial.engine.programs)();
    trial.sample(LINES, f64::from(programs.lines(pattern)), &[])?;
    trial.sample(CONCEPTS, f64::from(programs.concepts(pattern)), &[])?;
    trial.sample(PROCESSES, session.processes().len() as f64, &[])
}

fn announcement_fails(trial: &Trial<'_>) -> FailurePlan {
    FailurePlan {
        seed: trial.block_seed(),
        fail_first: u32::MAX,
        steps: vec![StepName::Announce],
        point: CrashPoint::BeforeEffect,
        fatal: true,
        ..FailurePlan::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planned(programs: &str) -> Result<Vec<Condition>, ConfigError> {
        let parameters = format!(
            "source = \"one-day\"\ndays_source = \"my-source\"\nenough_rows = 900\ndeadline_s = 60\n{programs}"
        );
        EXPERIMENT.planned("efforts", &parameters)
    }

    #[test]
    fn both_ends_of_a_loop_are_programs_of_one_pattern() -> Result<(), ConfigError> {
        let planned = planned("programs = [\"pipeline\", \"enough\", \"short\"]")?;
        let patterns = planned.iter().map(|each| each.factors["pattern"].as_str());
        let loops = "data-dependent-loop";
        assert_eq!(patterns.collect::<Vec<_>>(), ["pipeline", loops, loops]);
        Ok(())
    }

    #[test]
    fn what_would_plan_nothing_is_refused_with_its_place() {
        let refused = planned("").expect_err("no programs");
        assert_eq!(
            refused.to_string(),
            "scenario efforts: parameters: programs: expected at least one, found none"
        );
    }
}
