//! Assets and executors that the tests of automations share.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex};

use jiff::Timestamp;

use crate::automation::{Automation, Daemon};
use crate::catalog::Failpoint;
use crate::executor::Hooks;
use crate::{
    Asset, AssetGraph, AssetKey, CatalogError, Durability, Executor, ExecutorOptions, Materialized,
    Step, StepContext, StepFailure,
};

pub fn key(name: &str) -> AssetKey {
    AssetKey::new(name).unwrap()
}

pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A step that notes what it executes as `asset@partition in run`, and fails where it is told to.
#[derive(Default)]
pub struct Noting {
    executed: Mutex<Vec<String>>,
    failing: Mutex<BTreeSet<String>>,
}

impl Noting {
    pub fn executed(&self) -> Vec<String> {
        self.executed.lock().unwrap().clone()
    }

    /// What was executed since the last call.
    pub fn take(&self) -> Vec<String> {
        let mut taken = std::mem::take(&mut *self.executed.lock().unwrap());
        taken.sort();
        taken
    }

    /// Makes a piece fail, or no longer.
    pub fn fail(&self, piece: &str, fails: bool) {
        let mut failing = self.failing.lock().unwrap();
        if fails {
            failing.insert(piece.to_owned());
        } else {
            failing.remove(piece);
        }
    }
}

impl Step for Noting {
    fn execute(&self, cx: &StepContext<'_>) -> Result<Materialized, StepFailure> {
        let piece = match cx.partition {
            None => cx.asset.to_string(),
            Some(partition) => format!("{}@{partition}", cx.asset),
        };
        self.executed.lock().unwrap().push(piece.clone());
        if self.failing.lock().unwrap().contains(&piece) {
            return Err(StepFailure::retryable("Planned", "as told"));
        }
        Ok(Materialized::new(cx.run))
    }
}

pub fn asset(name: &str, step: &Arc<Noting>) -> Asset {
    let step: Arc<dyn Step> = step.clone();
    Asset::shared(key(name), step)
}

pub fn graph(assets: Vec<Asset>) -> Arc<AssetGraph> {
    Arc::new(AssetGraph::new(assets).unwrap())
}

pub fn memory() -> Arc<Executor> {
    Arc::new(Executor::memory(ExecutorOptions::default().concurrency(2)))
}

/// An executor on a file that fails at a planned write; these tests cut no power.
pub fn open(path: &Path, failpoint: Failpoint) -> Result<Arc<Executor>, CatalogError> {
    let options = ExecutorOptions::default()
        .concurrency(2)
        .durability(Durability::ProcessCrash);
    let hooks = Hooks {
        failpoint,
        ..Hooks::default()
    };
    Executor::open_with(path, options, hooks).map(Arc::new)
}

pub fn daemon(
    executor: &Arc<Executor>,
    graph: &Arc<AssetGraph>,
    automation: impl Automation + 'static,
) -> Daemon {
    let automations: Vec<Box<dyn Automation>> = vec![Box::new(automation)];
    Daemon::new(Arc::clone(executor), Arc::clone(graph), automations)
}
