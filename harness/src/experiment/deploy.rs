//! Deployment: a run of one release of the code waits for a person when another release takes its place, of which
//! a run begins. Both get their word. The change puts a step into the middle of what waits: somebody is told.

use std::time::{Duration, Instant};

use orchbench_etl::{Release, RetrySpec};
use serde::{Deserialize, Serialize};

use super::{Condition, Experiment, waits};
use crate::engine::{Ended, Job, Pace, Pipeline, Setup, Trial, TrialError, Work};
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
    releases: Vec<Release>,
    /// How long a supervisor waits before it starts a worker again.
    restart_delay_ms: u64,
    heartbeat_timeout_ms: u64,
    /// Of a run that has not ended that long after its word, the engine is asked what keeps it; where it says
    /// so, the deployment is taken back.
    stuck_s: u64,
    /// A run that does not wait by then, or has not ended that long after the way back, is lost.
    deadline_s: u64,
}

fn plan(scenario: &Scenario) -> Result<Vec<Condition>, ConfigError> {
    let parameters: Parameters = scenario.parameters()?;
    let place = format!("scenario {}: parameters", scenario.name);
    not_empty(&format!("{place}: releases"), &parameters.releases)?;
    let trial = Parameters {
        releases: Vec::new(),
        ..parameters.clone()
    };
    let condition = |release: &Release| {
        let (release, pattern) = match release {
            Release::Next => Ok(("next", "deploy")),
            Release::NextUnguarded => Ok(("next-unguarded", "deploy-unguarded")),
            Release::Current => Err(ConfigError::Invalid {
                place: format!("{place}: releases"),
                message: "expected another release than the current one, found it".to_owned(),
            }),
        }?;
        let factors = [("release", release), ("pattern", pattern)];
        Ok(Condition::new(&factors, &trial).of(&parameters.sources))
    };
    parameters.releases.iter().map(condition).collect()
}

fn seconds(trial: &TrialPlan, pace: Pace) -> f64 {
    let parameter = |name: &str| trial.parameters[name].as_f64().unwrap_or(0.0);
    let restart_s = parameter("restart_delay_ms") / 1e3;
    2.0 * pace.start_s + restart_s + 22.0 * pace.step_s + 2.0
}

fn run(trial: &Trial<'_>) -> Result<TrialStatus, TrialError> {
    let parameters: Parameters = trial.parameters()?;
    let release: Release = trial.factor("release")?;
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
    if !session.deploy(release)? {
        return Err(TrialError::Plan(format!(
            "trial {}: expected an engine on which code is deployed, found {}",
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
        session.deploy(Release::Current)?;
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
    fn what_is_deployed_is_another_release() -> Result<(), ConfigError> {
        let planned_releases = planned("[\"next\", \"next-unguarded\"]")?;
        let patterns = planned_releases
            .iter()
            .map(|each| each.factors["pattern"].as_str());
        assert_eq!(patterns.collect::<Vec<_>>(), ["deploy", "deploy-unguarded"]);
        for (releases, expected) in [
            ("[]", "expected at least one, found none"),
            (
                "[\"current\"]",
                "expected another release than the current one, found it",
            ),
        ] {
            let refused = planned(releases).expect_err(releases).to_string();
            let place = "scenario deployed: parameters: releases: ";
            assert_eq!(refused, format!("{place}{expected}"));
        }
        Ok(())
    }
}
