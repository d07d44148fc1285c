//! Timers: a run that has published waits for a time to pass before it announces; or many reminders wait, which
//! do hardly anything else. Meanwhile everything that the engine consists of is killed, and started again. The time
//! is seconds of the real clock; or days, most of which the engine skips for the run, where it can.

use std::time::{Duration, Instant};

use orchbench_etl::RetrySpec;
use serde::{Deserialize, Serialize};

use super::{CLOCK, Condition, Experiment, SKIPPED, waits};
use crate::engine::{Embargo, Job, Pace, Pipeline, Session, Setup, Trial, TrialError, Work};
use crate::scenario::{ConfigError, Scenario, not_empty};
use orchbench_evidence::record::{TrialPlan, TrialStatus};

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "timers",
    question: "does a run that waits for a time to pass go on once, and how late, when everything is killed meanwhile",
    plan,
    run,
    seconds,
};

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Parameters {
    /// Runs are spread over these: those of one source publish one after the other, as of two at once the older is
    /// refused.
    sources: Vec<String>,
    /// What it is that waits.
    #[serde(default, skip_serializing_if = "Program::is_pipeline")]
    program: Program,
    /// How long a run waits after what comes before the wait.
    embargo_s: u64,
    /// How many runs wait at a time, each in trials of its own; one where nothing is said.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    runs: Vec<u32>,
    /// How many of them are brought to wait at a time; as many as there are sources where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at_a_time: Option<usize>,
    /// How long it is watched what they take while they wait, before the restart and after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    watch_s: Option<u64>,
    /// By which clock.
    clock: Clock,
    /// What of the wait is not skipped, by a clock that skips.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    leave_ms: Option<u64>,
    /// How long a supervisor waits before it starts a dead worker again.
    restart_delay_ms: u64,
    heartbeat_timeout_ms: u64,
    /// A run that does not wait by then, or has not ended that long after its time, is stuck.
    deadline_s: u64,
    /// Trials made at a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    side_by_side: Option<usize>,
}

/// How many times as fast several at a time get to wait as one, at most: a machine has few processors.
const GAINED: usize = 4;

/// How many times as long as a first start a restart of everything may take, on stores with many runs.
const RESTARTED: f64 = 3.0;

/// The factor that says how many runs wait.
const RUNS: &str = "runs";

/// What it is that waits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Program {
    /// The ETL, between publication and announcement.
    #[default]
    Pipeline,
    /// A reminder: a step before the wait, and a call for somebody after it.
    Reminder,
}

impl Program {
    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde calls it with a reference"
    )]
    fn is_pipeline(&self) -> bool {
        *self == Self::Pipeline
    }

    fn job(self, embargo: Embargo) -> Job {
        match self {
            Self::Pipeline => Job::Embargo(embargo),
            Self::Reminder => Job::Reminder(embargo),
        }
    }

    /// Its steps, about.
    fn steps(self) -> f64 {
        match self {
            Self::Pipeline => 10.0,
            Self::Reminder => 2.0,
        }
    }
}

/// By which clock a run waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Clock {
    /// The real one.
    Real,
    /// The engine's own for the run, which skips time.
    Skipped,
}

impl Clock {
    fn as_str(self) -> &'static str {
        match self {
            Self::Real => "real",
            Self::Skipped => SKIPPED,
        }
    }
}

impl Parameters {
    /// How long a trial really waits.
    fn real(&self) -> Duration {
        let embargo = Duration::from_secs(self.embargo_s);
        match self.clock {
            Clock::Real => embargo,
            Clock::Skipped => embargo.min(self.leave()),
        }
    }

    /// The least that it has to wait, to be watched twice and killed in between.
    fn least(&self) -> Duration {
        let watched = self.watch_s.map(|seconds| {
            2 * Duration::from_secs(seconds) + Duration::from_millis(self.restart_delay_ms)
        });
        watched.unwrap_or_default()
    }

    fn leave(&self) -> Duration {
        Duration::from_millis(self.leave_ms.unwrap_or_default())
    }

    /// Watches what the runs take while all of them wait, if that is asked for; false where one could be due
    /// meanwhile.
    fn watch(
        &self,
        trial: &Trial<'_>,
        session: &dyn Session,
        due: Instant,
        when: &str,
    ) -> Result<bool, TrialError> {
        match self.watch_s.map(Duration::from_secs) {
            None => Ok(true),
            Some(time) if Instant::now() + time < due => {
                trial.watch(session, time, when).map(|()| true)
            }
            Some(_) => Ok(false),
        }
    }
}

fn plan(scenario: &Scenario) -> Result<Vec<Condition>, ConfigError> {
    let parameters: Parameters = scenario.parameters()?;
    let place = format!("scenario {}: parameters", scenario.name);
    not_empty(&format!("{place}: sources"), &parameters.sources)?;
    let (real, least) = (parameters.real(), parameters.least());
    let expected = match (parameters.clock, parameters.leave_ms) {
        (Clock::Real, Some(_)) => Some("leave_ms: expected with the clock \"skipped\" only".into()),
        (Clock::Skipped, None) => Some("leave_ms: expected with the clock \"skipped\"".into()),
        _ if parameters.at_a_time == Some(0) => {
            Some("at_a_time: expected at least 1, found 0".into())
        }
        _ if parameters.runs.contains(&0) => Some("runs: expected at least 1, found 0".into()),
        _ if parameters.watch_s.is_some() && real <= least => Some(format!(
            "embargo_s: expected more than is watched before and after the restart, {} s, found {} s",
            least.as_secs_f64(),
            real.as_secs_f64()
        )),
        _ => None,
    };
    if let Some(message) = expected {
        return Err(ConfigError::Invalid { place, message });
    }
    let trial = Parameters {
        runs: Vec::new(),
        ..parameters.clone()
    };
    let condition = |runs: Option<u32>| {
        let mut factors = vec![
            (CLOCK, parameters.clock.as_str()),
            ("pattern", "long-timer"),
        ];
        let sources = parameters.sources.iter();
        let sources = sources.take(usize::try_from(runs.unwrap_or(1)).unwrap_or(usize::MAX));
        let runs = runs.map(|runs| runs.to_string());
        factors.extend(runs.as_deref().map(|runs| (RUNS, runs)));
        Condition {
            side_by_side: parameters.side_by_side.unwrap_or(1),
            ..Condition::new(&factors, &trial).of(sources)
        }
    };
    Ok(match parameters.runs.as_slice() {
        [] => vec![condition(None)],
        several => several.iter().map(|runs| condition(Some(*runs))).collect(),
    })
}

/// How many runs wait in a trial.
fn runs_of(trial: &TrialPlan) -> Result<u32, TrialError> {
    let runs = trial.factors.get(RUNS).map_or("1", String::as_str);
    runs.parse()
        .map_err(|error| TrialError::Plan(format!("trial {}: factor {RUNS}: {error}", trial.id)))
}

fn seconds(trial: &TrialPlan, pace: Pace) -> f64 {
    let parameters = serde_json::from_value::<Parameters>(trial.parameters.clone());
    let parameters = parameters.as_ref();
    let waited_s = parameters.map_or(0.0, |parameters| parameters.real().as_secs_f64());
    let steps = parameters.map_or(0.0, |parameters| {
        let at_a_time = parameters.at_a_time.unwrap_or(1).min(GAINED);
        parameters.program.steps() / at_a_time as f64
    });
    let runs = runs_of(trial).map_or(1.0, f64::from);
    // A second start; and what comes after the wait takes about as long as what came before it, which fits into it.
    2.0 * pace.start_s + waited_s + (runs * steps * pace.step_s).min(waited_s) + 1.0
}

fn run(trial: &Trial<'_>) -> Result<TrialStatus, TrialError> {
    let parameters: Parameters = trial.parameters()?;
    let job = |source: &String| {
        parameters.program.job(Embargo {
            pipeline: Pipeline {
                heartbeat_timeout_ms: parameters.heartbeat_timeout_ms,
                ..Pipeline::new(source, RetrySpec::default())
            },
            embargo_ms: parameters.embargo_s.saturating_mul(1_000),
        })
    };
    let jobs: Vec<Job> = trial.plan.sources.iter().map(job).collect();
    let work = |(number, job): (u32, &Job)| Work {
        // Of its own: the catalogue service outlives the trial, and knows an announcement by its key.
        run: match number {
            0 => trial.plan.id.clone(),
            _ => format!("{}.{number}", trial.plan.id),
        },
        job: job.clone(),
    };
    let numbered = (0..runs_of(trial.plan)?).zip(jobs.iter().cycle());
    let mut works: Vec<Work> = numbered.map(work).collect();
    let session = trial.open(Setup {
        journal: true,
        restart_delay: Some(Duration::from_millis(parameters.restart_delay_ms)),
        skips_time: parameters.clock == Clock::Skipped,
        jobs: jobs.clone(),
        ..Setup::default()
    })?;
    let deadline = Duration::from_secs(parameters.deadline_s);
    let begun = Instant::now();
    // What is started later could not be watched, killed and watched before the first is due.
    let pace = (trial.engine.pace)(&trial.plan.settings, trial.execution()?);
    let restart = Duration::from_secs_f64(RESTARTED * pace.start_s);
    let until = parameters
        .real()
        .saturating_sub(parameters.least() + restart);
    let mut waited = true;
    let mut started = 0;
    for some in works.chunks(parameters.at_a_time.unwrap_or(jobs.len())) {
        if started > 0 && begun.elapsed() >= until {
            break;
        }
        for work in some {
            trial.start(&*session, work)?;
        }
        for work in some {
            waited = waited && waits::awaited(trial, &*session, work, deadline)?;
        }
        started += some.len();
        if !waited {
            break;
        }
    }
    works.truncate(started);
    if waited && trial.plan.factors.contains_key(RUNS) {
        trial.sample("runs_waiting", started as f64, &[])?;
    }
    let mut watched = true;
    if waited {
        // None of them is due before that.
        let due = begun + parameters.real();
        watched = parameters.watch(trial, &*session, due, "before the restart")?;
        // The workers' supervisor sees to these.
        trial.kill_all(&*session)?;
        session.restart_services()?;
        watched = watched && parameters.watch(trial, &*session, due, "after the restart")?;
        if parameters.clock == Clock::Skipped {
            for work in &works {
                skip(trial, &*session, work, parameters.leave())?;
            }
        }
    }
    let until = Instant::now() + parameters.real() + deadline;
    for work in &works {
        let left = until.saturating_duration_since(Instant::now());
        trial.end(&*session, work, left)?;
    }
    // An engine on which nothing waits is judged by what it has done instead. One that may have waited,
    // unseen, had nothing killed. Where what was to be watched was not, some may have been due before the kill.
    let unseen = !waited && begun.elapsed() >= parameters.real();
    trial.close_and_keep(session, &works)?;
    Ok(match unseen || !watched {
        true => TrialStatus::Void,
        false => TrialStatus::Completed,
    })
}

/// Has the engine skip all of a run's wait but what is left of it, and records how much that was.
fn skip(
    trial: &Trial<'_>,
    session: &dyn Session,
    work: &Work,
    leave: Duration,
) -> Result<(), TrialError> {
    let Some(skipped) = session.skip_time(work, leave)? else {
        return Err(TrialError::Plan(format!(
            "trial {}: expected an engine that skips time, found {}",
            trial.plan.id, trial.plan.engine
        )));
    };
    trial.sample("time_skipped_ms", skipped.as_nanos() as f64 / 1e6, &[])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planned(parameters: &str) -> Result<Vec<Condition>, ConfigError> {
        let parameters = format!(
            "sources = [\"one-day\"]\nembargo_s = 60\nrestart_delay_ms = 500\nheartbeat_timeout_ms = 2000\ndeadline_s = 60\n{parameters}"
        );
        EXPERIMENT.planned("embargo", &parameters)
    }

    #[test]
    fn what_is_left_of_a_wait_is_a_matter_of_a_clock_that_skips() -> Result<(), ConfigError> {
        let skipped = planned("clock = \"skipped\"\nleave_ms = 3000\nside_by_side = 4")?;
        let [condition] = skipped.as_slice() else {
            panic!("expected one condition, found {skipped:?}");
        };
        assert_eq!(condition.factors[CLOCK], SKIPPED);
        assert_eq!(condition.side_by_side, 4);
        assert!(planned("clock = \"real\"").is_ok());
        let many = planned("clock = \"real\"\nruns = [1, 100]")?;
        let runs = many.iter().map(|each| each.factors[RUNS].as_str());
        assert_eq!(runs.collect::<Vec<_>>(), ["1", "100"]);
        for refused in ["clock = \"real\"\nleave_ms = 1", "clock = \"skipped\""] {
            let refused = planned(refused).expect_err("half of it");
            assert!(
                refused
                    .to_string()
                    .starts_with("scenario embargo: parameters: leave_ms: expected"),
                "{refused}"
            );
        }
        let none = planned("clock = \"real\"\nruns = [0]").expect_err("none");
        assert_eq!(
            none.to_string(),
            "scenario embargo: parameters: runs: expected at least 1, found 0"
        );
        let none = planned("clock = \"real\"\nruns = [1]\nat_a_time = 0").expect_err("none");
        assert_eq!(
            none.to_string(),
            "scenario embargo: parameters: at_a_time: expected at least 1, found 0"
        );
        let sources = EXPERIMENT.planned("embargo", "sources = []\nembargo_s = 1\nclock = \"real\"\nrestart_delay_ms = 0\nheartbeat_timeout_ms = 1\ndeadline_s = 1");
        assert_eq!(
            sources.expect_err("no source").to_string(),
            "scenario embargo: parameters: sources: expected at least one, found none"
        );
        assert!(planned("clock = \"real\"\nwatch_s = 29").is_ok());
        let due = planned("clock = \"real\"\nwatch_s = 30").expect_err("due before");
        assert_eq!(
            due.to_string(),
            "scenario embargo: parameters: embargo_s: expected more than is watched before and after the restart, 60.5 s, found 60 s"
        );
        Ok(())
    }
}
