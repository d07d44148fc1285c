//! Where a catalog is: a file in the work folder, or a PostgreSQL database.

use std::hash::{BuildHasher as _, RandomState};
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use asset_engine::{
    AssetGraph, Catalog, Durability, Executor, ExecutorOptions, Recorder, StepWorker,
};

use orchbench_etl::store_url;

use crate::cli::worker::WorkFolder;
use crate::exit::UsageError;

/// How a command is told of another place than the work folder.
#[derive(Debug, Clone, Default, clap::Args)]
pub(in crate::cli) struct CatalogArgs {
    /// The catalog, by its URL: `postgres://USER@HOST/DATABASE`, there in the schema `asset_catalog`; by default a file in
    /// the work folder. Hosts that share it have to share the artifacts (the work folder, or `--store`) and the warehouse too.
    #[arg(
        long,
        value_name = "URL",
        env = "ORCHBENCH_CATALOG",
        hide_env_values = true
    )]
    catalog: Option<String>,
}

/// Where a catalog is.
#[derive(Debug, Clone)]
pub(in crate::cli) enum Place {
    File(PathBuf),
    Postgres {
        url: String,
        /// Whose artifacts it is about.
        folder: WorkFolder,
    },
}

impl CatalogArgs {
    /// The place, beside or in a work folder.
    pub fn place(&self, folder: &WorkFolder) -> Result<Place, UsageError> {
        if let Some(store) = &folder.store {
            let wrong = |reason| UsageError(format!("--store: {reason}"));
            store_url(store).map_err(wrong)?;
        }
        let Some(url) = &self.catalog else {
            return Ok(Place::File(folder.work_dir.join("catalog.sqlite")));
        };
        let schemes = ["postgres://", "postgresql://"];
        match schemes.iter().any(|scheme| url.starts_with(scheme)) {
            true => Ok(Place::Postgres {
                url: url.clone(),
                folder: folder.clone(),
            }),
            // Whatever it is, it may have a password in it.
            false => Err(UsageError(
                "--catalog: expected a URL that begins with postgres://, found another".to_owned(),
            )),
        }
    }
}

impl Place {
    /// The catalog, to read; a file has to be there.
    pub fn read(&self) -> anyhow::Result<Catalog> {
        match self {
            Self::File(path) if !path.exists() => {
                let path = path.display();
                let message = format!("{path}: expected a catalog, found none (--work-dir)");
                Err(UsageError(message).into())
            }
            Self::File(path) => Ok(Catalog::open(path)?),
            Self::Postgres { url, .. } => Ok(Catalog::postgres(url)?),
        }
    }

    /// Records in the catalog, beside whoever executes on it.
    pub fn recorder(&self) -> anyhow::Result<Recorder> {
        Ok(match self {
            Self::File(path) => Recorder::open(path, Durability::PowerLoss)?,
            Self::Postgres { url, folder } => {
                Recorder::postgres_at(url, Durability::PowerLoss, &home(folder)?)?
            }
        })
    }

    /// Executes single steps of runs that something else keeps, beside whoever executes.
    pub fn step_worker(&self, graph: Arc<AssetGraph>) -> anyhow::Result<StepWorker> {
        Ok(match self {
            Self::File(path) => StepWorker::open(path, Durability::PowerLoss, graph)?,
            Self::Postgres { url, folder } => {
                StepWorker::postgres(url, Durability::PowerLoss, &home(folder)?, graph)?
            }
        })
    }

    /// Becomes the one executor of the catalog.
    pub fn executor(&self, options: ExecutorOptions) -> anyhow::Result<Executor> {
        Ok(match self {
            Self::File(path) => Executor::open(path, options)?,
            Self::Postgres { url, .. } => {
                self.recorder()?;
                Executor::postgres(url, options)?
            }
        })
    }
}

/// The name of where the artifacts are: of a store, its URL; a work folder has one for all who share it, drawn by the first of
/// them, and kept in it.
fn home(folder: &WorkFolder) -> anyhow::Result<String> {
    if let Some(store) = &folder.store {
        let url = store_url(store).map_err(|reason| UsageError(format!("--store: {reason}")))?;
        return Ok(format!("store {url}"));
    }
    let work_dir = &folder.work_dir;
    let path = work_dir.join(".work-folder");
    std::fs::create_dir_all(work_dir).with_context(|| work_dir.display().to_string())?;
    let lot = RandomState::new().hash_one(std::process::id());
    let drawn = format!("work folder {lot:016x}");
    let mut file = tempfile::NamedTempFile::new_in(work_dir)?;
    file.write_all(drawn.as_bytes())?;
    match file.persist_noclobber(&path) {
        Ok(_) => Ok(drawn),
        // Somebody was first.
        Err(_) => std::fs::read_to_string(&path).with_context(|| path.display().to_string()),
    }
}
