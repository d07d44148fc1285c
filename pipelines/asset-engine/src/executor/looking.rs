//! A look at what is outside of the engine: at sources, and whether what was made is still there.

use std::collections::HashMap;
use std::sync::Arc;

use super::job::{guarded, of_no_run};
use crate::asset::{Asset, Making};
use crate::catalog::{Catalog, CatalogError};
use crate::event::{Event, Observation, Report};
use crate::graph::AssetGraph;
use crate::key::AssetKey;
use crate::step::{Step, StepFailure};
use crate::stop::Stop;

/// What a look at what is outside of the engine has found, see [`crate::Executor::look`].
#[derive(Debug, Default, Clone, PartialEq)]
#[non_exhaustive]
pub struct Looked {
    /// The sources that are in another version than was last observed, or were observed for the
    /// first time.
    pub changed: Vec<Observation>,
    /// The pieces, asset and partition, whose data is not where it was put; they count as missing
    /// from now on.
    pub gone: Vec<(AssetKey, Option<Arc<str>>)>,
    /// The sources that could not be looked at, and why.
    pub problems: Vec<String>,
}

impl Looked {
    /// What is to be recorded of it.
    pub(super) fn events(&self, epoch: u64) -> Vec<Event> {
        let gone = self.gone.iter().cloned();
        let gone = gone.map(|(asset, partition)| Report::Wiped { asset, partition });
        let changed = self.changed.iter().cloned().map(Report::from);
        let event = |report: Report| report.into_event(epoch);
        changed.chain(gone).map(event).collect()
    }
}

/// Looks at every observed asset of a graph, and whether the data of what was made is still there.
pub(super) fn look(
    graph: &AssetGraph,
    catalog: &Catalog,
    epoch: u64,
) -> Result<Looked, CatalogError> {
    let mut looked = Looked::default();
    for asset in graph.assets() {
        if let Making::External(Some(step)) = &asset.making {
            observe(catalog, asset, (step.as_ref(), epoch), &mut looked)?;
        }
        if let Some(is_there) = &asset.still_there {
            for made in catalog.latest_of(&asset.key)? {
                if !is_there(&made) {
                    let piece = (asset.key.clone(), made.partition.clone());
                    looked.gone.push(piece);
                }
            }
        }
    }
    Ok(looked)
}

fn observe(
    catalog: &Catalog,
    asset: &Asset,
    step: (&dyn Step, u64),
    looked: &mut Looked,
) -> Result<(), CatalogError> {
    let known = catalog.observations_of(&asset.key)?;
    let known: HashMap<Option<&str>, &str> = known
        .iter()
        .map(|seen| (seen.partition.as_deref(), seen.data_version.as_str()))
        .collect();
    for at in 0..asset.partitions.count() {
        let key = asset.partitions.key(at);
        let partition = key.map(AsRef::as_ref);
        match look_at(asset, key, step) {
            Ok(seen) if known.get(&partition) == Some(&seen.data_version.as_str()) => {}
            Ok(seen) => looked.changed.push(seen),
            Err(failure) => {
                let place = partition.map_or(String::new(), |key| format!(" {key}"));
                let problem = format!("source {}{place}: {failure}", asset.key);
                looked.problems.push(problem);
            }
        }
    }
    Ok(())
}

fn look_at(
    asset: &Asset,
    partition: Option<&Arc<str>>,
    (step, epoch): (&dyn Step, u64),
) -> Result<Observation, StepFailure> {
    let stop = Stop::default();
    let cx = of_no_run(asset, partition, &[], epoch, &stop);
    let made = guarded(|| step.execute(&cx))?;
    Ok(Observation {
        metadata: made.metadata,
        ..Observation::new(asset.key.clone(), cx.partition, made.data_version)
    })
}
