//! B27, B28, B51, B65 and B73: what follows from a blocking check that failed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use asset_engine::{
    Asset, AssetGraph, Check, CheckResult, Checked, Executor, ExecutorOptions, Materialization,
    Mode, Partitions, Selection, StepContext,
};
use serde_json::{Value, json};

use crate::Outcome;
use crate::conditions::plain;
use crate::scenario::{Trail, derived, graph, key, request, stale, status};

/// An asset with a blocking check that fails, or without it, and what reads it.
fn checked(trail: &Trail, blocking_check: bool) -> Outcome<Arc<AssetGraph>> {
    let asset = |name: &'static str| -> Outcome<Asset> {
        let trail = trail.clone();
        let step = move |cx: &StepContext<'_>| {
            trail.leave(name);
            Ok(derived("1", cx))
        };
        Ok(Asset::new(key(name)?, step))
    };
    let fails = |_: &Materialization, _: &StepContext<'_>| Ok(Checked::new(false));
    let mut first = asset("checked")?;
    if blocking_check {
        first = first.checked_by(Check::blocking("counts", fails));
    }
    graph(vec![first, asset("reader")?.depends_on(key("checked")?)])
}

/// B27. A blocking check fails; its reader is in the same run, and later in a run of its own.
pub fn later_run() -> Outcome<Value> {
    let trail = Trail::default();
    let graph = checked(&trail, true)?;
    let executor = Executor::memory(ExecutorOptions::default());
    executor.run(request("first", &graph, &[], Mode::All)?)?;
    let executed_first = trail.take();
    let outcome = executor.run(request("then", &graph, &["reader"], Mode::All)?)?;
    Ok(json!({
        "executed_first": executed_first,
        "executed_then": trail.take(),
        "run": status(&outcome),
    }))
}

/// B28. A blocking check failed, and is deleted from the code; then everything is made again.
pub fn deleted_check() -> Outcome<Value> {
    let trail = Trail::default();
    let executor = Executor::memory(ExecutorOptions::default());
    executor.run(request("first", &checked(&trail, true)?, &[], Mode::All)?)?;
    let graph = checked(&trail, false)?;
    let stale_without_the_check = stale(&graph, executor.catalog())?;
    trail.take();
    executor.run(request("then", &graph, &[], Mode::All)?)?;
    Ok(json!({
        "stale_without_the_check": stale_without_the_check,
        "executed": trail.take(),
        "stale_afterwards": stale(&graph, executor.catalog())?,
    }))
}

/// B51. A check that has failed is run alone, when what it looks at was put right elsewhere.
pub fn alone() -> Outcome<Value> {
    let trail = Trail::default();
    let is_right = Arc::new(AtomicBool::new(false));
    let (left, right) = (trail.clone(), Arc::clone(&is_right));
    let test = move |_: &Materialization, _: &StepContext<'_>| {
        left.leave("counts");
        Ok(Checked::new(right.load(Ordering::Relaxed)))
    };
    let left = trail.clone();
    let step = move |cx: &StepContext<'_>| {
        left.leave("checked");
        Ok(derived("1", cx))
    };
    let checked = Asset::new(key("checked")?, step).checked_by(Check::blocking("counts", test));
    let graph = graph(vec![checked])?;
    let executor = Executor::memory(ExecutorOptions::default());
    executor.run(request("first", &graph, &[], Mode::All)?)?;
    trail.take();
    is_right.store(true, Ordering::Relaxed);
    let results = executor.check(&graph, &Selection::all())?;
    let made = executor.catalog().history_of(&key("checked")?)?;
    Ok(json!({
        "executed": trail.take(),
        "passed": results.iter().map(|each| each.passed).collect::<Vec<_>>(),
        "materializations": made.len(),
    }))
}

/// B65. The check of one of two days is run alone.
pub fn alone_of_one_day() -> Outcome<Value> {
    let trail = Trail::default();
    let counts = {
        let trail = trail.clone();
        move |made: &Materialization, _: &StepContext<'_>| {
            trail.leave(made.partition.as_deref().unwrap_or_default());
            Ok(Checked::new(true))
        }
    };
    let checked = plain("checked")?
        .partitions(Partitions::daily("2024-01-01", "2024-01-02")?)
        .checked_by(Check::blocking("counts", counts));
    let graph = graph(vec![checked])?;
    let executor = Executor::memory(ExecutorOptions::default());
    executor.run(request("both", &graph, &[], Mode::All)?)?;
    trail.take();
    let one_day = Selection::all().with_partitions(["2024-01-02"]);
    let results = executor.check(&graph, &one_day)?;
    let days = results.iter().map(|each| each.partition.as_deref());
    Ok(json!({
        "executed": trail.take(),
        "checked": days.collect::<Vec<_>>(),
        "passed": results.iter().map(|each| each.passed).collect::<Vec<_>>(),
    }))
}

/// B73. A failed blocking check is reported from outside, of no version; then the data is made anew.
pub fn reported() -> Outcome<Value> {
    let trail = Trail::default();
    let counts = |_: &Materialization, _: &StepContext<'_>| Ok(Checked::new(true));
    let left = trail.clone();
    let step = move |cx: &StepContext<'_>| {
        left.leave("reader");
        Ok(derived("1", cx))
    };
    let reader = Asset::new(key("reader")?, step).depends_on(key("checked")?);
    let checked = plain("checked")?.checked_by(Check::blocking("counts", counts));
    let graph = graph(vec![checked, reader])?;
    let executor = Executor::memory(ExecutorOptions::default());
    let run = |id: &str, asset: &str| -> Outcome<()> {
        executor.run(request(id, &graph, &[asset], Mode::All)?)?;
        Ok(())
    };
    run("first", "checked")?;
    executor.record_all([CheckResult::new(key("checked")?, None, "counts", false)])?;
    let reads = |id: &str| -> Outcome<&'static str> {
        run(id, "reader")?;
        let executed = trail.take();
        Ok(if executed.is_empty() {
            "is held back"
        } else {
            "runs"
        })
    };
    let of_what_was_there = reads("second")?;
    run("third", "checked")?;
    Ok(json!({
        "reader_of_what_was_there": of_what_was_there,
        "reader_of_what_was_made_anew": reads("fourth")?,
    }))
}
