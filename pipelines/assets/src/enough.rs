//! Loading until there is enough, as the model lets it be built: a graph of assets is known before it
//! runs, so that a loop whose end depends on a result is the code of one asset. To the engine it is one
//! step: retried as a whole, without a policy or a history of what is in it.

use std::sync::Arc;

use asset_engine::{Asset, AssetGraph, Materialization, Materialized, StepContext, StepFailure};
use orchbench_etl::{Day, Etl, Per, Source, StepName, UntilEnough};
use serde_json::{from_value, json};

use crate::graph::key;
use crate::step::failure;
use crate::{AssetsError, GraphOptions};

/// The last segment of the asset's key.
const NAME: &str = "enough";

// user code: data-dependent-loop
/// The asset that takes as many days of a source as it needs.
///
/// # Errors
/// The source's name cannot be part of an asset key, or the retry policy has no match.
pub fn enough_graph(
    etl: Arc<Etl>,
    source: &Source,
    rows: u64,
    options: &GraphOptions,
) -> Result<AssetGraph, AssetsError> {
    let name = source.name.clone();
    let until_enough = move |cx: &StepContext<'_>| -> Result<Materialized, StepFailure> {
        let made = etl.run_until_enough(cx.run, &name, rows).map_err(failure)?;
        let metadata = json!({ "steps": steps(&made) });
        Ok(Materialized::new(cx.run).metadata(metadata))
    };
    let asset = Asset::new(key(&source.name, NAME)?, until_enough)
        .group(source.name.as_str())
        .retry(options.retry_policy()?);
    Ok(AssetGraph::new(vec![asset])?)
}
// end of user code

/// What the asset says that it has done.
fn steps(made: &UntilEnough) -> Vec<(StepName, Option<Day>)> {
    let steps = StepName::ALL.into_iter();
    let before = steps.clone().take_while(|step| step.per() == Per::Run);
    let mut told: Vec<_> = before.map(|step| (step, None)).collect();
    for day in &made.days {
        let daily = steps.clone().filter(|step| step.per() == Per::Day);
        told.extend(daily.map(|step| (step, Some(*day))));
    }
    told.extend((!made.enough).then_some((StepName::Escalate, None)));
    told
}

/// The steps that a materialization says to have done; none where it is of another asset.
#[must_use]
pub fn told(made: &Materialization) -> Vec<(StepName, Option<Day>)> {
    match made.asset.as_str().rsplit_once('/') {
        Some((_, NAME)) => from_value(made.metadata["steps"].clone()).unwrap_or_default(),
        _ => Vec::new(),
    }
}
