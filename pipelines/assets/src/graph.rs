//! The assets of a source.

use std::sync::Arc;

use asset_engine::{
    Asset, AssetGraph, AssetKey, Execution, Materialized, Partitions, Step, StepContext,
    StepFailure,
};
use orchbench_etl::dataset::Dataset;
use orchbench_etl::{Etl, Per, Source, StepName};

use crate::approval::{gate, gate_key};
use crate::input::{input_key, inputs};
use crate::process::{EtlProtocol, command, subprocess};
use crate::step::{EtlStep, artifacts};
use crate::{AssetsError, GraphOptions};

/// Version of the code behind every asset. A new one makes the assets stale.
const CODE_VERSION: &str = "1";

/// The last segment of the key of what a step makes.
pub(crate) fn asset_name(step: StepName) -> &'static str {
    match step {
        StepName::ExtractAirlines => "airlines",
        StepName::ExtractAirports => "airports",
        StepName::ExtractPlanes => "planes",
        StepName::ExtractFlights => "flights",
        StepName::ExtractWeather => "weather",
        StepName::Transform => "transformed",
        StepName::Check => "checked",
        StepName::Load => "warehouse",
        StepName::Publish => "marts",
        StepName::Announce => "announcement",
        // Beside the pipeline: what undoes an asset, in a saga's graph only; what calls for someone; the
        // steps of an order.
        StepName::UndoAnnounce
        | StepName::UndoPublish
        | StepName::UndoLoad
        | StepName::Escalate
        | StepName::BuildModel
        | StepName::Reserve
        | StepName::Charge
        | StepName::Book
        | StepName::UndoBook
        | StepName::UndoCharge
        | StepName::UndoReserve => step.as_str(),
    }
}

/// The step that makes an asset, by the asset's key; `None` when none does, as of an input that is
/// called as what is extracted from it.
#[must_use]
pub fn step_making(asset: &str) -> Option<StepName> {
    let (source, name) = asset.rsplit_once('/')?;
    if source.ends_with("/input") {
        return None;
    }
    StepName::every().find(|step| asset_name(*step) == name)
}

// user code: pipeline
/// What a step reads, in the order in which its call is built from it.
pub(crate) fn reads(step: StepName) -> &'static [StepName] {
    match step {
        StepName::ExtractAirlines
        | StepName::ExtractAirports
        | StepName::ExtractPlanes
        | StepName::ExtractFlights
        | StepName::ExtractWeather
        | StepName::UndoAnnounce
        | StepName::UndoPublish
        | StepName::UndoLoad
        | StepName::Escalate
        | StepName::BuildModel
        | StepName::Reserve
        | StepName::UndoBook => &[],
        StepName::Charge => &[StepName::Reserve],
        StepName::Book => &[StepName::Charge],
        StepName::UndoCharge => &[StepName::UndoBook],
        StepName::UndoReserve => &[StepName::UndoCharge],
        StepName::Transform => &[
            StepName::ExtractFlights,
            StepName::ExtractWeather,
            StepName::ExtractPlanes,
            StepName::ExtractAirports,
            StepName::ExtractAirlines,
        ],
        StepName::Check => &[StepName::ExtractFlights, StepName::Transform],
        StepName::Load => &[StepName::Transform, StepName::Check],
        StepName::Publish => &[StepName::Load],
        StepName::Announce => &[StepName::Publish],
    }
}
// end of user code

/// The key of what a step makes, for a source.
pub(crate) fn asset_key(source: &str, step: StepName) -> Result<AssetKey, AssetsError> {
    key(source, asset_name(step))
}

/// The key of a name below a source.
pub(crate) fn key(source: &str, name: &str) -> Result<AssetKey, AssetsError> {
    AssetKey::new(&format!("{source}/{name}")).map_err(|error| AssetsError::Name {
        source_name: source.to_owned(),
        error,
    })
}

/// The definitions of a source's assets without their steps, to read a catalog by: whatever is
/// executed of them fails.
///
/// # Errors
/// The source's name or days cannot be used, or the retry policy has no match.
pub fn definitions(source: &Source, options: &GraphOptions) -> Result<AssetGraph, AssetsError> {
    Ok(AssetGraph::new(assets(None, source, options)?)?)
}

/// The assets of a source: its inputs, observed; airlines, airports, planes; by day flights,
/// weather, transformed, checked (which blocks), warehouse; then marts over all days, and the
/// announcement, behind a gate when the options say so.
///
/// # Errors
/// The source's name or days cannot be used, the retry policy has no match, or the program of a
/// subprocess step cannot be found.
pub fn graph(
    etl: Arc<Etl>,
    source: &Source,
    options: &GraphOptions,
) -> Result<AssetGraph, AssetsError> {
    Ok(AssetGraph::new(assets(Some(&etl), source, options)?)?)
}

// user code: pipeline
/// The assets themselves; without the ETL, without their steps.
pub(crate) fn assets(
    etl: Option<&Arc<Etl>>,
    source: &Source,
    options: &GraphOptions,
) -> Result<Vec<Asset>, AssetsError> {
    let mut assets = inputs(etl, source, options.inputs_by_day)?;
    if options.gated {
        assets.extend(gate(&source.name)?);
    }
    // user code: deploy
    if options.tells {
        // Beside the way to the announcement, so that a run goes on that began without it.
        let told = asset(etl, source, StepName::Escalate, options)?;
        assets.push(told.depends_on(asset_key(&source.name, StepName::Publish)?));
    }
    // user code: pipeline
    for step in StepName::ALL {
        let mut asset = asset(etl, source, step, options)?;
        if step == StepName::Check {
            asset = asset.blocking_check();
        }
        if let Some(etl) = etl.map(Arc::clone) {
            asset =
                asset.still_there(move |made| artifacts(made).all(|one| etl.has_artifact(&one)));
        }
        if let Some(dataset) = Dataset::extracted_by(step) {
            asset = asset.depends_on(input_key(&source.name, dataset)?);
        }
        for read in reads(step) {
            // By day where both are daily, all days where only the dependency is. What passes the
            // gate is what was published.
            asset = asset.depends_on(match step {
                StepName::Announce if options.gated => gate_key(&source.name)?,
                _ => asset_key(&source.name, *read)?,
            });
        }
        assets.push(asset);
    }
    Ok(assets)
}

/// What a step makes, before it is said what it depends on.
pub(crate) fn asset(
    etl: Option<&Arc<Etl>>,
    source: &Source,
    step: StepName,
    options: &GraphOptions,
) -> Result<Asset, AssetsError> {
    let asset = asset_below(etl, &source.name, step, options)?;
    Ok(match step.per() {
        Per::Run => asset,
        Per::Day => {
            let days = source.partitions();
            let keys = days.iter().map(ToString::to_string);
            asset.partitions(Partitions::static_keys(keys)?)
        }
    })
}
// end of user code

/// What a step makes, in one piece, by the name that its key begins with.
pub(crate) fn asset_below(
    etl: Option<&Arc<Etl>>,
    source: &str,
    step: StepName,
    options: &GraphOptions,
) -> Result<Asset, AssetsError> {
    let key = asset_key(source, step)?;
    let changed = options.code_versions.get(&step);
    Ok(Asset::shared(key, step_of(etl, source, step, options)?)
        .code_version(changed.map_or(CODE_VERSION, String::as_str))
        .group(source)
        .tag("step", step.as_str())
        .retry(options.retry_policy()?)
        .execution(options.execution))
}

fn step_of(
    etl: Option<&Arc<Etl>>,
    source: &str,
    step: StepName,
    options: &GraphOptions,
) -> Result<Arc<dyn Step>, AssetsError> {
    let Some(etl) = etl else {
        return Ok(Arc::new(only_defined));
    };
    if options.execution == Execution::Subprocess {
        let protocol = EtlProtocol {
            config: etl.config().clone(),
            source: source.to_owned(),
            step,
        };
        let step = subprocess(command(options)?);
        return Ok(Arc::new(step.protocol(Arc::new(protocol))));
    }
    Ok(Arc::new(EtlStep {
        etl: Arc::clone(etl),
        source: source.to_owned(),
        step,
    }))
}

/// The step of an asset that is only read about.
pub(crate) fn only_defined(cx: &StepContext<'_>) -> Result<Materialized, StepFailure> {
    let message = format!(
        "asset {}: defined to be read about, expected its step",
        cx.asset
    );
    Err(StepFailure::fatal("BadInput", message))
}
