//! The ETL as one handle: a call in, an outcome out, and the journal as witness.
//!
//! A call passes, in this order: `invoke` record, crash point before the effect, planned failure
//! before, the effect (with the configured delay), planned failure after, crash point after the
//! effect, `ok` record, crash point before the return. A failure anywhere writes `error` instead.

use std::time::{Duration, Instant};

use orchbench_journal::hex;
use orchbench_journal::{CrashPoint, Day, Entry, ErrorType, Kind, Writer};
use sha2::{Digest as _, Sha256};

use crate::artifact::ArtifactStore;
use crate::config::EtlConfig;
use crate::crash;
use crate::dataset::Dataset;
use crate::error::{EtlError, StepError};
use crate::extract::Inputs;
use crate::outcome::ArtifactRef;
use crate::source::SourceCatalogue;
use crate::step::{StepCall, StepOutput};
use crate::transform::Dimensions;
use crate::warehouse::Warehouse;

/// The ETL. Send and Sync: share it in an `Arc`.
///
/// Steps are synchronous and may block for long; never call them on a thread of an async executor.
#[derive(Debug)]
pub struct Etl {
    pub(crate) config: EtlConfig,
    pub(crate) sources: SourceCatalogue,
    pub(crate) warehouse: Warehouse,
    pub(crate) store: ArtifactStore,
    pub(crate) inputs: Inputs,
    pub(crate) dimensions: Dimensions,
    pub(crate) agent: ureq::Agent,
    journal: Option<Writer>,
}

impl Etl {
    /// Opens the warehouse and the work folder, and starts the journal when one is configured.
    ///
    /// # Errors
    /// When a configured value cannot be used, or one of the three cannot be opened.
    pub fn open(config: EtlConfig) -> Result<Self, EtlError> {
        if let Some(crash) = &config.crash {
            crash.prepare().map_err(EtlError::Config)?;
        }
        if let Some(failure) = &config.failure {
            failure.validate().map_err(EtlError::Config)?;
        }
        let sources = match &config.sources_file {
            Some(path) => SourceCatalogue::read(path)?,
            None => SourceCatalogue::embedded()?,
        };
        let artifacts = config.work_dir.join("artifacts");
        let store = ArtifactStore::open(artifacts, config.store.as_deref())?;
        let warehouse = Warehouse::open(&config.warehouse)?;
        let journal = match &config.journal_dir {
            Some(dir) => {
                let id = format!("{}-{}", config.worker_epoch, std::process::id());
                Some(Writer::create(dir, &id, config.worker_epoch)?)
            }
            None => None,
        };
        Ok(Self {
            inputs: Inputs::new(config.data_dir.clone(), config.work_dir.clone()),
            config,
            sources,
            warehouse,
            store,
            dimensions: Dimensions::default(),
            agent: crate::announce::agent(),
            journal,
        })
    }

    /// The configuration that it was opened with.
    #[must_use]
    pub fn config(&self) -> &EtlConfig {
        &self.config
    }

    /// The sources that runs can be about.
    #[must_use]
    pub fn sources(&self) -> &SourceCatalogue {
        &self.sources
    }

    /// The warehouse that `load` and `publish` write.
    #[must_use]
    pub fn warehouse(&self) -> &Warehouse {
        &self.warehouse
    }

    /// The version of an input as it is now: the hex SHA-256 of its archive's bytes.
    ///
    /// # Errors
    /// `Dataset`, when the file cannot be read.
    pub fn input_version(&self, dataset: Dataset) -> Result<String, StepError> {
        self.inputs.version(dataset)
    }

    /// The version of what an input has of one day: a digest of its rows as they stand in the table, equal
    /// as long as none of them changes, whatever becomes of other days.
    ///
    /// # Errors
    /// `Dataset`, when the archive cannot be used.
    pub fn day_version(&self, dataset: Dataset, day: Day) -> Result<String, StepError> {
        self.inputs.day_version(dataset, day)
    }

    /// Whether an artifact is where a reference says, by a look at both ends of its file. One that
    /// was read and found not to be what it should be is not there any more.
    #[must_use]
    pub fn has_artifact(&self, artifact: &ArtifactRef) -> bool {
        self.store.has(artifact)
    }

    /// This process's journal, when one is written.
    #[must_use]
    pub fn journal(&self) -> Option<&Writer> {
        self.journal.as_ref()
    }

    /// Executes one attempt at a step.
    ///
    /// # Errors
    /// The step's error, whose type says whether another attempt can help.
    pub fn call(&self, call: &StepCall) -> Result<StepOutput, StepError> {
        self.call_with_progress(call, &|_| ())
    }

    /// The same, telling now and then how many rows are done, for heartbeats.
    ///
    /// # Errors
    /// As [`Etl::call`].
    pub fn call_with_progress(
        &self,
        call: &StepCall,
        progress: &dyn Fn(u64),
    ) -> Result<StepOutput, StepError> {
        let entry = entry(call);
        self.write(Kind::Invoke, entry.clone())?;
        let result = self
            .pass(CrashPoint::BeforeEffect, call)
            .and_then(|()| self.effect(call, progress))
            .and_then(|output| self.pass(CrashPoint::AfterEffect, call).map(|()| output));
        match &result {
            Ok(output) => {
                let (rows, changed) = counts(output);
                let done = Entry {
                    output_digest: Some(output.digest().to_owned()),
                    rows,
                    changed,
                    ..entry
                };
                self.write(Kind::Ok, done)?;
                self.crash_at(CrashPoint::BeforeReturn, call)?;
            }
            Err(error) => self.write(
                Kind::Error,
                Entry {
                    error: Some(error.to_string()),
                    ..entry
                },
            )?,
        }
        result
    }

    /// The crash point and the planned failure on one side of the effect. Before the effect the
    /// crash comes first, after it the failure: both as in the order at the top.
    fn pass(&self, point: CrashPoint, call: &StepCall) -> Result<(), StepError> {
        let fail = || match &self.config.failure {
            Some(failure) => failure.at(call, point),
            None => Ok(()),
        };
        if point == CrashPoint::BeforeEffect {
            self.crash_at(point, call)?;
            fail()
        } else {
            fail()?;
            self.crash_at(point, call)
        }
    }

    fn crash_at(&self, point: CrashPoint, call: &StepCall) -> Result<(), StepError> {
        let Some(plan) = &self.config.crash else {
            return Ok(());
        };
        let Some(rule) = plan.claim(call, point)? else {
            return Ok(());
        };
        let fired = Entry {
            point: Some(point),
            error: Some(rule.id.clone()),
            ..entry(call)
        };
        self.write(Kind::Crash, fired)?;
        crash::fire(rule, call)
    }

    fn effect(&self, call: &StepCall, progress: &dyn Fn(u64)) -> Result<StepOutput, StepError> {
        self.added_work(progress);
        self.execute(call, progress)
    }

    /// Pretends to work for `step_delay_ms`, with progress at least every 50 ms.
    fn added_work(&self, progress: &dyn Fn(u64)) {
        if self.config.step_delay_ms == 0 {
            return;
        }
        let end = Instant::now() + Duration::from_millis(self.config.step_delay_ms);
        loop {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            std::thread::sleep(left.min(Duration::from_millis(50)));
            progress(0);
        }
    }

    fn write(&self, kind: Kind, entry: Entry) -> Result<(), StepError> {
        match &self.journal {
            Some(journal) => journal
                .append(kind, entry)
                .map_err(|error| StepError::new(ErrorType::Journal, error.to_string())),
            None => Ok(()),
        }
    }
}

/// What every record about this call has.
fn entry(call: &StepCall) -> Entry {
    // Inputs are plain data, so they have a JSON form; an empty digest would show in the journal.
    let inputs = serde_json::to_vec(&call.inputs).unwrap_or_default();
    Entry {
        run: Some(call.run.clone()),
        source: Some(call.source.clone()),
        step: Some(call.step()),
        partition: call.partition,
        attempt: Some(call.attempt),
        key: Some(call.idempotency_key()),
        token: Some(call.token),
        input_digest: Some(hex(&Sha256::digest(&inputs))),
        ..Entry::default()
    }
}

/// Rows and changed rows, as the journal records them.
fn counts(output: &StepOutput) -> (Option<u64>, Option<u64>) {
    match output {
        StepOutput::Extracted(extracted) => (Some(extracted.accepted), None),
        StepOutput::Transformed(transformed) => (Some(transformed.artifact.rows), None),
        StepOutput::Checked(checked) => (Some(checked.rows), None),
        StepOutput::Loaded(loaded) => (Some(loaded.rows), Some(loaded.changed)),
        StepOutput::Published(published) => {
            (Some(published.loaded), Some(u64::from(published.changed)))
        }
        StepOutput::Undone(undone) => (None, Some(undone.changed)),
        StepOutput::Served(served) => (None, Some(u64::from(served.changed))),
        StepOutput::Announced(_) | StepOutput::Escalated(_) => (None, None),
    }
}
