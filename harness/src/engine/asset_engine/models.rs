//! What the catalog tells of models: each materialization names the versions that it read.

use std::path::Path;

use asset_engine::{Catalog, CatalogError, Event};
use orchbench_assets::model_of;

use crate::engine::{ModelsTold, Work};

/// The programs of which the lines of user code are counted.
const PROGRAMS: [&str; 2] = [
    include_str!("../../../../pipelines/assets/src/models.rs"),
    include_str!("../../../../pipelines/etl/src/models.rs"),
];

/// What a catalog says of the models that runs have built.
pub(super) fn told(path: &Path, works: &[Work]) -> Result<ModelsTold, CatalogError> {
    let catalog = Catalog::open(path)?;
    let mut told = ModelsTold::default();
    for work in works {
        for record in catalog.events(&work.run)? {
            let Event::Materialized(made) = &record.event else {
                continue;
            };
            let read = made.inputs.iter().map(|input| input.asset.as_str());
            let edges = read.filter_map(|read| {
                let (model, read) = (model_of(made.asset.as_str())?, model_of(read)?);
                Some((model.to_owned(), read.to_owned()))
            });
            told.edges.extend(edges);
        }
    }
    Ok(told.by(&PROGRAMS))
}
