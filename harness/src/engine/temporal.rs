//! `temporal`: a real Temporal server of the trial's own (or the one that the user named),
//! worker processes that poll it, and a client in the harness.

mod account;
mod activity;
mod answers;
mod models;
mod open;
mod pieces;
mod refresh;
mod worker;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use orchbench_etl::{Release, Shape};
use orchbench_temporal::client::{Description, Hindrance};
use orchbench_temporal::{
    ApprovalInput, Client, ClientError, EnoughInput, NoopInput, OrderInput, PipelineInput, Target,
};
use rustix::process::{Pid, kill_process};
use serde::{Deserialize, Serialize};

pub use account::steps as history_steps;
pub(crate) use worker::{ready, stop};

use self::account::Watch;
use super::workers::Workers;
use super::{
    Account, Embargo, Ended, Engine, Job, Limit, ModelsTold, Pace, Pipeline, Probe, Programs,
    Refreshed, Retried, Role, Rollout, Session, Settings, StepEnds, StepExecution, Strike,
    Target as Struck, TrialError, Work,
};
use orchbench_evidence::experiment::observability::{Answer, Subject};
use orchbench_evidence::record::{Durability, Family, RetrySchedule, RunFailure};
use orchbench_lab::proxy::Proxy;
use orchbench_lab::server::{Choice, Provisioned, Server};

/// Its descriptor.
pub static ENGINE: Engine = Engine {
    name: "temporal",
    label: "Temporal",
    what: "a real Temporal server (on SQLite, on PostgreSQL, or the address you name) and Rust workers",
    place: "a server reached over the network, and workers that poll it",
    colour: "#d96a0b",
    family: Family::DurableWorkflow,
    executions: &[StepExecution::InProcess, StepExecution::Subprocess],
    resumes: &["in-process", "subprocess"],
    steps_apart: |execution| execution == StepExecution::Subprocess,
    server: true,
    beside: |_| &[Struck::Server, Struck::Network],
    retry_schedule: RetrySchedule::Exponential,
    recovery: "a second worker polls the same queue, and the server lives on. It learns of a dead worker by silence: the heartbeat timeout, and the sticky timeout of the settings. Its history does not tell of a loss, so the server is asked beside the run for when the next attempt was due, less the retry policy's delay. A lost attempt counts among the policy's, and the next one waits its delay. The worker learns at once of a step's process that died alone.",
    available,
    provision: |_| Ok(format!("Rust SDK {}", orchbench_temporal::SDK_VERSION)),
    pace,
    describe,
    durability,
    programs: || Programs {
        texts: orchbench_temporal::workflows::PROGRAMS.to_vec(),
        libraries: vec!["temporalio_macros", "temporalio_sdk"],
    },
    open: open::open,
    worker: worker::run,
};

/// The Temporal server that a worker polls.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TemporalWorker {
    /// The server and the namespace.
    pub server: Target,
    /// Task queue.
    pub task_queue: String,
    /// True for the tuned worker settings (sticky timeout 1 s).
    pub tuned: bool,
    /// How long to wait for the server, instead of the worker's own bound.
    #[serde(default)]
    pub connect_timeout_ms: Option<u64>,
    /// How long activities may go on after SIGTERM, instead of the worker's own bound.
    #[serde(default)]
    pub drain_ms: Option<u64>,
    /// How many activities it works on at a time, instead of the settings' number.
    #[serde(default)]
    pub activity_slots: Option<usize>,
    /// Where to serve Prometheus metrics, `None` for nowhere.
    #[serde(default)]
    pub metrics: Option<SocketAddr>,
    /// Whether workflows stay with the workers of the release that they began under.
    #[serde(default)]
    pub versioned: bool,
}

impl TemporalWorker {
    /// A worker of a task queue, with the default settings and the worker's own bounds, unversioned.
    pub fn new(server: Target, task_queue: impl Into<String>) -> Self {
        Self {
            server,
            task_queue: task_queue.into(),
            tuned: false,
            connect_timeout_ms: None,
            drain_ms: None,
            activity_slots: None,
            metrics: None,
            versioned: false,
        }
    }
}

fn durability(server: Option<&Provisioned>) -> Vec<Durability> {
    let (store, survives, setting) = match server {
        None => return Vec::new(),
        Some(Provisioned::Address(_)) => (
            "temporal (a named server)",
            "unknown",
            "its operator's: not visible from here",
        ),
        Some(Provisioned::Docker(_)) => (
            "temporal (PostgreSQL)",
            "power loss",
            "fsync=on, synchronous_commit=on, its own volume",
        ),
        Some(Provisioned::DockerDev(_) | Provisioned::DevServer { .. }) => (
            "temporal (dev server, SQLite file)",
            "power loss",
            // Seen in the file's header and in the driver's source: the CLI sets no pragma.
            "--db-filename, SQLite's own defaults: rollback journal, synchronous=FULL",
        ),
        Some(Provisioned::Program(_)) => (
            "temporal (SQLite)",
            "power loss",
            "journal_mode=WAL, synchronous=FULL",
        ),
    };
    vec![Durability {
        store: store.into(),
        survives: survives.into(),
        setting: setting.into(),
    }]
}

/// `server: KEY` of its dynamic configuration, `worker: KEY` of the workers.
fn describe(settings: &Settings) -> BTreeMap<String, String> {
    let server = settings.server().dynamic_config.into_iter();
    let mut described: BTreeMap<String, String> = server
        .map(|(key, value)| (format!("server: {key}"), value))
        .collect();
    let worker = orchbench_temporal::WorkerSettings::of(settings.worker());
    if let Ok(serde_json::Value::Object(worker)) = serde_json::to_value(worker) {
        let worker = worker.into_iter();
        described.extend(worker.map(|(key, value)| (format!("worker: {key}"), value.to_string())));
    }
    described
}

fn pace(settings: &str, execution: StepExecution) -> Pace {
    let process_s = match execution {
        StepExecution::InProcess => 0.0,
        _ => StepExecution::PROCESS_S,
    };
    Pace {
        start_s: 1.5,
        partition_s: 0.0,
        step_s: process_s + if settings == "default" { 0.07 } else { 0.02 },
        recovery_s: if settings == "default" { 12.0 } else { 3.0 },
    }
}

/// How long server, workers and client may take to be ready.
const READY: Duration = Duration::from_secs(60);
/// How often a wait looks whether the user has interrupted.
const LOOK: Duration = Duration::from_millis(100);

fn available() -> Result<String, String> {
    // Only what is here already: nothing is built for a list.
    orchbench_lab::server::find(&Choice::Auto)
        .map(|provisioned| provisioned.to_string())
        .map_err(|unavailable| {
            let tried = unavailable.to_string().replace('\n', ";");
            format!("{tried} (`orchbench run` provisions one)")
        })
}

/// What a wait for a run's end comes to: the client's error, or the run's end.
type Awaited =
    Result<Result<Option<Box<orchbench_etl::Summary>>, orchbench_temporal::Failure>, ClientError>;

/// The argument of a pipeline's workflow.
fn input(run: &str, pipeline: &Pipeline) -> PipelineInput {
    PipelineInput {
        run: Some(run.to_owned()),
        concurrency: pipeline.concurrency,
        retry: pipeline.retry.clone(),
        heartbeat_timeout_ms: pipeline.heartbeat_timeout_ms,
        start_to_close_ms: pipeline.start_to_close_ms,
        ..PipelineInput::new(&pipeline.source)
    }
}

/// The same of one that waits.
fn embargoed(run: &str, embargo: &Embargo) -> PipelineInput {
    PipelineInput {
        embargo_ms: embargo.embargo_ms,
        ..input(run, &embargo.pipeline)
    }
}

/// The argument of a run that goes as far as the server's limits: one execution, however large.
fn probed(probe: Probe) -> NoopInput {
    let (shape, steps) = probe.steps();
    NoopInput {
        unbounded: true,
        payload_bytes: (probe.of == Limit::Payload).then_some(probe.size),
        ..NoopInput::new(shape, steps)
    }
}

struct TemporalSession {
    runtime: tokio::runtime::Runtime,
    client: Client,
    workers: Workers,
    server: Mutex<Server>,
    /// The process of the database that the server is on, where it has one of its own.
    database: Option<u32>,
    network: Option<Proxy>,
    /// Where a fault is to strike, on a server whose clock is this host's.
    watch: Option<Watch>,
    interrupted: Arc<AtomicBool>,
    events: super::event_log::EventLog,
}

impl TemporalSession {
    /// Drives a call to the server, unless the deadline passes or the user interrupts.
    fn drive<T>(
        &self,
        deadline: Instant,
        call: impl Future<Output = T>,
    ) -> Result<Option<T>, TrialError> {
        let interrupted = async {
            while !self.interrupted.load(Ordering::Relaxed) {
                tokio::time::sleep(LOOK).await;
            }
        };
        self.runtime.block_on(async {
            tokio::select! {
                answer = call => Ok(Some(answer)),
                () = tokio::time::sleep_until(deadline.into()) => Ok(None),
                () = interrupted => Err(TrialError::Interrupted),
            }
        })
    }

    /// From now on runs begin under a release, of which there are workers.
    fn make_current(&self, release: Release) -> Result<(), TrialError> {
        let current = self.client.make_current(release.name(), READY);
        let current = self.runtime.block_on(current);
        current.map_err(|error| Self::unreachable(&error))
    }

    /// A run's end, by the server's word.
    async fn result(&self, work: &Work) -> Awaited {
        match &work.job {
            Job::Pipeline(_) | Job::Saga(_) | Job::Embargo(_) => {
                let result = self.client.pipeline_result(&work.run, None).await?;
                Ok(result.map(|summary| Some(Box::new(summary))))
            }
            Job::Approval(_) | Job::Blocking(_) | Job::Expiring(_) => {
                let result = self.client.approval_result(&work.run, None).await?;
                Ok(result.map(|outcome| outcome.summary.map(Box::new)))
            }
            Job::Reminder(_) => {
                let result = self.client.reminder_result(&work.run, None).await?;
                Ok(result.map(|_| None))
            }
            Job::Enough { .. } => {
                let result = self.client.enough_result(&work.run, None).await?;
                Ok(result.map(|_| None))
            }
            Job::Refresh(_) => {
                let result = self.client.refresh_result(&work.run, None).await?;
                Ok(result.map(|_| None))
            }
            Job::Models(_) => {
                let result = self.client.models_result(&work.run, None).await?;
                Ok(result.map(|_| None))
            }
            Job::Order(_) => {
                let result = self.client.order_result(&work.run, None).await?;
                Ok(result.map(|_| None))
            }
            Job::Noop { .. } | Job::Probe(_) | Job::Synthetic { .. } => {
                let result = self.client.noop_result(&work.run, None).await?;
                Ok(result.map(|_| None))
            }
        }
    }

    /// What the server says of a run.
    fn asked<T>(
        &self,
        run: &str,
        call: impl Future<Output = Result<T, ClientError>>,
    ) -> Result<T, TrialError> {
        let told = self.drive(Instant::now() + READY, call)?;
        let told = told.ok_or_else(|| Self::unreachable(&format!("run {run}: no history")))?;
        told.map_err(|error| Self::unreachable(&error))
    }

    /// How a run stands, and what keeps it from going on, as far as the server knows.
    fn described(&self, work: &Work) -> Result<(Description, Option<Hindrance>), TrialError> {
        self.asked(&work.run, async {
            let description = self.client.describe(&work.run, None).await?;
            let hindrance = self.client.hindrance(&description).await?;
            Ok((description, hindrance))
        })
    }

    fn unreachable(error: &dyn std::fmt::Display) -> TrialError {
        TrialError::Unreachable {
            engine: ENGINE.name.into(),
            reason: error.to_string(),
        }
    }
}

impl Session for TemporalSession {
    fn start(&self, work: &Work) -> Result<(), TrialError> {
        let deadline = Instant::now() + READY;
        let started = self.drive(deadline, async {
            match &work.job {
                Job::Pipeline(pipeline) => {
                    let input = input(&work.run, pipeline);
                    self.client.start_pipeline(&work.run, input).await
                }
                Job::Saga(pipeline) => {
                    let input = input(&work.run, pipeline);
                    self.client.start_saga(&work.run, input).await
                }
                Job::Approval(pipeline) => {
                    let input = ApprovalInput::new(input(&work.run, pipeline));
                    self.client.start_approval(&work.run, input).await
                }
                Job::Expiring(embargo) => {
                    let input = ApprovalInput {
                        // Somebody is told when it gives up, as on the other engines; it takes a moment before.
                        escalate_after_ms: embargo.embargo_ms.saturating_sub(1),
                        expire_after_ms: embargo.embargo_ms,
                        pipeline: input(&work.run, &embargo.pipeline),
                    };
                    self.client.start_approval(&work.run, input).await
                }
                // A workflow waits by itself; an activity for that would be nobody's way.
                Job::Blocking(_) => Err(ClientError::Refused {
                    subject: format!("run {}", work.run),
                    reason: "a step that blocks: expected an engine of whose runs none waits"
                        .into(),
                }),
                Job::Enough { pipeline, rows } => {
                    let pipeline = input(&work.run, pipeline);
                    let input = EnoughInput {
                        pipeline,
                        rows: *rows,
                    };
                    self.client.start_enough(&work.run, input).await
                }
                Job::Refresh(refresh) => {
                    let input = refresh::input(&self.client, &work.run, refresh).await?;
                    self.client.start_refresh(&work.run, input).await
                }
                Job::Embargo(embargo) => {
                    let input = embargoed(&work.run, embargo);
                    self.client.start_pipeline(&work.run, input).await
                }
                Job::Reminder(embargo) => {
                    let input = embargoed(&work.run, embargo);
                    self.client.start_reminder(&work.run, input).await
                }
                Job::Models(job) => {
                    let input = models::input(&self.client, &work.run, job).await?;
                    self.client.start_models(&work.run, input).await
                }
                Job::Order(order) => {
                    let input = PipelineInput {
                        run: Some(work.run.clone()),
                        retry: order.retry.clone(),
                        heartbeat_timeout_ms: order.heartbeat_timeout_ms,
                        start_to_close_ms: order.start_to_close_ms,
                        ..OrderInput::new().0
                    };
                    self.client.start_order(&work.run, OrderInput(input)).await
                }
                Job::Noop { shape, steps } => {
                    let input = NoopInput::new(*shape, *steps);
                    self.client.start_noop(&work.run, input).await
                }
                Job::Probe(probe) => self.client.start_noop(&work.run, probed(*probe)).await,
                Job::Synthetic { steps, work: does } => {
                    let input = NoopInput {
                        synthetic: Some(does.clone()),
                        ..NoopInput::new(Shape::Chain, *steps)
                    };
                    self.client.start_noop(&work.run, input).await
                }
            }
        })?;
        match started {
            Some(Ok(_)) => Ok(()),
            Some(Err(refused @ ClientError::Refused { .. })) => {
                Err(TrialError::Run(refused.to_string()))
            }
            Some(Err(error)) => Err(Self::unreachable(&error)),
            None => Err(Self::unreachable(&format!(
                "run {}: start not acknowledged",
                work.run
            ))),
        }
    }

    fn wait(&self, work: &Work, deadline: Instant) -> Result<Ended, TrialError> {
        let answer: Option<Awaited> = self.drive(deadline, async {
            let Some(watch) = &self.watch else {
                return self.result(work).await;
            };
            tokio::select! {
                result = self.result(work) => result,
                never = watch.over(&self.client, &work.run) => match never {},
            }
        })?;
        Ok(match answer {
            None => Ended::Stuck,
            Some(Err(error)) => return Err(Self::unreachable(&error)),
            Some(Ok(Ok(summary))) => Ended::Succeeded { summary },
            Some(Ok(Err(failure))) => Ended::Failed(RunFailure {
                error_type: failure.error_type,
                message: failure.message,
            }),
        })
    }

    fn account(&self, work: &Work) -> Result<Option<Account>, TrialError> {
        let unseen = Watch::default();
        let watch = self.watch.as_ref().unwrap_or(&unseen);
        let told = account::account(&self.client, watch, work);
        self.asked(&work.run, told).map(Some)
    }

    fn step_ends(&self, work: &Work) -> Result<Option<StepEnds>, TrialError> {
        let ends = account::step_ends(&self.client, &work.run);
        self.asked(&work.run, ends).map(Some)
    }

    fn waits(&self, work: &Work) -> Result<bool, TrialError> {
        self.asked(&work.run, answers::waits(&self.client, work))
    }

    fn skip_time(&self, work: &Work, leave: Duration) -> Result<Option<Duration>, TrialError> {
        self.asked(&work.run, answers::skip_time(&self.client, work, leave))
    }

    fn hindrance(&self, work: &Work) -> Result<Option<String>, TrialError> {
        let (_, hindrance) = self.described(work)?;
        let fails = |hindrance: &Hindrance| matches!(hindrance, Hindrance::TaskFails { .. });
        Ok(hindrance.filter(fails).map(|each| each.to_string()))
    }

    fn retried(&self, work: &Work) -> Result<Option<Retried>, TrialError> {
        let (description, hindrance) = self.described(work)?;
        if let Some(Hindrance::TaskFails { attempt, reason }) = hindrance {
            return Ok(Some(Retried {
                attempts: attempt,
                why: reason,
            }));
        }
        let pending = description.pending_activities.into_iter();
        let failed = pending.filter_map(|each| {
            Some(Retried {
                attempts: each.attempt,
                why: format!("{}: {}", each.activity, each.last_failure?),
            })
        });
        Ok(failed.max_by_key(|each| each.attempts))
    }

    fn deploy(&self, release: Release, rollout: Rollout) -> Result<bool, TrialError> {
        match rollout {
            Rollout::Rolling => self.workers.replace(release, 1, READY)?,
            Rollout::Rainbow => {
                self.workers.add(release, READY)?;
                self.make_current(release)?;
            }
        }
        Ok(true)
    }

    fn approve(&self, work: &Work, who: &str) -> Result<bool, TrialError> {
        let approved = answers::approve(&self.client, work, who);
        self.asked(&work.run, approved)
    }

    fn refreshed(&self, _work: &Work) -> Result<Option<Refreshed>, TrialError> {
        Ok(Some(refresh::told()))
    }

    /// A history has no edges: between its activities lies code.
    fn models(&self, _works: &[Work]) -> Result<ModelsTold, TrialError> {
        Ok(models::told())
    }

    fn forget(&self, work: &Work) -> Result<bool, TrialError> {
        let forgotten = answers::forget(&self.client, work);
        self.asked(&work.run, forgotten).map(|()| true)
    }

    fn answers(&self, questions: &[&str], subject: &Subject) -> Result<Vec<Answer>, TrialError> {
        let answered = answers::answers(&self.client, questions, subject);
        self.asked(&subject.run, answered)
    }

    fn workers(&self) -> Vec<u32> {
        self.workers.pids()
    }

    fn database(&self) -> Option<u32> {
        self.database
    }

    fn processes(&self) -> Vec<(Role, u32)> {
        let workers = self.workers().into_iter();
        let mut processes: Vec<(Role, u32)> = workers.map(|pid| (Role::Worker, pid)).collect();
        let mut server = self.server.lock().unwrap_or_else(PoisonError::into_inner);
        let pid = server
            .local()
            .ok()
            .and_then(|local| local.pid().ok().flatten());
        processes.extend(pid.map(|pid| (Role::Server, pid)));
        processes
    }

    fn strike_worker(&self, pid: u32, strike: Strike) -> Result<(), TrialError> {
        self.workers.strike(pid, strike)
    }

    fn strike_service(&self, service: Struck, strike: Strike) -> Result<Option<u32>, TrialError> {
        if service != Struck::Server {
            return Ok(None);
        }
        let mut server = self.server.lock().unwrap_or_else(PoisonError::into_inner);
        let Ok(local) = server.local() else {
            return Ok(None);
        };
        let pid = local.pid().map_err(|error| Self::unreachable(&error))?;
        if strike == Strike::Kill {
            local.kill().map_err(|error| Self::unreachable(&error))?;
        } else if let Some(pid) = pid.and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?)) {
            kill_process(pid, strike.signal()).map_err(|error| Self::unreachable(&error))?;
        }
        Ok(pid)
    }

    fn restart_services(&self) -> Result<(), TrialError> {
        let mut server = self.server.lock().unwrap_or_else(PoisonError::into_inner);
        let begun = Instant::now();
        server
            .local()
            .and_then(|local| local.restart())
            .map_err(|error| Self::unreachable(&error))?;
        open::record_ready(&self.events, &server, begun.elapsed().as_secs_f64() * 1e3)
    }

    fn connect_server(&self, connected: bool) -> Result<bool, TrialError> {
        let mut server = self.server.lock().unwrap_or_else(PoisonError::into_inner);
        let Ok(local) = server.local() else {
            return Ok(false);
        };
        local
            .set_connected(connected)
            .map_err(|error| Self::unreachable(&error))
    }

    fn network(&self) -> Option<&Proxy> {
        self.network.as_ref()
    }

    fn close(self: Box<Self>) -> Result<(), TrialError> {
        self.workers.close()?;
        // A server of ours is killed: its store is not needed any more.
        drop(self.server);
        Ok(())
    }
}
