//! What a trial's session stores to: its warehouse, and the servers and disks under it.

use std::path::Path;
use std::sync::Arc;

use super::{Setup, TrialError};
use orchbench_lab::process::SmallDisk;
use orchbench_lab::server::{Postgres, Provisioned};

/// Size of the file system of an artifact store that a fault is to fill.
const SMALL_DISK_BYTES: u64 = 64 << 20;

/// The storage of one session. It stays until the trial's next session or its end, so that
/// the warehouse can be read when the engine is down.
#[derive(Default)]
pub(super) struct Storage {
    /// URL of the warehouse.
    pub(super) warehouse: String,
    /// Temporal's PostgreSQL server and every engine's warehouse, where the run is on
    /// PostgreSQL in a container.
    pub(super) postgres: Option<Arc<Postgres>>,
    _disk: Option<SmallDisk>,
}

impl Storage {
    /// Makes the storage that a session asks for.
    ///
    /// # Errors
    /// [`TrialError::Unreachable`] when a server or a disk cannot be had.
    pub(super) fn prepare(
        engine: &str,
        server: Option<&Provisioned>,
        setup: &Setup,
        work: &Path,
        store: &Path,
    ) -> Result<Self, TrialError> {
        let unreachable = |reason: String| TrialError::Unreachable {
            engine: engine.to_owned(),
            reason,
        };
        let disk = setup
            .small_disk
            .then(|| SmallDisk::mount(work, SMALL_DISK_BYTES))
            .transpose()
            .map_err(unreachable)?;
        let postgres = match server {
            Some(Provisioned::Docker(images)) => Some(Arc::new(
                Postgres::start(images).map_err(|error| unreachable(error.to_string()))?,
            )),
            _ => None,
        };
        let warehouse = match (&setup.warehouse, &postgres) {
            (Some(url), _) => url.clone(),
            (None, Some(postgres)) => postgres.warehouse_url(),
            (None, None) => format!("sqlite:{}", store.join("warehouse.sqlite").display()),
        };
        Ok(Self {
            warehouse,
            postgres,
            _disk: disk,
        })
    }
}
