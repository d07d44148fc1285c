//! Change: a source of some days is made; then one of its days is corrected, or the code of a step has a
//! new version, or nothing happens; and the engine is asked, as its users would, to bring up to date what
//! is not. Or the first run is interrupted, all of the engine killed when half of the days are loaded, and
//! is begun again where the engine does not go on with it by itself: a backfill. Or a step of one day fails in it
//! until what it fails of is mended, and it is begun again after that.

use std::path::Path;
use std::time::{Duration, Instant};

use orchbench_etl::journal::{self, Kind, Per, Record};
use orchbench_etl::{Day, FailurePlan, RetrySpec, Source, StepName, excerpt};
use serde::{Deserialize, Serialize};

use super::{Condition, Experiment};
use crate::engine::{
    Ended, Job, Pace, Pipeline, Refresh, Refreshed, Session, Setup, Trial, TrialError, Work,
};
use crate::fault::KILL_HOST;
use crate::scenario::{ConfigError, Scenario, not_empty};
use orchbench_evidence::record::{TrialPlan, TrialStatus};

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "change",
    question: "when one day of a source or the code of a step changes, what is made again",
    plan,
    run,
    seconds,
};

/// How long a supervisor waits before it starts a dead worker again.
const RESTART_DELAY: Duration = Duration::from_millis(500);
/// How often it is looked whether half of the days are loaded.
const LOOK: Duration = Duration::from_millis(20);

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Parameters {
    source: String,
    /// What changes, each in trials of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    changed: Vec<Changed>,
    /// The day of the source that is corrected, or of which a step fails.
    day: Day,
    /// The step whose code has a new version, which makes the same, or which fails.
    step: StepName,
    /// A run that has not ended by then is stuck.
    deadline_s: u64,
    /// Trials made at a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    side_by_side: Option<usize>,
}

/// What changes between the two runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Changed {
    /// Nothing.
    Nothing,
    /// One row of one day of the flights: a late correction.
    Partition,
    /// The version of the code of one step.
    Code,
    /// No data and no code: the first run is cut short by SIGKILL of everything.
    Interrupted,
    /// No data and no code: a step of one day fails in the first run, for good, and what it failed of is
    /// mended before the second.
    Failing,
}

impl Changed {
    fn as_str(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Partition => "partition",
            Self::Code => "code",
            Self::Interrupted => "interrupted",
            Self::Failing => "failing",
        }
    }
}

fn plan(scenario: &Scenario) -> Result<Vec<Condition>, ConfigError> {
    let parameters: Parameters = scenario.parameters()?;
    let invalid = |what: &str, message: String| ConfigError::Invalid {
        place: format!("scenario {}: parameters: {what}", scenario.name),
        message,
    };
    let source = Source::embedded(&parameters.source);
    let source = source.map_err(|error| invalid("source", error.to_string()))?;
    if !source.days.contains(parameters.day) {
        let (days, found) = (source.days, parameters.day);
        let message = format!("expected a day of {}, {days}, found {found}", source.name);
        return Err(invalid("day", message));
    }
    let fails = parameters.changed.contains(&Changed::Failing);
    if fails && parameters.step.per() == Per::Run {
        let message = format!("expected a step of each day, found {}", parameters.step);
        return Err(invalid("step", message));
    }
    let place = format!("scenario {}: parameters: changed", scenario.name);
    not_empty(&place, &parameters.changed)?;
    let trial = Parameters {
        changed: Vec::new(),
        ..parameters.clone()
    };
    let conditions = parameters.changed.iter().map(|changed| Condition {
        side_by_side: parameters.side_by_side.unwrap_or(1),
        ..Condition::new(&[("changed", changed.as_str())], &trial).of([&parameters.source])
    });
    Ok(conditions.collect())
}

fn seconds(trial: &TrialPlan, pace: Pace) -> f64 {
    let days = trial.parameters["source"]
        .as_str()
        .and_then(|name| Source::embedded(name).ok())
        .map_or(1, |source| source.days.len()) as f64;
    // Three steps before the days, five a day, two after them; and a run of each day where days are such.
    // What is made again is less, and the input is cut out first.
    2.0 + 1.5 * ((5.0 + 5.0 * days) * pace.step_s + days * pace.partition_s)
}

fn run(trial: &Trial<'_>) -> Result<TrialStatus, TrialError> {
    let parameters: Parameters = trial.parameters()?;
    let changed: Changed = trial.factor("changed")?;
    let source = Source::embedded(&parameters.source);
    let source = source.map_err(|error| TrialError::Plan(error.to_string()))?;
    let data = trial.dir("data")?;
    let put = |uncorrected: Option<Day>| {
        excerpt::write(&data, &source, uncorrected)
            .map_err(|error| TrialError::Plan(format!("its input: {}", error.message)))
    };
    put((changed == Changed::Partition).then_some(parameters.day))?;
    // Of its own: the catalogue service outlives the trial, and knows an announcement by its key.
    let first = work(trial, &parameters, None);
    let code = (changed == Changed::Code).then_some(parameters.step);
    let again = work(trial, &parameters, Some((&first, code)));
    let failing = changed == Changed::Failing;
    // Beside the input, where nobody looks for one.
    let cause = data.join("unmended");
    let session = trial.open(Setup {
        journal: true,
        failure: failing.then(|| failure(&parameters, &cause)),
        jobs: vec![first.job.clone(), again.job.clone()],
        data_dir: Some(data.clone()),
        restart_delay: (changed == Changed::Interrupted).then_some(RESTART_DELAY),
        ..Setup::default()
    })?;
    let deadline = Duration::from_secs(parameters.deadline_s);
    if changed == Changed::Interrupted {
        let days = source.days.len();
        let last = interrupt(trial, &*session, [&first, &again], days, deadline)?;
        let told = last.map(|last| session.refreshed(last)).transpose()?;
        if let Some(refreshed) = told.flatten() {
            record(trial, &refreshed)?;
        }
        let begun = match last {
            Some(last) if last == &again => vec![first.clone(), again.clone()],
            _ => vec![first.clone()],
        };
        trial.close_and_keep(session, &begun)?;
        return Ok(last.map_or(TrialStatus::Void, |_| TrialStatus::Completed));
    }
    if failing {
        let unmended = |error| TrialError::Plan(format!("{}: {error}", cause.display()));
        std::fs::write(&cause, "").map_err(unmended)?;
        let ended = trial.attempt(&*session, &first, deadline)?;
        if ended == Ended::Stuck || !has_failed(trial, &parameters)? {
            // Nothing is there to be mended, or it is still at work.
            trial.close_and_keep(session, &[first])?;
            return Ok(TrialStatus::Void);
        }
        std::fs::remove_file(&cause).map_err(unmended)?;
    } else {
        trial.complete(&*session, &first, deadline)?;
    }
    if changed == Changed::Partition {
        put(None)?;
    }
    trial.attempt(&*session, &again, deadline)?;
    if let Some(refreshed) = session.refreshed(&again)? {
        record(trial, &refreshed)?;
    }
    trial.close_and_keep(session, &[first, again])?;
    Ok(TrialStatus::Completed)
}

/// The failures of a step of one day, while a file is there.
fn failure(parameters: &Parameters, cause: &Path) -> FailurePlan {
    FailurePlan {
        fail_first: u32::MAX,
        steps: vec![parameters.step],
        partitions: vec![parameters.day],
        cause: Some(cause.to_owned()),
        fatal: true,
        ..FailurePlan::default()
    }
}

/// Begins the first run and kills everything that the engine consists of when half of the days are loaded;
/// then waits for its end where the engine promises to go on with it, and else begins another. Gives the one
/// that was waited for; `None` where the kill came too late, or never, to leave something to go on with.
fn interrupt<'a>(
    trial: &Trial<'_>,
    session: &dyn Session,
    [first, again]: [&'a Work; 2],
    days: usize,
    within: Duration,
) -> Result<Option<&'a Work>, TrialError> {
    trial.armed(KILL_HOST, "half of the days")?;
    trial.start(session, first)?;
    if !half_is_loaded(trial, days, within)? {
        return Ok(None);
    }
    for pid in trial.kill_all(session)? {
        trial.fired(KILL_HOST, "half of the days", Some(pid))?;
    }
    if loaded(trial)? >= days {
        return Ok(None);
    }
    session.restart_services()?;
    let execution = trial.execution()?;
    let under = format!("{}/{}", execution.as_str(), trial.plan.settings);
    let mut promised = trial.engine.resumes.iter();
    if promised.any(|each| *each == execution.as_str() || *each == under) {
        trial.end(session, first, within)?;
        return Ok(Some(first));
    }
    trial.attempt(session, again, within)?;
    Ok(Some(again))
}

/// Waits until at least half of the days are loaded, by the journal; false where they are not in time.
fn half_is_loaded(trial: &Trial<'_>, days: usize, within: Duration) -> Result<bool, TrialError> {
    let deadline = Instant::now() + within;
    while Instant::now() < deadline {
        if trial.interrupted() {
            return Err(TrialError::Interrupted);
        }
        if loaded(trial)? * 2 >= days {
            return Ok(true);
        }
        std::thread::sleep(LOOK);
    }
    Ok(false)
}

/// How many loads ended well, by the journal.
fn loaded(trial: &Trial<'_>) -> Result<usize, TrialError> {
    ended_so(trial, Kind::Ok, StepName::Load, |_| true)
}

/// Whether the step failed that was to, by the journal.
fn has_failed(trial: &Trial<'_>, parameters: &Parameters) -> Result<bool, TrialError> {
    let of_day = |record: &Record| record.partition == Some(parameters.day);
    Ok(ended_so(trial, Kind::Error, parameters.step, of_day)? > 0)
}

/// How many executions of a step ended in one way, by the journal.
fn ended_so(
    trial: &Trial<'_>,
    kind: Kind,
    step: StepName,
    more: impl Fn(&Record) -> bool,
) -> Result<usize, TrialError> {
    let read = journal::read_dir(&trial.journal_dir())
        .map_err(|error| TrialError::Plan(error.to_string()))?;
    let so = |each: &&Record| each.kind == kind && each.step == Some(step) && more(each);
    Ok(read.records.iter().filter(so).count())
}

/// The first run of a trial, or the one after it, on code of which a step's may have a new version.
fn work(
    trial: &Trial<'_>,
    parameters: &Parameters,
    after: Option<(&Work, Option<StepName>)>,
) -> Work {
    let part = if after.is_some() { "again" } else { "first" };
    Work {
        run: format!("{}.{part}", trial.plan.id),
        job: Job::Refresh(Refresh {
            pipeline: Pipeline::new(&parameters.source, RetrySpec::default()),
            changed_code: after.and_then(|(_, code)| code),
            after: after.map(|(first, _)| first.run.clone()),
        }),
    }
}

/// Writes down how the engine knew what to make.
fn record(trial: &Trial<'_>, refreshed: &Refreshed) -> Result<(), TrialError> {
    for key in &refreshed.called_stale {
        trial.sample("called_stale", 1.0, &[("key", key)])?;
    }
    let lines = f64::from(refreshed.user_code_lines);
    trial.sample("user_code_lines", lines, &[])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planned(parameters: &str) -> Result<Vec<Condition>, ConfigError> {
        let step = match parameters.contains("step = ") {
            true => "",
            false => "step = \"transform\"\n",
        };
        let parameters = format!("source = \"my-source\"\ndeadline_s = 60\n{step}{parameters}");
        EXPERIMENT.planned("changes", &parameters)
    }

    #[test]
    fn each_change_has_trials_of_its_own() -> Result<(), ConfigError> {
        let planned = planned("day = \"2013-01-03\"\nchanged = [\"nothing\", \"code\"]")?;
        let changed = planned.iter().map(|each| each.factors["changed"].as_str());
        assert_eq!(changed.collect::<Vec<&str>>(), ["nothing", "code"]);
        Ok(())
    }

    #[test]
    fn what_cannot_change_is_refused_with_its_place() {
        for (parameters, expected) in [
            (
                "day = \"2013-02-01\"\nchanged = [\"partition\"]",
                "scenario changes: parameters: day: expected a day of my-source, 2013-01-01 to 2013-01-07, \
                 found 2013-02-01",
            ),
            (
                "day = \"2013-01-01\"\nchanged = [\"failing\"]\nstep = \"publish\"",
                "scenario changes: parameters: step: expected a step of each day, found publish",
            ),
            (
                "day = \"2013-01-01\"",
                "scenario changes: parameters: changed: expected at least one, found none",
            ),
        ] {
            let refused = planned(parameters).expect_err("refused");
            assert_eq!(refused.to_string(), expected);
        }
    }
}
