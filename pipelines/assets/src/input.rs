//! The inputs of a source as observed assets: the five datasets, made by nobody here.
//!
//! Their data version is the digest of the file. A changed file is unseen until somebody looks, as in
//! Dagster; from then on what is extracted from it is stale. Every command that materializes looks
//! first, and the daemon at each tick.

use std::sync::Arc;

use asset_engine::{Asset, AssetKey, Materialized, StepContext, StepFailure};
use orchbench_etl::dataset::Dataset;
use orchbench_etl::{Etl, Source};
use serde_json::json;

use crate::AssetsError;
use crate::graph::{key, only_defined};
use crate::step::failure;

/// The key of a dataset, for a source.
pub(crate) fn input_key(source: &str, dataset: Dataset) -> Result<AssetKey, AssetsError> {
    key(source, &format!("input/{}", dataset.name()))
}

/// The datasets as assets.
pub(crate) fn inputs(etl: Option<&Arc<Etl>>, source: &Source) -> Result<Vec<Asset>, AssetsError> {
    let input = |dataset: Dataset| {
        let key = input_key(&source.name, dataset)?;
        let Some(etl) = etl.map(Arc::clone) else {
            return Ok(Asset::observed(key, only_defined).group(source.name.as_str()));
        };
        let look = move |_: &StepContext<'_>| -> Result<Materialized, StepFailure> {
            let version = etl.input_version(dataset).map_err(failure)?;
            Ok(Materialized::new(version).metadata(json!({ "file": dataset.zip_name() })))
        };
        Ok(Asset::observed(key, look).group(source.name.as_str()))
    };
    Dataset::ALL.into_iter().map(input).collect()
}
