//! Waiting: a run that is loaded waits for a person's word before it is announced. The word comes once
//! or twice, while all is well; after everything that the engine consists of was killed while the
//! run waited, and started again; or when the run has given up waiting.

use std::time::Duration;

use orchbench_etl::RetrySpec;
use serde::{Deserialize, Serialize};

use super::{Condition, Experiment, waits};
use crate::engine::{Embargo, Ended, Job, Pace, Pipeline, Session, Setup, Trial, TrialError, Work};
use crate::scenario::{ConfigError, Scenario, not_empty};
use orchbench_evidence::record::{TrialPlan, TrialStatus};

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "waiting",
    question: "does a run wait for a person, also while everything is killed, and go on once, by whom",
    plan,
    run,
    seconds,
};

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Parameters {
    source: String,
    /// What happens while the run waits, each in trials of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    meanwhile: Vec<Meanwhile>,
    /// How often the word is said, or when, each in trials of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    words: Vec<Words>,
    /// How long a run waits for a word that comes too late.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expire_ms: Option<u64>,
    /// How long it is watched what comes of such a word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    watch_ms: Option<u64>,
    /// Whether a step waits that does not end before the word, where runs of the engine do not wait.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    blocking: bool,
    /// How long a supervisor waits before it starts a dead worker again.
    restart_delay_ms: u64,
    heartbeat_timeout_ms: u64,
    /// A run that does not wait by then, or has not ended that long after the word, is stuck.
    deadline_s: u64,
    /// Trials made at a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    side_by_side: Option<usize>,
}

/// What happens while a run waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Meanwhile {
    /// Nothing.
    Nothing,
    /// SIGKILL of all workers and services, then a restart on the same stores.
    Restart,
}

/// How often the word is said, or when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Words {
    /// Once.
    Once,
    /// Once more while the first is taking effect.
    Twice,
    /// Once the run waits no longer.
    TooLate,
}

impl Meanwhile {
    fn as_str(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Restart => "restart",
        }
    }

    /// What a program shows that waits through it for such words, in a step that blocks or otherwise.
    fn pattern(self, words: Words, blocking: bool) -> &'static str {
        match (self, blocking) {
            _ if words == Words::TooLate => "approval-expiry",
            (Self::Nothing, false) => "approval",
            (Self::Nothing, true) => "approval-blocking",
            (Self::Restart, false) => "long-wait",
            (Self::Restart, true) => "long-wait-blocking",
        }
    }
}

impl Words {
    fn as_str(self) -> &'static str {
        match self {
            Self::Once => "once",
            Self::Twice => "twice",
            Self::TooLate => "too-late",
        }
    }
}

fn plan(scenario: &Scenario) -> Result<Vec<Condition>, ConfigError> {
    let parameters: Parameters = scenario.parameters()?;
    let place = format!("scenario {}: parameters", scenario.name);
    not_empty(&format!("{place}: meanwhile"), &parameters.meanwhile)?;
    not_empty(&format!("{place}: words"), &parameters.words)?;
    let late = parameters.words.contains(&Words::TooLate);
    let told = parameters.expire_ms.is_some_and(|ms| ms > 1) && parameters.watch_ms.is_some();
    if late && (!told || parameters.blocking) {
        return Err(ConfigError::Invalid {
            place,
            message:
                "words: expected \"too-late\" with expire_ms (more than 1) and watch_ms, and without blocking"
                    .into(),
        });
    }
    let trial = Parameters {
        meanwhile: Vec::new(),
        words: Vec::new(),
        ..parameters.clone()
    };
    let mut conditions = Vec::new();
    for meanwhile in &parameters.meanwhile {
        for words in &parameters.words {
            let factors = [
                ("meanwhile", meanwhile.as_str()),
                ("pattern", meanwhile.pattern(*words, parameters.blocking)),
                ("words", words.as_str()),
            ];
            conditions.push(Condition {
                side_by_side: parameters.side_by_side.unwrap_or(1),
                ..Condition::new(&factors, &trial).of([&parameters.source])
            });
        }
    }
    Ok(conditions)
}

fn seconds(trial: &TrialPlan, pace: Pace) -> f64 {
    let restart = Meanwhile::Restart.as_str();
    let restart_s = match trial.factors.get("meanwhile") {
        Some(meanwhile) if meanwhile == restart => {
            pace.start_s + trial.parameters["restart_delay_ms"].as_f64().unwrap_or(0.0) / 1e3
        }
        _ => 0.0,
    };
    let late_s = match trial.factors.get("words").map(String::as_str) {
        Some("too-late") => {
            let times = ["expire_ms", "watch_ms"].map(|name| trial.parameters[name].as_f64());
            times.into_iter().flatten().sum::<f64>() / 1e3
        }
        _ => 0.0,
    };
    // Ten steps; an engine may look for a word every few seconds, and programs that ask it have to start.
    restart_s + late_s + 0.5 + pace.start_s + 10.0 * pace.step_s
}

fn run(trial: &Trial<'_>) -> Result<TrialStatus, TrialError> {
    let parameters: Parameters = trial.parameters()?;
    let meanwhile: Meanwhile = trial.factor("meanwhile")?;
    let words: Words = trial.factor("words")?;
    let pipeline = Pipeline {
        heartbeat_timeout_ms: parameters.heartbeat_timeout_ms,
        ..Pipeline::new(&parameters.source, RetrySpec::default())
    };
    let work = Work {
        // Of its own: the catalogue service outlives the trial, and knows an announcement by its key.
        run: trial.plan.id.clone(),
        job: match (words, parameters.blocking) {
            (Words::TooLate, _) => Job::Expiring(Embargo {
                pipeline,
                embargo_ms: parameters.expire_ms.unwrap_or_default(),
            }),
            (_, true) => Job::Blocking(pipeline),
            (_, false) => Job::Approval(pipeline),
        },
    };
    let session = trial.open(Setup {
        journal: true,
        restart_delay: Some(Duration::from_millis(parameters.restart_delay_ms)),
        jobs: vec![work.job.clone()],
        ..Setup::default()
    })?;
    let deadline = Duration::from_secs(parameters.deadline_s);
    trial.start(&*session, &work)?;
    let waited = waits::awaited(trial, &*session, &work, deadline)?;
    if waited {
        if meanwhile == Meanwhile::Restart {
            // The workers' supervisor sees to these.
            trial.kill_all(&*session)?;
            session.restart_services()?;
        }
        if words == Words::TooLate {
            say_too_late(trial, &*session, &work, &parameters)?;
        } else if waits::say(trial, &*session, &work)? && words == Words::Twice {
            session.approve(&work, waits::PERSON)?;
        }
    }
    let ended = trial.end(&*session, &work, deadline)?;
    trial.close_and_keep(session, &[work])?;
    // An engine on which nothing waits is judged by what it has done instead. A run that may wait by now,
    // unseen, had no word, and nothing was killed.
    // One that gave up unseen had none either.
    let unseen = !waited && (ended == Ended::Stuck || words == Words::TooLate);
    Ok(match unseen {
        true => TrialStatus::Void,
        false => TrialStatus::Completed,
    })
}

/// Waits until the run waits no longer, says the word, and watches for a while whether anything comes of it: nothing
/// tells when an engine that looks for words has seen this one. Records `late_word_taken`: 0 where the engine said
/// that it is too late.
fn say_too_late(
    trial: &Trial<'_>,
    session: &dyn Session,
    work: &Work,
    parameters: &Parameters,
) -> Result<(), TrialError> {
    let expires = Duration::from_millis(parameters.expire_ms.unwrap_or_default());
    let deadline = Duration::from_secs(parameters.deadline_s);
    if !waits::given_up(trial, session, work, expires + deadline)? {
        return Ok(());
    }
    let taken = session.approve(work, waits::PERSON)?;
    trial.sample("late_word_taken", f64::from(u8::from(taken)), &[])?;
    let watched = Duration::from_millis(parameters.watch_ms.unwrap_or_default());
    waits::watched(trial, watched)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planned(parameters: &str) -> Result<Vec<Condition>, ConfigError> {
        let parameters = format!(
            "source = \"one-day\"\nrestart_delay_ms = 500\nheartbeat_timeout_ms = 2000\ndeadline_s = 60\n{parameters}"
        );
        EXPERIMENT.planned("waits", &parameters)
    }

    fn patterns(parameters: &str) -> Result<Vec<String>, ConfigError> {
        let planned = planned(parameters)?.into_iter();
        Ok(planned
            .map(|each| each.factors["pattern"].clone())
            .collect())
    }

    #[test]
    fn a_wait_through_a_restart_is_a_pattern_of_its_own() -> Result<(), ConfigError> {
        let patterns =
            patterns("meanwhile = [\"nothing\", \"restart\"]\nwords = [\"once\", \"twice\"]")?;
        assert_eq!(patterns, ["approval", "approval", "long-wait", "long-wait"]);
        Ok(())
    }

    #[test]
    fn so_is_a_wait_in_a_step_that_blocks() -> Result<(), ConfigError> {
        let patterns = patterns(
            "meanwhile = [\"nothing\", \"restart\"]\nwords = [\"once\"]\nblocking = true",
        )?;
        assert_eq!(patterns, ["approval-blocking", "long-wait-blocking"]);
        Ok(())
    }

    #[test]
    fn a_word_may_come_too_late_where_there_is_an_end_to_the_wait() -> Result<(), ConfigError> {
        let words = "meanwhile = [\"nothing\"]\nwords = [\"too-late\"]";
        let whole = format!("{words}\nexpire_ms = 3000\nwatch_ms = 3000");
        assert_eq!(patterns(&whole)?, ["approval-expiry"]);
        for more in [
            "",
            "expire_ms = 3000",
            "expire_ms = 1\nwatch_ms = 1\nblocking = true",
        ] {
            let refused = planned(&format!("{words}\n{more}")).expect_err("half of it");
            assert_eq!(
                refused.to_string(),
                "scenario waits: parameters: words: expected \"too-late\" with expire_ms (more than 1) and watch_ms, and without blocking"
            );
        }
        Ok(())
    }

    #[test]
    fn what_would_plan_nothing_is_refused_with_its_place() {
        let refused = planned("words = [\"once\"]").expect_err("no meanwhile");
        assert_eq!(
            refused.to_string(),
            "scenario waits: parameters: meanwhile: expected at least one, found none"
        );
    }
}
