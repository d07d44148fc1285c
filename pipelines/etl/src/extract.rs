//! The extract steps: dataset → cleaned Parquet in the artifact store, bad rows to quarantine.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use orchbench_journal::{Day, ErrorType, hex};
use sha2::{Digest as _, Sha256};

use crate::artifact::ArtifactStore;
use crate::canonical::Value;
use crate::dataset::archive::{self, Archive, Look};
use crate::dataset::parse::{BadRow, Parsed, Rules};
use crate::dataset::sorted::Sorted;
use crate::dataset::stage::{Staged, stage, stage_anew};
use crate::dataset::{Dataset, unusable};
use crate::error::StepError;
use crate::frame::Rows;
use crate::outcome::Extracted;
use crate::schema;
use crate::source::Source;

/// From how many rows on a column without a single readable value is a fault of the dataset, not
/// of its rows.
const WRONG_TYPE_MIN_ROWS: usize = 10;

/// The datasets as far as this process has staged them. What it has of one is used as long as its
/// archive looks as it did.
#[derive(Debug)]
pub(crate) struct Inputs {
    data_dir: Option<PathBuf>,
    work_dir: PathBuf,
    staged: [Mutex<Option<Seen<Arc<Staged>>>>; Dataset::ALL.len()],
    versions: [Mutex<Option<Seen<String>>>; Dataset::ALL.len()],
    /// The codes of the known carriers, by the version of the airlines.
    carriers: Mutex<Option<(String, Arc<HashSet<String>>)>>,
}

/// Something about an archive, and how that looked just before.
type Seen<T> = (Option<Look>, T);

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Inputs {
    pub(crate) fn new(data_dir: Option<PathBuf>, work_dir: PathBuf) -> Self {
        Self {
            data_dir,
            work_dir,
            staged: Default::default(),
            versions: Default::default(),
            carriers: Mutex::new(None),
        }
    }

    fn archive(&self, dataset: Dataset) -> Result<Archive, StepError> {
        archive::open(dataset, self.data_dir.as_deref())
    }

    /// The version of an input as it is now: the hex SHA-256 of its archive's bytes.
    ///
    /// # Errors
    /// `Dataset`, when the file cannot be read.
    pub(crate) fn version(&self, dataset: Dataset) -> Result<String, StepError> {
        let look = archive::look(dataset, self.data_dir.as_deref())?;
        let mut slot = lock(&self.versions[dataset as usize]);
        if let Some((seen, version)) = &*slot
            && *seen == look
        {
            return Ok(version.clone());
        }
        let version = self.archive(dataset)?.version();
        *slot = Some((look, version.clone()));
        Ok(version)
    }

    /// The version of a day of an input as it is now: a digest over those of its runs of rows.
    ///
    /// # Errors
    /// As [`Inputs::staged`].
    pub(crate) fn day_version(&self, dataset: Dataset, day: Day) -> Result<String, StepError> {
        let staged = self.staged(dataset, None)?;
        let mut digest = Sha256::new();
        for extent in staged.index.extents(Some(day)) {
            digest.update(extent.digest.as_bytes());
        }
        Ok(hex(&digest.finalize()))
    }

    /// The staged dataset. A second thread waits for the first instead of staging again. `damaged`
    /// is what was found not to be what was staged.
    fn staged(
        &self,
        dataset: Dataset,
        damaged: Option<&Arc<Staged>>,
    ) -> Result<Arc<Staged>, StepError> {
        let look = archive::look(dataset, self.data_dir.as_deref())?;
        let mut slot = lock(&self.staged[dataset as usize]);
        let is_damaged = |staged| damaged.is_some_and(|known| Arc::ptr_eq(known, staged));
        if let Some((seen, staged)) = &*slot
            && *seen == look
            && !is_damaged(staged)
        {
            return Ok(Arc::clone(staged));
        }
        let archive = self.archive(dataset)?;
        let staged = match damaged {
            Some(_) => stage_anew(dataset, &archive, &self.work_dir),
            None => stage(dataset, &archive, &self.work_dir),
        };
        let staged = Arc::new(staged?);
        *slot = Some((look, Arc::clone(&staged)));
        Ok(staged)
    }

    /// The codes of the known carriers: the accepted rows of the airlines.
    fn carriers(&self) -> Result<Arc<HashSet<String>>, StepError> {
        let mut slot = lock(&self.carriers);
        let version = self.staged(Dataset::Airlines, None)?.version.clone();
        if let Some((known, carriers)) = &*slot
            && *known == version
        {
            return Ok(Arc::clone(carriers));
        }
        let rules = Rules {
            has_origin: &|_| true,
            knows_carrier: &|_| true,
            progress: &|_| (),
        };
        let airlines = self.parse(Dataset::Airlines, None, &rules)?;
        let airlines = airlines
            .batch()
            .map_err(|error| batch_error(Dataset::Airlines, &error))?;
        let rows = Rows::new(&airlines, schema::AIRLINES)
            .map_err(|error| batch_error(Dataset::Airlines, &error))?;
        let code = |row| match rows.value(row, 0) {
            Value::Text(code) => Some(code.to_owned()),
            _ => None,
        };
        let carriers: Arc<HashSet<String>> =
            Arc::new((0..rows.height()).filter_map(code).collect());
        *slot = Some((version, Arc::clone(&carriers)));
        Ok(carriers)
    }

    fn parse(
        &self,
        dataset: Dataset,
        day: Option<Day>,
        rules: &Rules<'_>,
    ) -> Result<Sorted, StepError> {
        let mut staged = self.staged(dataset, None)?;
        let text = match staged.read(day) {
            Ok(text) => text,
            Err(_) => {
                staged = self.staged(dataset, Some(&staged))?;
                staged.read(day)?
            }
        };
        let mut parsed = Parsed::new(dataset);
        for (run, line) in text.runs {
            parsed.read(&text.bytes, run, line, &staged.index, rules);
        }
        let sorted = parsed.sort(&text.bytes);
        wrong_column(&staged.name, dataset, &sorted)?;
        Ok(sorted)
    }

    /// Extracts a dataset: all of it, or one day of a daily one.
    ///
    /// # Errors
    /// `Dataset`, when the dataset as a whole cannot be used; `Artifact`.
    pub(crate) fn extract(
        &self,
        dataset: Dataset,
        source: &Source,
        day: Option<Day>,
        store: &ArtifactStore,
        progress: &dyn Fn(u64),
    ) -> Result<Extracted, StepError> {
        let carriers = match dataset {
            Dataset::Flights => self.carriers()?,
            _ => Arc::default(),
        };
        let rules = Rules {
            has_origin: &|origin| source.has_origin(origin),
            knows_carrier: &|carrier| carriers.contains(carrier),
            progress,
        };
        let sorted = self.parse(dataset, day, &rules)?;
        let batch = sorted
            .batch()
            .map_err(|error| batch_error(dataset, &error))?;
        let artifact = store.write(dataset.name(), &batch, dataset.columns())?;
        let quarantine = if sorted.bad().is_empty() {
            None
        } else {
            let batch = sorted
                .quarantine()
                .map_err(|error| batch_error(dataset, &error))?;
            Some(store.write("quarantine", &batch, schema::QUARANTINE)?)
        };
        let (accepted, quarantined) = (sorted.accepted() as u64, sorted.bad().len() as u64);
        Ok(Extracted {
            artifact,
            extracted: accepted + quarantined,
            accepted,
            quarantined,
            quarantine,
            arr_delay_sum: sorted.arr_delay_sum(),
        })
    }
}

fn batch_error(dataset: Dataset, error: &dyn std::fmt::Display) -> StepError {
    StepError::new(
        ErrorType::Artifact,
        format!("{}: record batch: {error}", dataset.name()),
    )
}

/// Refuses a dataset in which a column has another type than it should: then every row is bad for
/// the same reason, which is one error, not thousands of quarantined rows.
fn wrong_column(name: &str, dataset: Dataset, sorted: &Sorted) -> Result<(), StepError> {
    let bad = sorted.bad();
    if sorted.accepted() > 0 || bad.len() < WRONG_TYPE_MIN_ROWS {
        return Ok(());
    }
    let Some(BadRow {
        column: Some(column),
        line,
        reason,
        ..
    }) = bad.first()
    else {
        return Ok(());
    };
    if bad.iter().any(|bad| bad.column != Some(*column)) {
        return Ok(());
    }
    let column = &dataset.columns()[*column];
    let found = reason.rsplit(", found ").next().unwrap_or(reason);
    Err(unusable(
        name,
        *line,
        column.name,
        column.kind.expected(),
        &format!(
            "{found}, and nothing better in the {} rows of the partition",
            bad.len()
        ),
    ))
}
