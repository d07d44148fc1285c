//! Which assets a command is about, and where their catalog is.
//!
//! The first segment of a key names its source, so `my-source/marts+` needs no `--source`; a source
//! by itself (`my-source`) is all of it. Besides the sources of the ETL there is the worked example
//! `order`.

use std::ops::Deref;
use std::sync::Arc;

use asset_engine::{
    Asset, AssetGraph, AssetKey, Catalog, Durability, Executor, ExecutorOptions, Lock, Looked,
    Recorder, Selection, SelectionError,
};
use orchbench_assets::{GraphOptions, ORDER, Rows};
use orchbench_etl::{Etl, SourceError};

use super::place::{CatalogArgs, Place};
use crate::cli::worker::Surroundings;
use crate::exit::UsageError;
use crate::output;
use orchbench_etl::catalogue::CatalogueService;

/// Which assets, and where they and their catalog are.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Location {
    /// The source whose assets are meant, or `order`; by default the first segment of the keys.
    #[arg(long)]
    source: Option<String>,
    /// The announcement waits for a person's word (`orchbench assets approve`).
    #[arg(long)]
    pub approval: bool,
    #[command(flatten)]
    place: CatalogArgs,
    #[command(flatten)]
    pub surroundings: Surroundings,
}

/// How runs are executed.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(in crate::cli) struct Execution {
    /// Steps in work at a time.
    #[arg(long, default_value_t = 8)]
    concurrency: usize,
    /// Wait when another process executes on the same catalog, instead of an error.
    #[arg(long)]
    wait: bool,
}

impl Execution {
    /// Steps in work at a time.
    pub fn concurrency(self) -> usize {
        self.concurrency
    }
}

/// What the commands had that record facts when they still took the executor's turn.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(in crate::cli) struct Turn {
    /// Without effect: a fact is recorded beside whoever executes, so there is nothing to wait for.
    #[arg(long, hide = true)]
    wait: bool,
}

/// The assets of a source, and their catalog.
pub(in crate::cli) struct Assets {
    /// The source.
    pub source: String,
    pub graph: Arc<AssetGraph>,
    /// Where the catalog is.
    pub place: Place,
}

/// The same, with what executes their steps.
pub(in crate::cli) struct Executable {
    pub assets: Assets,
    pub etl: Arc<Etl>,
    /// Kept alive for the announcement.
    _service: Option<CatalogueService>,
}

impl Deref for Executable {
    type Target = Assets;

    fn deref(&self) -> &Assets {
        &self.assets
    }
}

impl Location {
    /// The assets of a source, without a gate.
    pub fn of(source: &str, place: CatalogArgs, surroundings: Surroundings) -> Self {
        Self {
            source: Some(source.to_owned()),
            approval: false,
            place,
            surroundings,
        }
    }

    /// The catalog, to read.
    pub fn catalog(&self) -> anyhow::Result<Catalog> {
        self.place.place(self.surroundings.folder())?.read()
    }

    /// The assets that a selection is about, to read of them: nothing is made, no folder either.
    pub fn read(self, selection: &str) -> anyhow::Result<Assets> {
        let source = self.source.map_or_else(|| source_of(selection), Ok)?;
        let folder = self.surroundings.folder();
        let graph = if source == ORDER {
            orchbench_assets::order_graph(&folder.work_dir)?
        } else {
            let sources = self.surroundings.source_catalogue();
            let sources = sources.map_err(|error| usage(&error))?;
            let definition = sources.get(&source).map_err(|error| usage(&error))?;
            orchbench_assets::definitions(definition, &options(self.approval))?
        };
        Ok(Assets {
            place: self.place.place(folder)?,
            graph: Arc::new(graph),
            source,
        })
    }

    /// The assets that a selection is about, with what executes their steps and announces.
    pub fn open(self, selection: &str) -> anyhow::Result<Executable> {
        let source = self.source.map_or_else(|| source_of(selection), Ok)?;
        let place = self.place.place(self.surroundings.folder())?;
        let (config, service) = self.surroundings.open()?;
        let etl = Arc::new(Etl::open(config)?);
        let graph = if source == ORDER {
            orchbench_assets::order_graph(&etl.config().work_dir)?
                .identified_by(orchbench_assets::order_identity())
        } else {
            let options = options(self.approval);
            let definition = etl.sources().get(&source).map_err(|error| usage(&error))?;
            let identity = orchbench_assets::identity(&etl, definition, &options)?;
            orchbench_assets::graph(Arc::clone(&etl), definition, &options)?.identified_by(identity)
        };
        let assets = Assets {
            source,
            graph: Arc::new(graph),
            place,
        };
        Ok(Executable {
            assets,
            etl,
            _service: service,
        })
    }
}

fn options(gated: bool) -> GraphOptions {
    GraphOptions {
        gated,
        ..GraphOptions::default()
    }
}

fn usage(error: &SourceError) -> UsageError {
    UsageError(error.to_string())
}

/// An id under which the catalog has nothing.
pub(super) fn neither(id: &str) -> UsageError {
    UsageError(format!(
        "{id:?}: expected the id of a run or a backfill, found neither"
    ))
}

/// The first segment of the first key in a selection.
fn source_of(selection: &str) -> Result<String, UsageError> {
    let is_key = |c: char| c.is_alphanumeric() || "-_./".contains(c);
    selection
        .split(|c: char| !is_key(c))
        .find_map(|word| match word.split_once('/') {
            Some((source, _)) => Some(source),
            None => (word == selection.trim()).then_some(word),
        })
        .filter(|source| !source.is_empty())
        .map(str::to_owned)
        .ok_or_else(|| {
            UsageError(format!(
                "selection {selection:?}: expected the key of an asset, such as my-source/marts, \
                 or --source, found neither"
            ))
        })
}

impl Assets {
    /// A selection of these assets; the name of the source alone is all of them.
    pub fn select(&self, selection: &str) -> Result<Selection, SelectionError> {
        if selection.trim() == self.source {
            return Ok(Selection::all());
        }
        Selection::parse(selection)
    }

    /// A selection of these assets in one partition or a range of them; in all without.
    pub fn select_in(
        &self,
        selection: &str,
        partitions: Option<&str>,
    ) -> anyhow::Result<Selection> {
        let selection = self.select(selection)?;
        Ok(match partitions {
            Some(text) => selection.with_partitions(self.partitions(text)?),
            None => selection,
        })
    }

    /// One asset, by its key.
    pub fn asset(&self, text: &str) -> Result<&Asset, UsageError> {
        let key = AssetKey::new(text).map_err(|error| UsageError(error.to_string()))?;
        self.graph.get(&key).ok_or_else(|| {
            let known = self.graph.assets().iter().map(|asset| asset.key.as_str());
            let known: Vec<&str> = known.collect();
            UsageError(format!("asset {key}: expected one of {}", known.join(", ")))
        })
    }

    /// The keys of a partition, or of a range `FROM..TO` with both ends, in the order of the set
    /// that has them.
    pub fn partitions(&self, text: &str) -> Result<Vec<String>, UsageError> {
        let (first, last) = match text.split_once("..") {
            Some((first, last)) => (first, last.trim_start_matches('.')),
            None => (text, text),
        };
        let mut sets = self.graph.assets().iter().map(|asset| &asset.partitions);
        let mut place = |key: &str| {
            let set = sets.clone().find(|set| set.position(Some(key)).is_some());
            set.ok_or_else(|| {
                let some = sets.find_map(|set| Some((set.key(0)?, set.key(set.count() - 1)?)));
                let known = some.map_or("none".to_owned(), |(first, last)| {
                    format!("{first} to {last}")
                });
                UsageError(format!(
                    "partition {key:?}: expected one of {}: {known}",
                    self.source
                ))
            })
        };
        let (set, _) = (place(first)?, place(last)?);
        let (from, to) = (set.position(Some(first)), set.position(Some(last)));
        let (Some(from), Some(to)) = (from, to) else {
            let message = format!("partitions {text:?}: the ends are not of one set");
            return Err(UsageError(message));
        };
        if to < from {
            let message = format!("partitions {text:?}: expected the first before the last");
            return Err(UsageError(message));
        }
        Ok((from..=to)
            .filter_map(|at| set.key(at))
            .map(ToString::to_string)
            .collect())
    }

    /// The catalog, to read.
    pub fn catalog(&self) -> anyhow::Result<Catalog> {
        self.place.read()
    }

    /// Records in the catalog, beside whoever executes on it.
    pub fn recorder(&self) -> anyhow::Result<Recorder> {
        self.place.recorder()
    }

    /// Becomes the one executor of the catalog.
    pub fn executor(&self, execution: Execution) -> anyhow::Result<Executor> {
        let options = ExecutorOptions::default()
            .concurrency(execution.concurrency)
            .durability(Durability::PowerLoss)
            .lock(if execution.wait {
                Lock::Wait
            } else {
                Lock::Fail
            });
        let executor = self.place.executor(options)?;
        for damaged in executor.warnings() {
            output::note(&format!("warning: {damaged}"));
        }
        Ok(executor)
    }
}

/// Says whose data a look did not find any more.
pub(in crate::cli) fn tell_gone(looked: &Looked) {
    for (asset, partition) in &looked.gone {
        let partition = partition.as_deref().unwrap_or_default();
        output::note(&format!(
            "warning: asset {asset} {partition}: its data is gone, so it counts as missing"
        ));
    }
}

impl Executable {
    /// Looks at the sources and at what was made of them, so that what has changed since is stale.
    pub fn look(&self, executor: &Executor) -> anyhow::Result<()> {
        let looked = executor.look(&self.graph)?;
        tell_gone(&looked);
        for problem in &looked.problems {
            output::note(&format!("warning: {problem}"));
        }
        Ok(())
    }

    /// What became of the rows of the source, in some partitions or all of them; `None` for what is
    /// no source of the ETL.
    pub fn rows(&self, partitions: Option<&[String]>) -> anyhow::Result<Option<Rows>> {
        let Ok(source) = self.etl.sources().get(&self.source) else {
            return Ok(None);
        };
        let rows = orchbench_assets::rows(&self.catalog()?, source, partitions)?;
        Ok(Some(rows))
    }

    /// Says what became of the rows: the counts as a result, where that is no JSON that has them
    /// already, and what is unusual as warnings.
    pub fn tell_rows(&self, rows: Option<&Rows>, as_json: bool) {
        let Some(rows) = rows else { return };
        if !as_json {
            output::line(&format!(
                "{}: {} extracted, {} accepted, {} quarantined, {} loaded",
                self.source, rows.extracted, rows.accepted, rows.quarantined, rows.loaded
            ));
        }
        for warning in &rows.warnings {
            output::note(&format!("warning: {warning}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_selection_names_its_source() {
        for (selection, source) in [
            ("my-source", "my-source"),
            ("my-source/marts", "my-source"),
            ("++all/marts+", "all"),
            ("2+EWR/warehouse and not tag:step=check", "EWR"),
            ("key:\"order/*\"", "order"),
        ] {
            assert_eq!(
                source_of(selection).ok().as_deref(),
                Some(source),
                "{selection}"
            );
        }
        for selection in ["*", "tag:step=load", "group:x", ""] {
            assert!(source_of(selection).is_err(), "{selection}");
        }
    }
}
