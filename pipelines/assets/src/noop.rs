//! Assets whose steps do nothing: what is left is the engine's own cost, and in an execution by
//! subprocesses that of the process.

use std::sync::Arc;

use asset_engine::{
    Asset, AssetGraph, AssetKey, Execution, Materialized, Protocol, Step, StepContext, StepFailure,
};
use orchbench_etl::Shape;
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
    let noop: Arc<dyn Step> = match options.execution {
        Execution::InProcess => Arc::new(|_: &StepContext<'_>| Ok(nothing())),
        Execution::Subprocess => {
            Arc::new(subprocess(command(options)?.noop()).protocol(Arc::new(NoopProtocol)))
        }
    };
    let key = |number: u32| {
        // Letters, digits and a slash are always a key.
        AssetKey::new(&format!("noop/{number:07}")).map_err(|error| AssetsError::Name {
            source_name: "noop".to_owned(),
            error,
        })
    };
    let mut assets = Vec::with_capacity(steps as usize);
    for number in 0..steps {
        let mut asset = Asset::shared(key(number)?, Arc::clone(&noop)).execution(options.execution);
        if shape == Shape::Chain && number > 0 {
            asset = asset.depends_on(key(number - 1)?);
        }
        assets.push(asset);
    }
    Ok(AssetGraph::new(assets)?)
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
