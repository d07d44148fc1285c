//! Steps and graphs that the tests share.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex};

use crate::{
    Asset, AssetGraph, AssetKey, Executor, ExecutorOptions, Materialized, Mode, Partitions,
    RunRequest, Selection, Step, StepContext, StepFailure,
};

pub fn key(name: &str) -> AssetKey {
    AssetKey::new(name).unwrap()
}

/// Names a piece: `a` or `a@2013-01-01`.
pub fn piece(asset: &AssetKey, partition: Option<&str>) -> String {
    match partition {
        None => asset.to_string(),
        Some(partition) => format!("{asset}@{partition}"),
    }
}

/// The version of data that is a pure function of its name and what it was made from.
pub fn pure_version(cx: &StepContext<'_>) -> Materialized {
    let mut hasher = DefaultHasher::new();
    piece(cx.asset, cx.partition).hash(&mut hasher);
    for input in cx.inputs {
        input.data_version.hash(&mut hasher);
    }
    Materialized::new(format!("{:016x}", hasher.finish()))
}

pub fn made(version: &str) -> Materialized {
    Materialized::new(version)
}

/// A step that counts its executions and fails as told.
#[derive(Default)]
pub struct Script {
    executions: Mutex<Vec<(String, u32)>>,
    /// Piece → attempts up to this one fail.
    fail_until: HashMap<String, u32>,
}

impl Script {
    pub fn failing(pieces: &[(&str, u32)]) -> Self {
        Self {
            fail_until: pieces
                .iter()
                .map(|(piece, until)| ((*piece).to_owned(), *until))
                .collect(),
            ..Self::default()
        }
    }

    /// Pieces and attempts in the order in which they began.
    pub fn executions(&self) -> Vec<(String, u32)> {
        self.executions.lock().unwrap().clone()
    }

    pub fn pieces(&self) -> Vec<String> {
        let executions = self.executions();
        executions.into_iter().map(|(piece, _)| piece).collect()
    }
}

impl Step for Script {
    fn execute(&self, cx: &StepContext<'_>) -> Result<Materialized, StepFailure> {
        let name = piece(cx.asset, cx.partition);
        self.executions
            .lock()
            .unwrap()
            .push((name.clone(), cx.attempt));
        if self
            .fail_until
            .get(&name)
            .is_some_and(|until| cx.attempt <= *until)
        {
            return Err(StepFailure::retryable(
                "Planned",
                format!("attempt {}", cx.attempt),
            ));
        }
        Ok(pure_version(cx))
    }
}

pub fn asset(name: &str, step: &Arc<Script>) -> Asset {
    let step: Arc<dyn Step> = step.clone();
    Asset::shared(key(name), step)
}

pub fn graph(assets: Vec<Asset>) -> Arc<AssetGraph> {
    Arc::new(AssetGraph::new(assets).unwrap())
}

pub fn request(run: &str, graph: &Arc<AssetGraph>) -> RunRequest {
    RunRequest::new(run, Arc::clone(graph))
}

pub fn memory(concurrency: usize) -> Executor {
    Executor::memory(ExecutorOptions::default().concurrency(concurrency))
}

/// A run of what is stale.
pub fn stale_run(run: &str, graph: &Arc<AssetGraph>) -> RunRequest {
    selected(run, graph, "*", Mode::Stale)
}

/// A run of a part.
pub fn selected(run: &str, graph: &Arc<AssetGraph>, selection: &str, mode: Mode) -> RunRequest {
    RunRequest {
        mode,
        selection: Selection::parse(selection).unwrap(),
        ..request(run, graph)
    }
}

/// A small pipeline with every kind of edge: per-run inputs, daily steps, a total over all days.
pub fn pipeline(step: &Arc<Script>, days: u32) -> Arc<AssetGraph> {
    let days: Vec<String> = (1..=days).map(|day| format!("2013-01-{day:02}")).collect();
    let daily = Partitions::static_keys(days).unwrap();
    graph(vec![
        asset("lookup", step),
        asset("raw", step).partitions(daily.clone()),
        asset("joined", step)
            .partitions(daily.clone())
            .depends_on(key("raw"))
            .depends_on(key("lookup")),
        asset("loaded", step)
            .partitions(daily)
            .depends_on(key("joined")),
        asset("marts", step).depends_on(key("loaded")),
        asset("announced", step).depends_on(key("marts")),
    ])
}
