//! The inputs of a source as observed assets: the five datasets, made by nobody here.
//!
//! Their data version is the digest of the file. A changed file is unseen until somebody looks, as in
//! Dagster; from then on what is extracted from it is stale. Every command that materializes looks
//! first, and the daemon at each tick. Whoever wants to know which days have changed cuts the daily ones
//! by day ([`crate::GraphOptions::inputs_by_day`]): then a correction of one day makes that day stale.

use std::sync::Arc;

use asset_engine::{Asset, AssetKey, Materialized, Partitions, StepContext, StepFailure};
use orchbench_etl::dataset::Dataset;
use orchbench_etl::{Day, ErrorType, Etl, Source, StepError};
use serde_json::json;

use crate::AssetsError;
use crate::graph::{key, only_defined};
use crate::step::failure;

/// The key of a dataset, for a source.
pub(crate) fn input_key(source: &str, dataset: Dataset) -> Result<AssetKey, AssetsError> {
    key(source, &format!("input/{}", dataset.name()))
}

/// The datasets as assets, the daily ones with a version a day where `by_day` says so.
pub(crate) fn inputs(
    etl: Option<&Arc<Etl>>,
    source: &Source,
    by_day: bool,
) -> Result<Vec<Asset>, AssetsError> {
    let input = |dataset: Dataset| {
        let asset = observed(input_key(&source.name, dataset)?, etl, dataset);
        let asset = asset.group(source.name.as_str());
        if by_day && dataset.is_daily() {
            let days = source.partitions();
            let keys = days.iter().map(ToString::to_string);
            return Ok(asset.partitions(Partitions::static_keys(keys)?));
        }
        Ok(asset)
    };
    Dataset::ALL.into_iter().map(input).collect()
}

// user code: refresh
fn observed(key: AssetKey, etl: Option<&Arc<Etl>>, dataset: Dataset) -> Asset {
    let Some(etl) = etl.map(Arc::clone) else {
        return Asset::observed(key, only_defined);
    };
    let look = move |cx: &StepContext<'_>| -> Result<Materialized, StepFailure> {
        let version = match cx.partition {
            None => etl.input_version(dataset),
            Some(day) => day_of(day).and_then(|day| etl.day_version(dataset, day)),
        };
        let file = json!({ "file": dataset.zip_name() });
        Ok(Materialized::new(version.map_err(failure)?).metadata(file))
    };
    Asset::observed(key, look)
}

fn day_of(partition: &str) -> Result<Day, StepError> {
    partition.parse().map_err(|error| {
        let message = format!("partition {partition:?}: {error}");
        StepError::new(ErrorType::BadInput, message)
    })
}
// end of user code
