//! Assets whose steps do nothing: what is left is the engine's own cost, and in an execution by
//! subprocesses that of the process. Or they pretend to work, in the engine's own threads.

use std::path::Path;
use std::sync::Arc;

use asset_engine::{
    Asset, AssetGraph, AssetKey, DataStore, Execution, FolderStore, Materialized, Protocol, Step,
    StepContext, StepFailure, Values, typed,
};
use orchbench_etl::{Shape, Synthetic};
use serde_json::Value;

use crate::process::{command, subprocess};
use crate::{AssetsError, GraphOptions};

/// A graph of `steps` assets that do nothing, executed as the options say.
///
/// # Errors
/// More steps than a graph can have, or the program of a subprocess step cannot be found.
pub fn noop_graph(
    shape: Shape,
    steps: u32,
    options: &GraphOptions,
) -> Result<AssetGraph, AssetsError> {
    let noop: Arc<dyn Step> = if options.execution == Execution::Subprocess {
        Arc::new(subprocess(command(options)?.noop()).protocol(Arc::new(NoopProtocol)))
    } else {
        Arc::new(|_: &StepContext<'_>| Ok(nothing()))
    };
    let assets = (0..steps).map(|number| {
        let asset = Asset::shared(key(number)?, Arc::clone(&noop)).execution(options.execution);
        match shape {
            Shape::Chain => after(number, asset),
            Shape::FanOut => Ok(asset),
        }
    });
    Ok(AssetGraph::new(
        assets.collect::<Result<Vec<_>, AssetsError>>()?,
    )?)
}

/// A chain of `steps` assets that pretend to work, under the policy of the work.
///
/// # Errors
/// More steps than a graph can have, or a policy that has no match.
pub fn synthetic_graph(
    steps: u32,
    work: &Synthetic,
    options: &GraphOptions,
) -> Result<AssetGraph, AssetsError> {
    let work = Arc::new(work.clone());
    let assets = (0..steps).map(|number| {
        let work = Arc::clone(&work);
        let step = move |cx: &StepContext<'_>| match work.attempt(number, cx.attempt) {
            Ok(()) => Ok(nothing()),
            Err(error) => Err(StepFailure::retryable(
                error.error_type.as_str(),
                error.message,
            )),
        };
        after(
            number,
            Asset::new(key(number)?, step).retry(options.retry_policy()?),
        )
    });
    Ok(AssetGraph::new(
        assets.collect::<Result<Vec<_>, AssetsError>>()?,
    )?)
}

/// Two assets of which the second is given so many bytes by the first, kept in a folder.
///
/// # Errors
/// None that is known: two assets are a graph.
pub fn payload_graph(bytes: u32, kept: &Path) -> Result<AssetGraph, AssetsError> {
    let store: Arc<dyn DataStore> = Arc::new(FolderStore::new(kept));
    let made = move |_: &Values<'_>| Ok("x".repeat(bytes as usize));
    let before = key(0)?;
    let read = move |values: &Values<'_>| values.one::<String>(before.as_str());
    let assets = vec![
        Asset::new(key(0)?, typed(Arc::clone(&store), made)),
        Asset::new(key(1)?, typed(store, read)).depends_on(key(0)?),
    ];
    Ok(AssetGraph::new(assets)?)
}

fn key(number: u32) -> Result<AssetKey, AssetsError> {
    // Letters, digits and a slash are always a key.
    AssetKey::new(&format!("noop/{number:07}")).map_err(|error| AssetsError::Name {
        source_name: "noop".to_owned(),
        error,
    })
}

/// An asset that depends on the one before it.
fn after(number: u32, asset: Asset) -> Result<Asset, AssetsError> {
    Ok(match number.checked_sub(1) {
        Some(before) => asset.depends_on(key(before)?),
        None => asset,
    })
}

fn nothing() -> Materialized {
    Materialized::new("1")
}

/// What is said to the process of a step without work: nothing, and it answers `null`.
struct NoopProtocol;

impl Protocol for NoopProtocol {
    fn request(&self, _cx: &StepContext<'_>) -> Result<Value, StepFailure> {
        Ok(Value::Null)
    }

    fn response(
        &self,
        _cx: &StepContext<'_>,
        output: &[u8],
    ) -> Option<Result<Materialized, StepFailure>> {
        let () = serde_json::from_slice(output).ok()?;
        Some(Ok(nothing()))
    }
}
