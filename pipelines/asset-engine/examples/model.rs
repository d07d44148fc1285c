//! More of the model: a source that is only observed, a step that makes two assets, a check that
//! holds back what is downstream, typed values, and the lineage of what came of it.
//!
//! `cargo run -p asset-engine --example model`

use std::error::Error;
use std::sync::Arc;

use asset_engine::{
    Asset, AssetGraph, AssetKey, Check, Checked, DataStore, Executor, ExecutorOptions, Lineage,
    Materialization, Materialized, MemoryStore, Mode, Observation, RunRequest, Selection,
    StepContext, StepFailure, Values, typed, why,
};
use serde_json::json;

/// Splits the orders into good ones and bad ones: two assets, one attempt, one commit.
fn split(cx: &StepContext<'_>) -> Result<Vec<Materialized>, StepFailure> {
    let source = &cx.inputs[0].data_version;
    let made = |name: &str, rows: u64| {
        Materialized::new(format!("{name} of {source}")).metadata(json!({ "rows": rows }))
    };
    Ok(vec![made("good", 97), made("bad", 3)])
}

fn few_are_bad(made: &Materialization, _: &StepContext<'_>) -> Result<Checked, StepFailure> {
    let few = made.metadata["rows"].as_u64().is_some_and(|rows| rows < 10);
    Ok(Checked::new(few).metadata(made.metadata.clone()))
}

fn graph() -> Result<Arc<AssetGraph>, Box<dyn Error>> {
    let store: Arc<dyn DataStore> = Arc::new(MemoryStore::default());
    let key = |name: &str| AssetKey::new(name);
    let rate = typed(Arc::clone(&store), |_: &Values<'_>| Ok(1.25));
    let price = typed(store, |values: &Values<'_>| {
        Ok(100.0 * values.one::<f64>("shop/rate")?)
    });
    let mut assets = vec![
        Asset::external(key("shop/orders")?).group("raw"),
        Asset::new(key("shop/rate")?, rate),
        Asset::new(key("shop/price")?, price)
            .depends_on(key("shop/rate")?)
            .depends_on(key("shop/bad")?),
    ];
    for asset in Asset::together([key("shop/good")?, key("shop/bad")?], split) {
        let asset = asset.depends_on(key("shop/orders")?);
        assets.push(match asset.key.name() {
            "bad" => asset.checked_by(Check::blocking("few", few_are_bad)),
            _ => asset,
        });
    }
    Ok(Arc::new(AssetGraph::new(assets)?))
}

fn main() -> Result<(), Box<dyn Error>> {
    let (graph, executor) = (graph()?, Executor::memory(ExecutorOptions::default()));
    let orders = AssetKey::new("shop/orders")?;
    executor.record_all([Observation::new(orders.clone(), None, "monday")])?;
    let outcome = executor.run(RunRequest::new("first", Arc::clone(&graph)))?;
    println!("first: {}", outcome.status.as_str());

    executor.record_all([Observation::new(orders, None, "tuesday")])?;
    for reason in why(
        &graph,
        executor.catalog(),
        &AssetKey::new("shop/good")?,
        None,
    )? {
        println!("shop/good is stale: {reason}");
    }
    let second = RunRequest::new("second", Arc::clone(&graph))
        .selection(Selection::parse("key:shop/* and not shop/rate")?)
        .mode(Mode::Stale);
    let outcome = executor.run(second)?;
    println!(
        "second: {}, {} materialized",
        outcome.status.as_str(),
        outcome.steps.materialized
    );
    let price = AssetKey::new("shop/price")?;
    let lineage = Lineage::of_piece(&graph, executor.catalog(), (&price, None), u32::MAX, 0)?;
    println!("{}", lineage.to_mermaid());
    Ok(())
}
