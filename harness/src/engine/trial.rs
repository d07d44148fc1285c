//! A trial in the making: its folder, its events, the engine it brings up.

mod keep;
mod kill;
mod warehouse;

pub use warehouse::{keep_warehouse, warehouse_rows};

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use orchbench_etl::{EtlConfig, Summary};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::event_log::EventLog;
use super::laboratory::{Laboratory, TrialError};
use super::storage::Storage;
use super::{EXECUTION, Engine, StepExecution, WorkerConfig};
use super::{Ended, Session, Settings, Setup, Work};
use orchbench_evidence::record::{EventBody, OpenTrial, Sample, TrialPlan, TrialStatus};
use orchbench_lab::server::{Postgres, Provisioned};

/// A trial in the making.
pub struct Trial<'a> {
    /// What is to be made.
    pub plan: &'a TrialPlan,
    /// Who makes it.
    pub engine: &'static Engine,
    pub(super) laboratory: &'a Laboratory,
    pub(super) settings: Settings,
    pub(super) events: EventLog,
    pub(super) open: OpenTrial,
    scratch: PathBuf,
    storage: Mutex<Storage>,
    /// CPU time that no account of ours has when its sessions are closed, seconds.
    below_s: Mutex<f64>,
}

impl<'a> Trial<'a> {
    /// Begins a trial: a new event file, empty scratch and journal folders.
    pub fn begin(plan: &'a TrialPlan, laboratory: &'a Laboratory) -> Result<Self, TrialError> {
        let settings = super::settings(&plan.settings).ok_or_else(|| {
            TrialError::Plan(format!(
                "trial {}: unknown settings {:?}",
                plan.id, plan.settings
            ))
        })?;
        let engine = super::named(&plan.engine).ok_or_else(|| {
            TrialError::Plan(format!(
                "trial {}: unknown engine {:?}: expected one of {}",
                plan.id,
                plan.engine,
                super::names().join(", ")
            ))
        })?;
        let scratch = laboratory.scratch.join(&plan.id);
        if scratch.exists() {
            fs::remove_dir_all(&scratch).map_err(io(&scratch))?;
        }
        fs::create_dir_all(&scratch).map_err(io(&scratch))?;
        let open = laboratory.folder.begin_trial(&plan.id)?;
        let trial = Self {
            plan,
            engine,
            laboratory,
            settings,
            events: EventLog::create(&open.events_path())?,
            open,
            scratch,
            storage: Mutex::default(),
            below_s: Mutex::default(),
        };
        trial.events.write(EventBody::TrialStarted {
            format_version: orchbench_evidence::record::FORMAT_VERSION,
            plan: plan.clone(),
        })?;
        Ok(trial)
    }

    /// The trial's event file, for those who outlive a borrow of the trial.
    pub(super) fn record_to(&self) -> &EventLog {
        &self.events
    }

    /// Writes an event.
    pub fn record(&self, body: EventBody) -> Result<(), TrialError> {
        self.events.write(body)
    }

    /// Writes the trial's last event.
    pub fn end_events(
        &self,
        status: TrialStatus,
        reason: Option<String>,
    ) -> Result<(), TrialError> {
        self.events.end(status, reason)
    }

    /// The scenario's parameters in the experiment's own type.
    pub fn parameters<T: DeserializeOwned>(&self) -> Result<T, TrialError> {
        serde_json::from_value(self.plan.parameters.clone()).map_err(|error| {
            TrialError::Plan(format!("trial {}: parameters: {error}", self.plan.id))
        })
    }

    /// A factor of this trial, in the experiment's own type.
    pub fn factor<T: DeserializeOwned>(&self, name: &str) -> Result<T, TrialError> {
        let value = self.plan.factors.get(name).cloned().unwrap_or_default();
        serde_json::from_value(serde_json::Value::String(value)).map_err(|error| {
            TrialError::Plan(format!("trial {}: factor {name}: {error}", self.plan.id))
        })
    }

    /// Seed of the run.
    pub fn seed(&self) -> u64 {
        self.laboratory.seed
    }

    /// Seed of the trial's block: the same for every arm of a block, another one in each block.
    pub fn block_seed(&self) -> u64 {
        self.laboratory
            .seed
            .wrapping_add(u64::from(self.plan.block).wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    /// How many partitions a source has.
    pub fn partitions(&self, source: &str) -> Result<usize, TrialError> {
        let source = orchbench_etl::Source::embedded(source)
            .map_err(|error| TrialError::Plan(format!("trial {}: {error}", self.plan.id)))?;
        Ok(source.days.len())
    }

    /// Whether the user has interrupted.
    pub fn interrupted(&self) -> bool {
        self.laboratory
            .interrupted
            .load(std::sync::atomic::Ordering::Relaxed)
    }

    /// A scratch folder of this trial, made if it is not there.
    pub fn dir(&self, name: &str) -> Result<PathBuf, TrialError> {
        let path = self.scratch.join(name);
        fs::create_dir_all(&path).map_err(io(&path))?;
        Ok(path)
    }

    /// The folder of the trial's journal, in the results.
    pub fn journal_dir(&self) -> PathBuf {
        self.open.journal_dir()
    }

    /// Brings the engine up. Each call has a warehouse and stores of its own.
    pub fn open(&self, setup: Setup) -> Result<Box<dyn Session>, TrialError> {
        *self.storage() = Storage::default();
        for part in ["work", "store"] {
            let path = self.scratch.join(part);
            if path.exists() {
                fs::remove_dir_all(&path).map_err(io(&path))?;
            }
        }
        let work = self.dir("work")?;
        *self.storage() = Storage::prepare(
            &self.plan.engine,
            self.laboratory.server.as_ref(),
            &setup,
            &work,
            &self.dir("store")?,
        )?;
        self.stage(&work)?;
        if setup.journal {
            let journal = self.journal_dir();
            fs::create_dir_all(&journal).map_err(io(&journal))?;
        }
        (self.engine.open)(self, setup)
    }

    /// Lends a work folder the unpacked input.
    pub fn stage(&self, work: &Path) -> Result<(), TrialError> {
        let link = work.join("staged");
        std::os::unix::fs::symlink(&self.laboratory.staged, &link).map_err(io(&link))
    }

    /// The catalogue service to announce to.
    pub fn catalogue_url(&self) -> &str {
        &self.laboratory.catalogue_url
    }

    fn storage(&self) -> MutexGuard<'_, Storage> {
        self.storage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The configuration of every worker of this trial, before it has an epoch, with the engine's
    /// own part.
    ///
    /// # Errors
    /// [`TrialError::Plan`] when that part has no JSON form, or the trial's execution no name.
    pub fn worker_config(
        &self,
        setup: &Setup,
        own: &impl Serialize,
    ) -> Result<WorkerConfig, TrialError> {
        Ok(WorkerConfig {
            etl: self.etl_config(setup),
            concurrency: setup.concurrency,
            execution: self.execution()?,
            engine: serde_json::to_value(own).map_err(|error| {
                TrialError::Plan(format!(
                    "trial {}: its engine's part: {error}",
                    self.plan.id
                ))
            })?,
        })
    }

    /// Where its engine executes its steps: the factor of that name, else the engine's default.
    ///
    /// # Errors
    /// [`TrialError::Plan`] when the engine has not what the factor names.
    pub fn execution(&self) -> Result<StepExecution, TrialError> {
        self.engine.execution(&self.plan.factors).ok_or_else(|| {
            let found = self.plan.factors.get(EXECUTION);
            let found = found.map_or("none", String::as_str);
            let execution = format!("{EXECUTION}: {} has no {found}", self.engine.name);
            TrialError::Plan(format!("trial {}: {execution}", self.plan.id))
        })
    }

    fn etl_config(&self, setup: &Setup) -> EtlConfig {
        EtlConfig {
            data_dir: setup.data_dir.clone(),
            sink: setup.sink,
            journal_dir: setup.journal.then(|| self.journal_dir()),
            catalogue_url: Some(self.laboratory.catalogue_url.clone()),
            crash: setup.crash.clone(),
            failure: setup.failure.clone(),
            step_delay_ms: setup.step_delay_ms,
            order_services: setup.order_services.clone(),
            ..EtlConfig::new(self.scratch.join("work"), self.warehouse())
        }
    }

    /// The PostgreSQL server of the session that is open; `None` where the run has none.
    pub fn postgres(&self) -> Option<Arc<Postgres>> {
        self.storage().postgres.clone()
    }

    /// CPU time of the trial's own that the harness has not in its account of children, seconds.
    pub fn below_s(&self) -> f64 {
        *self.below_s.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes what a session that is to be closed leaves there.
    pub(super) fn note_below(&self, session: &dyn Session) {
        *self.below_s.lock().unwrap_or_else(PoisonError::into_inner) +=
            super::meter::below(session);
    }

    /// The process of that server.
    pub fn postgres_pid(&self) -> Option<u32> {
        self.postgres()?.pid().ok().flatten()
    }

    /// Whether every session of this trial has a PostgreSQL server in a container.
    pub fn brings_postgres(&self) -> bool {
        matches!(self.laboratory.server, Some(Provisioned::Docker(_)))
    }

    fn warehouse(&self) -> String {
        self.storage().warehouse.clone()
    }

    /// Hands a run over and records that the engine acknowledged it.
    pub fn start(&self, session: &dyn Session, work: &Work) -> Result<(), TrialError> {
        session.start(work)?;
        self.record(EventBody::RunAcknowledged {
            run: work.run.clone(),
            source: work.source().map(str::to_owned),
            retry: work.retry(),
        })
    }

    /// Waits for a run's end and records it, whatever it is.
    pub fn end(
        &self,
        session: &dyn Session,
        work: &Work,
        within: Duration,
    ) -> Result<Ended, TrialError> {
        let begun = Instant::now();
        let ended = session.wait(work, begun + within)?;
        let run = work.run.clone();
        self.record(match &ended {
            Ended::Succeeded { summary } => EventBody::RunEnded {
                run,
                summary: summary.as_deref().cloned(),
                failure: None,
            },
            Ended::Failed(failure) => EventBody::RunEnded {
                run,
                summary: None,
                failure: Some(failure.clone()),
            },
            Ended::Stuck => EventBody::RunStuck {
                run,
                waited_ms: begun.elapsed().as_millis() as u64,
            },
        })?;
        Ok(ended)
    }

    /// Starts a run and waits for its end, whatever it is.
    pub fn attempt(
        &self,
        session: &dyn Session,
        work: &Work,
        within: Duration,
    ) -> Result<Ended, TrialError> {
        self.start(session, work)?;
        self.end(session, work, within)
    }

    /// Starts a run that the trial needs to succeed.
    pub fn complete(
        &self,
        session: &dyn Session,
        work: &Work,
        within: Duration,
    ) -> Result<Option<Summary>, TrialError> {
        self.attempt(session, work, within)?.succeeded(&work.run)
    }

    /// The same without events: for loads of many runs, which would measure the event file.
    pub fn complete_unrecorded(
        &self,
        session: &dyn Session,
        work: &Work,
        within: Duration,
    ) -> Result<(), TrialError> {
        session.start(work)?;
        session
            .wait(work, Instant::now() + within)?
            .succeeded(&work.run)
            .map(drop)
    }

    /// Records a measured value.
    pub fn sample(
        &self,
        metric: &str,
        value: f64,
        labels: &[(&str, &str)],
    ) -> Result<(), TrialError> {
        self.record(EventBody::Sample(Sample {
            metric: metric.to_owned(),
            value,
            labels: named(labels),
        }))
    }

    /// Records many measured values of one kind.
    pub fn samples(
        &self,
        metric: &str,
        values: Vec<f64>,
        labels: &[(&str, &str)],
    ) -> Result<(), TrialError> {
        self.record(EventBody::Samples {
            metric: metric.to_owned(),
            values,
            labels: named(labels),
        })
    }

    /// Records that a fault was armed.
    pub fn armed(&self, fault: &str, target: &str) -> Result<(), TrialError> {
        self.record(EventBody::FaultArmed {
            fault: fault.to_owned(),
            target: target.to_owned(),
        })
    }

    /// Records that a fault fired.
    pub fn fired(&self, fault: &str, target: &str, pid: Option<u32>) -> Result<(), TrialError> {
        self.record(EventBody::FaultFired {
            fault: fault.to_owned(),
            target: target.to_owned(),
            pid,
        })
    }
}

fn named(labels: &[(&str, &str)]) -> BTreeMap<String, String> {
    labels
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

pub(super) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> TrialError + '_ {
    move |source| TrialError::Io {
        what: path.display().to_string(),
        source,
    }
}
