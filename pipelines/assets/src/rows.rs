//! What became of a source's rows, as the catalog has it.

use std::sync::Arc;

use asset_engine::{Catalog, Materialization};
use orchbench_etl::dataset::Dataset;
use orchbench_etl::{Day, Extracted, Source, StepName};
use serde::Serialize;

use crate::AssetsError;
use crate::graph::asset_key;
use crate::step::{extracted, loaded};

/// What became of a source's rows: flights, by the newest pieces of the catalog.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Rows {
    /// Flights of the dataset that belong to the source.
    pub extracted: u64,
    /// Flights that went on to the transform.
    pub accepted: u64,
    /// Flights that went to quarantine.
    pub quarantined: u64,
    /// Rows in the warehouse.
    pub loaded: u64,
    /// What is unusual about any of the datasets, a sentence each.
    pub warnings: Vec<String>,
}

/// The rows of a source in some partitions; in all of them with `None`.
///
/// # Errors
/// The catalog cannot be read, or a piece does not carry its step's output.
pub fn rows(
    catalog: &Catalog,
    source: &Source,
    partitions: Option<&[String]>,
) -> Result<Rows, AssetsError> {
    let wanted = |made: &Arc<Materialization>| match (&made.partition, partitions) {
        (Some(day), Some(wanted)) => wanted.iter().any(|each| each.as_str() == day.as_ref()),
        _ => true,
    };
    let pieces = |step: StepName| -> Result<Vec<Arc<Materialization>>, AssetsError> {
        let mut made = catalog.latest_of(&asset_key(&source.name, step)?)?;
        made.retain(wanted);
        Ok(made)
    };
    let wrong =
        |made: &Arc<Materialization>, error| AssetsError::output(made.asset.as_str(), &error);
    let mut extracts: Vec<(Dataset, Option<Day>, Extracted)> = Vec::new();
    let mut rows = Rows::default();
    for step in StepName::ALL {
        let Some(dataset) = Dataset::extracted_by(step) else {
            continue;
        };
        for made in pieces(step)? {
            let extracted = extracted(&made).map_err(|error| wrong(&made, error))?;
            if dataset == Dataset::Flights {
                rows.extracted += extracted.extracted;
                rows.accepted += extracted.accepted;
                rows.quarantined += extracted.quarantined;
            }
            let day = made.partition.as_deref().and_then(|day| day.parse().ok());
            extracts.push((dataset, day, extracted));
        }
    }
    for made in pieces(StepName::Load)? {
        rows.loaded += loaded(&made).map_err(|error| wrong(&made, error))?.rows;
    }
    let extracts = extracts
        .iter()
        .map(|(dataset, day, extracted)| (*dataset, *day, extracted));
    rows.warnings = source.warnings(extracts);
    Ok(rows)
}
