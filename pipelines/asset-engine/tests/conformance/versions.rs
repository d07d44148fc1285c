//! B6 to B9 and B74: what is stale and why, and what a materialization of a selection executes.

use std::sync::{Arc, Mutex, PoisonError};

use asset_engine::{
    Asset, AssetGraph, Executor, ExecutorOptions, Mode, Report, RunOutcome, StepContext, why,
};
use serde_json::{Map, Value, json};

use crate::Outcome;
use crate::conditions::plain;
use crate::inputs::days_until;
use crate::scenario::{Trail, derived, graph, key, made, request, stale};

/// a → b → c, with the code version of a, and a data version that a says itself.
fn chain(
    trail: &Trail,
    version: &'static str,
    data_version: Option<&'static str>,
) -> Outcome<Arc<AssetGraph>> {
    let step = |name: &'static str, code: &'static str, says: Option<&'static str>| {
        let trail = trail.clone();
        move |cx: &StepContext<'_>| {
            trail.leave(name);
            Ok(says.map_or_else(|| derived(code, cx), made))
        }
    };
    graph(vec![
        Asset::new(key("a")?, step("a", version, data_version)).code_version(version),
        Asset::new(key("b")?, step("b", "1", None)).depends_on(key("a")?),
        Asset::new(key("c")?, step("c", "1", None)).depends_on(key("b")?),
    ])
}

/// B6. The code version of the first of three assets changes.
pub fn code_version() -> Outcome<Value> {
    let trail = Trail::default();
    let executor = Executor::memory(ExecutorOptions::default());
    executor.run(request("run", &chain(&trail, "1", None)?, &[], Mode::All)?)?;
    let changed = chain(&trail, "2", None)?;
    let mut observed = Map::new();
    observed.insert(
        "after_code_change".to_owned(),
        stale(&changed, executor.catalog())?.into(),
    );
    for name in ["a", "b", "c"] {
        executor.run(request(name, &changed, &[name], Mode::All)?)?;
        observed.insert(
            format!("after_run_of_{name}"),
            stale(&changed, executor.catalog())?.into(),
        );
    }
    Ok(observed.into())
}

/// B7. A source changes and is observed later.
pub fn observed_source() -> Outcome<Value> {
    let content = Arc::new(Mutex::new("one"));
    let seen = Arc::clone(&content);
    let look =
        move |_: &StepContext<'_>| Ok(made(*seen.lock().unwrap_or_else(PoisonError::into_inner)));
    let graph = graph(vec![
        Asset::observed(key("source")?, look),
        Asset::new(key("reader")?, |cx: &StepContext<'_>| Ok(derived("1", cx)))
            .depends_on(key("source")?),
    ])?;
    let executor = Executor::memory(ExecutorOptions::default());
    let run = |id: &str, only: &str, mode: Mode| -> Outcome<RunOutcome> {
        Ok(executor.run(request(id, &graph, &[only], mode)?)?)
    };
    run("look", "source", Mode::Observe)?;
    run("read", "reader", Mode::All)?;
    let after_first_run = stale(&graph, executor.catalog())?;
    *content.lock().unwrap_or_else(PoisonError::into_inner) = "two";
    let after_change = stale(&graph, executor.catalog())?;
    run("look again", "source", Mode::Observe)?;
    let after_observation = stale(&graph, executor.catalog())?;
    run("read again", "reader", Mode::All)?;
    Ok(json!({
        "after_first_run": after_first_run,
        "after_change": after_change,
        "after_observation": after_observation,
        "after_second_run": stale(&graph, executor.catalog())?,
    }))
}

/// B8. The code of an asset changes, the version of its data does not.
pub fn unchanged_data_version() -> Outcome<Value> {
    let trail = Trail::default();
    let executor = Executor::memory(ExecutorOptions::default());
    executor.run(request(
        "run",
        &chain(&trail, "1", Some("same"))?,
        &[],
        Mode::All,
    )?)?;
    let changed = chain(&trail, "2", Some("same"))?;
    let code_changed = stale(&changed, executor.catalog())?;
    executor.run(request("a", &changed, &["a"], Mode::All)?)?;
    Ok(
        json!({"after_code_change": code_changed, "after_run_of_a": stale(&changed, executor.catalog())?}),
    )
}

/// B9. The same selection is materialized twice, and fresh before the second time.
pub fn whole_selection() -> Outcome<Value> {
    let trail = Trail::default();
    let executor = Executor::memory(ExecutorOptions::default());
    let graph = chain(&trail, "1", None)?;
    executor.run(request("run", &graph, &[], Mode::All)?)?;
    let stale = stale(&graph, executor.catalog())?;
    trail.take();
    executor.run(request("again", &graph, &[], Mode::All)?)?;
    Ok(json!({"stale_before": stale, "executed": trail.take()}))
}

/// B74. What an asset reads gets another name, is wiped, or has one day more of which the last is read.
pub fn reasons() -> Outcome<Value> {
    let named = |name: &str| -> Outcome<Arc<AssetGraph>> {
        let reader = plain("reader")?.depends_on(key(name)?);
        graph(vec![plain(name)?, reader])
    };
    let make = |executor: &Executor, graph: &Arc<AssetGraph>, id: &str| -> Outcome<()> {
        executor.run(request(id, graph, &[], Mode::Stale)?)?;
        Ok(())
    };
    let reasons = |executor: &Executor, graph: &AssetGraph| -> Outcome<Vec<String>> {
        let all = why(graph, executor.catalog(), &key("reader")?, None)?;
        let mut texts: Vec<String> = all.iter().map(ToString::to_string).collect();
        texts.sort();
        Ok(texts)
    };
    let executor = || Executor::memory(ExecutorOptions::default());
    let mut observed = Map::new();

    let (own, before, after) = (executor(), named("before")?, named("after")?);
    make(&own, &before, "before")?;
    own.run(request("after", &after, &["after"], Mode::All)?)?;
    observed.insert("renamed".to_owned(), reasons(&own, &after)?.into());

    let (own, graph) = (executor(), named("before")?);
    make(&own, &graph, "made")?;
    own.record_all([Report::Wiped {
        asset: key("before")?,
        partition: None,
    }])?;
    observed.insert("wiped".to_owned(), reasons(&own, &graph)?.into());

    let (own, two, three) = (
        executor(),
        days_until("2024-01-02")?,
        days_until("2024-01-03")?,
    );
    make(&own, &two, "two")?;
    own.run(request("three", &three, &["daily"], Mode::Stale)?)?;
    observed.insert("moved".to_owned(), reasons(&own, &three)?.into());
    Ok(observed.into())
}
