//! The assets: a chain of them over the same partitions, so that a partition is a lane; steps that wait and store.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use asset_engine::{
    Asset, AssetGraph, AssetKey, Materialized, Partitions, Step, StepContext, StepFailure,
};
use serde::{Deserialize, Serialize};

/// What a step stores.
const OBJECT: [u8; 1024] = [b'x'; 1024];

/// So many assets over so many partitions.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Chain {
    pub partitions: u32,
    pub assets: u32,
    /// How long a step waits.
    pub wait_ms: u64,
    /// Where a step puts an object, if it does.
    pub store: Option<PathBuf>,
}

impl Chain {
    /// Steps that only say that they were executed.
    pub fn empty(partitions: u32, assets: u32) -> Self {
        Self {
            partitions,
            assets,
            wait_ms: 0,
            store: None,
        }
    }

    pub fn steps(&self) -> u32 {
        self.partitions * self.assets
    }

    pub fn graph(&self) -> Result<Arc<AssetGraph>> {
        let partitions = Partitions::static_keys((0..self.partitions).map(partition))?;
        let step: Arc<dyn Step> = Arc::new(self.clone());
        let mut assets = Vec::new();
        for number in 0..self.assets {
            let asset = Asset::shared(asset(number)?, Arc::clone(&step));
            let asset = asset.partitions(partitions.clone());
            assets.push(match number.checked_sub(1) {
                Some(before) => asset.depends_on(self::asset(before)?),
                None => asset,
            });
        }
        Ok(Arc::new(AssetGraph::new(assets)?))
    }
}

pub fn asset(number: u32) -> Result<AssetKey> {
    Ok(AssetKey::new(&format!("a{number:03}"))?)
}

pub fn partition(number: u32) -> String {
    format!("p{number:05}")
}

impl Step for Chain {
    fn execute(&self, cx: &StepContext<'_>) -> Result<Materialized, StepFailure> {
        std::thread::sleep(Duration::from_millis(self.wait_ms));
        if let Some(store) = &self.store {
            let name = format!("{}-{}", cx.asset, cx.partition.unwrap_or_default());
            put(store, &name).map_err(|error| StepFailure::retryable("Io", error.to_string()))?;
        }
        Ok(Materialized::new(cx.run))
    }
}

/// Puts an object into a folder: written, synced, and there when it is whole.
pub fn put(store: &Path, name: &str) -> std::io::Result<()> {
    let unfinished = store.join(format!("{name}.unfinished"));
    let mut file = File::create(&unfinished)?;
    file.write_all(&OBJECT)?;
    file.sync_all()?;
    fs::rename(&unfinished, store.join(name))
}
