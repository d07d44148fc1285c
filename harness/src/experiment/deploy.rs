//! Deployment: a run of one release of the code waits for a person when another release takes its place, of which
//! a run begins. Both get their word. The change puts a step into the middle of what waits: somebody is told.

use std::time::{Duration, Instant};

use orchbench_etl::{Release, RetrySpec};
use serde::{Deserialize, Serialize};

use super::{Condition, Experiment, waits};
use crate::engine::{Ended, Job, Pace, Pipeline, Rollout, Setup, Trial, TrialError, Work};
use crate::scenario::{ConfigError, Scenario, not_empty};
use orchbench_evidence::record::{TrialPlan, TrialStatus};

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "deploy",
    question: "does a run that waits go on right when other code is deployed, and do new ones have that",
    plan,
    run,
    seconds,
};

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Parameters {
    /// Of the run of the old code, and of that of the new: a word is about what is loaded.
    sources: [String; 2],
    /// What is deployed, each in trials of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    releases: Vec<Way>,
    /// How long a supervisor waits before it starts a worker again.
    restart_delay_ms: u64,
    heartbeat_timeout_ms: u64,
    /// Of a run that has not ended that long after its word, the engine is asked what keeps it; where it says
    /// so, the deployment is taken back.
    stuck_s: u64,
    /// A run that does not wait by then, or has not ended that long after the way back, is lost.
    deadline_s: u64,
}

/// What is deployed, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Way {
    /// By the rules of the engine, in the place of the old code.
    Next,
    /// Without a thought for what is under way.
    NextUnguarded,
    /// The same code, beside the old, which keeps its runs.
    NextVersioned,
}

impl Way {
    /// Its word, and the pattern that it shows.
    fn named(self) -> [&'static str; 2] {
        match self {
            Self::Next => ["next", "deploy"],
            Self::NextUnguarded => ["next-unguarded", "deploy-unguarded"],
            Self::NextVersioned => ["next-versioned", "deploy-versioned"],
        }
    }

    fn release(self) -> Release {
        match self {
            Self::Next => Release::Next,
            Self::NextUnguarded | Self::NextVersioned => Release::NextUnguarded,
        }
    }

    fn rollout(self) -> Rollout {
        match self {
            Self::Next | Self::NextUnguarded => Rollout::Rolling,
            Self::NextVersioned => Rollout::Rainbow,
        }
    }
}

fn plan(scenario: &Scenario) -> Result<Vec<Condition>, ConfigError> {
    let parameters: Parameters = scenario.parameters()?;
    let place = format!("scenario {}: parameters", scenario.name);
    not_empty(&format!("{place}: releases"), &parameters.releases)?;
    let trial = Parameters {
        releases: Vec::new(),
        ..parameters.clone()
    };
    let condition = |way: &Way| {
        let [release, pattern] = way.named();
        let factors = [("release", release), ("pattern", pattern)];
        Condition::new(&factors, &trial).of(&parameters.sources)
    };
    Ok(parameters.releases.iter().map(condition).collect())
}

fn seconds(trial: &TrialPlan, pace: Pace) -> f64 {
    let parameter = |name: &str| trial.parameters[name].as_f64().unwrap_or(0.0);
    let restart_s = parameter("restart_delay_ms") / 1e3;
    2.0 * pace.start_s + restart_s + 22.0 * pace.step_s + 2.0
}

fn run(trial: &Trial<'_>) -> Result<TrialStatus, TrialError> {
    let parameters: Parameters = trial.parameters()?;
    let way: Way = trial.factor("release")?;
    let work = |name: &str, source: &str| Work {
        // Of its own: the catalogue service outlives the trial, and knows an announcement by its key.
        run: format!("{}.{name}", trial.plan.id),
        job: Job::Approval(Pipeline {
            heartbeat_timeout_ms: parameters.heartbeat_timeout_ms,
            ..Pipeline::new(source, RetrySpec::default())
        }),
    };
    let [old_source, new_source] = &parameters.sources;
    let (old, new) = (work("old", old_source), work("new", new_source));
    let session = trial.open(Setup {
        journal: true,
        restart_delay: Some(Duration::from_millis(parameters.restart_delay_ms)),
        rollout: way.rollout(),
        jobs: vec![old.job.clone(), new.job.clone()],
        ..Setup::default()
    })?;
    let deadline = Duration::from_secs(parameters.deadline_s);
    trial.start(&*session, &old)?;
    if !waits::awaited(trial, &*session, &old, deadline)? {
        // Nothing is under way for the deployment to meet.
        trial.close(session)?;
        return Ok(TrialStatus::Void);
    }
    if !session.deploy(way.release(), way.rollout())? {
        return Err(TrialError::Plan(format!(
            "trial {}: expected an engine on which code is deployed in that way, found {}",
            trial.plan.id, trial.plan.engine
        )));
    }
    trial.start(&*session, &new)?;
    let waited = waits::awaited(trial, &*session, &new, deadline)?;
    waits::say(trial, &*session, &new)?;
    trial.end(&*session, &new, deadline)?;
    waits::say(trial, &*session, &old)?;
    let patience = Instant::now() + Duration::from_secs(parameters.stuck_s);
    let has_ended = session.wait(&old, patience)? != Ended::Stuck;
    let is_stuck = !has_ended && session.hindrance(&old)?.is_some();
    if is_stuck {
        session.deploy(Release::Current, way.rollout())?;
    }
    trial.sample("rolled_back", f64::from(u8::from(is_stuck)), &[])?;
    trial.end(&*session, &old, deadline)?;
    trial.close_and_keep(session, &[old, new])?;
    Ok(match waited {
        // Its word came at a time at which nobody may have listened for it.
        false => TrialStatus::Void,
        true => TrialStatus::Completed,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planned(releases: &str) -> Result<Vec<Condition>, ConfigError> {
        let parameters = format!(
            "sources = [\"a\", \"b\"]\nrestart_delay_ms = 500\nheartbeat_timeout_ms = 2000\nstuck_s = 1\ndeadline_s = 60\nreleases = {releases}"
        );
        EXPERIMENT.planned("deployed", &parameters)
    }

    #[test]
    fn each_way_shows_a_pattern_of_its_own() -> Result<(), ConfigError> {
        let ways = [Way::Next, Way::NextUnguarded, Way::NextVersioned];
        let words = ways.map(|way| way.named()[0]);
        let planned_ways = planned(&format!("{words:?}"))?;
        let patterns = planned_ways.iter().map(|each| &each.factors["pattern"]);
        let expected = ["deploy", "deploy-unguarded", "deploy-versioned"];
        assert_eq!(patterns.collect::<Vec<_>>(), expected);
        Ok(())
    }

    #[test]
    fn what_is_deployed_is_another_release() {
        for (releases, expected) in [
            ("[]", "releases: expected at least one, found none"),
            ("[\"current\"]", "unknown variant `current`"),
        ] {
            let refused = planned(releases).expect_err(releases).to_string();
            assert!(
                refused.contains("scenario deployed: parameters: "),
                "{refused}"
            );
            assert!(refused.contains(expected), "{refused}");
        }
    }
}
