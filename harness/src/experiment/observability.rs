//! Observability: a fixed list of questions, asked of each engine through its own API while a run is
//! held and when it is over. What is right is the evidence's matter.
//!
//! A run of one source has a publication that fails for good, then one of another source has one that
//! is retried. The latter is held at its announcement: by then it is published, and can be approved.

use std::os::unix::net::{UnixListener, UnixStream};
use std::time::{Duration, Instant};

use orchbench_etl::{
    CrashAction, CrashPlan, CrashPoint, CrashRule, FailurePlan, RetrySpec, StepName,
};

use super::{Condition, Experiment};
use crate::engine::{Job, Pace, Pipeline, Session, Setup, Strike, Trial, TrialError, Work};
use crate::fault::{accept, listen};
use crate::scenario::{ConfigError, Scenario};
use orchbench_evidence::experiment::observability::{
    ANSWER, Answer, Condition as Asking, Subject, When, questions,
};
use orchbench_evidence::record::{TrialPlan, TrialStatus};
use orchbench_lab::process::TempFolder;

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "observability",
    question: "what can be asked of the engine about executions and data, and is the answer right",
    plan,
    run,
    seconds,
};

/// Longest that a run may take, and that the held one may take to get to its place.
const DEADLINE: Duration = Duration::from_secs(120);
/// Attempts at a publication that fail.
const FAILURES: u32 = 2;
/// Attempts that the run may make which is to succeed.
const ATTEMPTS: u32 = 5;
/// Where the run is held.
const HELD: StepName = StepName::Announce;

fn plan(scenario: &Scenario) -> Result<Vec<Condition>, ConfigError> {
    let subject: Subject = scenario.parameters()?;
    let sources = subject.sources().map(str::to_owned);
    Ok(vec![Condition::new(&[], &subject).of(&sources)])
}

fn seconds(trial: &TrialPlan, pace: Pace) -> f64 {
    let forgetting_s = match trial.parameters["delete"].as_bool() {
        Some(true) => 20.0,
        _ => 0.0,
    };
    // Both runs' steps, and an engine's programs that start to answer.
    1.0 + 50.0 * pace.step_s + 3.0 * pace.start_s + forgetting_s
}

fn run(trial: &Trial<'_>) -> Result<TrialStatus, TrialError> {
    let subject: Subject = trial.parameters()?;
    let work = |run: &str, source: &str, max_attempts: u32| Work {
        run: run.to_owned(),
        job: Job::Pipeline(Pipeline::new(
            source,
            RetrySpec {
                max_attempts,
                delay_ms: subject.delay_ms,
                ..RetrySpec::default()
            },
        )),
    };
    let failing = work(&subject.failing_run, &subject.failing_source, FAILURES);
    let asked = work(&subject.run, &subject.source, ATTEMPTS);
    let hold = Hold::new(trial)?;
    let session = trial.open(Setup {
        journal: true,
        crash: Some(hold.crash.clone()),
        failure: Some(FailurePlan {
            seed: trial.block_seed(),
            fail_first: FAILURES,
            steps: vec![StepName::Publish],
            point: CrashPoint::BeforeEffect,
            ..FailurePlan::default()
        }),
        jobs: vec![failing.job.clone(), asked.job.clone()],
        ..Setup::default()
    })?;
    trial.attempt(&*session, &failing, DEADLINE)?;
    trial.start(&*session, &asked)?;
    let held = hold.met(trial, &asked)?;
    session.approve(&asked, &subject.approver)?;
    let ask = |when, condition| ask(trial, &*session, &subject, when, condition);
    ask(When::Held, Asking::Present)?;
    drop(held);
    trial
        .end(&*session, &asked, DEADLINE)?
        .succeeded(&asked.run)?;
    ask(When::Ended, Asking::Present)?;
    for worker in session.workers() {
        session.strike_worker(worker, Strike::Kill)?;
    }
    ask(When::Ended, Asking::WorkerDead)?;
    let works = [asked, failing];
    trial.keep_accounts(&*session, &works)?;
    if subject.delete && session.forget(&works[0])? {
        ask(When::Ended, Asking::RunGone)?;
    }
    trial.close_and_keep_rows(session, &works)?;
    Ok(TrialStatus::Completed)
}

/// Asks every question of a moment and records the answers.
fn ask(
    trial: &Trial<'_>,
    session: &dyn Session,
    subject: &Subject,
    when: When,
    condition: Asking,
) -> Result<(), TrialError> {
    let of_moment = questions().iter().filter(|question| question.when == when);
    let ids: Vec<&str> = of_moment.map(|question| question.id.as_str()).collect();
    for answer in session.answers(&ids, subject)? {
        record(trial, &answer, condition)?;
    }
    Ok(())
}

fn record(trial: &Trial<'_>, answer: &Answer, condition: Asking) -> Result<(), TrialError> {
    let facts = answer.facts.as_ref().map(serde_json::to_string).transpose();
    let facts = facts.map_err(|error| {
        TrialError::Plan(format!(
            "trial {}: answer to {}: {error}",
            trial.plan.id, answer.question
        ))
    })?;
    let mut labels = vec![
        ("condition", condition.as_str()),
        ("question", answer.question.as_str()),
    ];
    labels.extend(facts.as_deref().map(|facts| ("facts", facts)));
    trial.sample(ANSWER, f64::from(answer.user_code_lines), &labels)
}

/// A step that waits until it is let go.
struct Hold {
    crash: CrashPlan,
    listener: UnixListener,
    // A path in it is short, as that of a unix socket must be.
    _socket: TempFolder,
}

impl Hold {
    fn new(trial: &Trial<'_>) -> Result<Self, TrialError> {
        let folder =
            TempFolder::create("held").map_err(|error| TrialError::Plan(error.to_string()))?;
        let socket = folder.path().join("held");
        Ok(Self {
            listener: listen(&socket)?,
            crash: CrashPlan {
                rules: vec![CrashRule {
                    id: "held".to_owned(),
                    step: HELD,
                    partition: None,
                    attempt: None,
                    point: CrashPoint::BeforeEffect,
                    action: CrashAction::Rendezvous { socket },
                }],
                dir: trial.dir("crash")?,
            },
            _socket: folder,
        })
    }

    /// Waits until the run is there; it goes on when the stream is dropped.
    fn met(&self, trial: &Trial<'_>, work: &Work) -> Result<UnixStream, TrialError> {
        let deadline = Instant::now() + DEADLINE;
        let over = || trial.interrupted() || Instant::now() > deadline;
        match accept(&self.listener, &over)? {
            Some((_, stream)) => Ok(stream),
            None if trial.interrupted() => Err(TrialError::Interrupted),
            None => Err(TrialError::Run(format!(
                "run {}: expected it at {HELD} within {} s",
                work.run,
                DEADLINE.as_secs()
            ))),
        }
    }
}
