//! B21 to B24, B32, B33 and B72: what is read: sources that are seen, partitions that are missing or added,
//! pieces that are wiped or made again.

use std::sync::Arc;

use asset_engine::{
    Asset, AssetGraph, Executor, ExecutorOptions, Mapping, Materialization, Mode, Observation,
    Partitions, Report, StepContext, StepFailure,
};
use serde_json::{Map, Value, json};

use crate::Outcome;
use crate::scenario::{derived, graph, key, made, request, stale, status};

/// An asset whose data version follows from what it reads.
fn plain(name: &str) -> Outcome<Asset> {
    let step = |cx: &StepContext<'_>| Ok(derived("1", cx));
    Ok(Asset::new(key(name)?, step))
}

fn days() -> Outcome<Partitions> {
    Ok(Partitions::daily("2024-01-01", "2024-01-03")?)
}

/// B21. A source is observed for the first time, after its reader was made; later it is seen
/// changed, and then as it was.
pub fn first_look() -> Outcome<Value> {
    let graph = graph(vec![
        Asset::external(key("source")?),
        plain("reader")?.depends_on(key("source")?),
    ])?;
    let executor = Executor::memory(ExecutorOptions::default());
    let make = |run| -> Outcome<()> {
        executor.run(request(run, &graph, &["reader"], Mode::All)?)?;
        Ok(())
    };
    let see = |version| -> Outcome<Vec<String>> {
        executor.record_all([Observation::new(key("source")?, None, version)])?;
        stale(&graph, executor.catalog())
    };
    make("unobserved")?;
    let after_the_first_look = see("one")?;
    make("observed")?;
    Ok(json!({
        "after_the_first_look": after_the_first_look,
        "seen_changed": see("two")?,
        "seen_as_before": see("one")?,
    }))
}

/// B22. Readers are made while one of three days that they read is missing.
pub fn missing_partition() -> Outcome<Value> {
    let graph = graph(vec![
        plain("daily")?.partitions(days()?),
        plain("of_the_day")?
            .partitions(days()?)
            .depends_on(key("daily")?),
        plain("of_all_days")?.depends_on(key("daily")?),
    ])?;
    let executor = Executor::memory(ExecutorOptions::default());
    let run = |name: &str, days: &[&str]| -> Outcome<&'static str> {
        let mut request = request(&format!("{name} {days:?}"), &graph, &[name], Mode::All)?;
        if !days.is_empty() {
            request.selection = request.selection.with_partitions(days.iter().copied());
        }
        Ok(status(&executor.run(request)?))
    };
    run("daily", &["2024-01-01", "2024-01-03"])?;
    Ok(json!({
        "of_the_missing_day": run("of_the_day", &["2024-01-02"])?,
        "of_another_day": run("of_the_day", &["2024-01-03"])?,
        "of_all_days": run("of_all_days", &[])?,
    }))
}

/// B23. One of two days is wiped.
pub fn wiped_partition() -> Outcome<Value> {
    let daily = key("daily")?;
    let graph = graph(vec![plain("daily")?.partitions(days()?)])?;
    let executor = Executor::memory(ExecutorOptions::default());
    let mut request = request("run", &graph, &[], Mode::All)?;
    request.selection = request
        .selection
        .with_partitions(["2024-01-01", "2024-01-02"]);
    executor.run(request)?;
    let wiped = Report::Wiped {
        asset: daily.clone(),
        partition: Some(Arc::from("2024-01-01")),
    };
    let refused = executor.record_all([wiped]).is_err();
    let left = executor.catalog().latest_of(&daily)?;
    let left: Vec<_> = left.iter().map(|made| made.partition.as_deref()).collect();
    Ok(json!({"refused": refused, "left": left}))
}

/// B24. What is read is made again while its reader is at work.
pub fn made_again_meanwhile() -> Outcome<Value> {
    let executor = Arc::new(Executor::memory(ExecutorOptions::default()));
    let graph = made_again(&executor)?;
    executor.run(request("run", &graph, &[], Mode::All)?)?;
    Ok(json!({"stale": stale(&graph, executor.catalog())?}))
}

/// An asset and its reader, whose step makes it again.
pub fn made_again(executor: &Arc<Executor>) -> Outcome<Arc<AssetGraph>> {
    let (beside, upstream) = (Arc::clone(executor), key("upstream")?);
    let step = move |cx: &StepContext<'_>| {
        let again = Materialization::reported(upstream.clone(), None, "again", "1");
        let reported = beside.record_all([again]);
        reported.map_err(|error| StepFailure::fatal("Report", error.to_string()))?;
        Ok(derived("1", cx))
    };
    let reader = Asset::new(key("reader")?, step).depends_on(key("upstream")?);
    let first = Asset::new(key("upstream")?, |_: &StepContext<'_>| Ok(made("once")));
    graph(vec![first, reader])
}

/// B32. A piece that reads its day and the one before is made of the first day there is.
pub fn window_beyond_the_first_day() -> Outcome<Value> {
    let two_days = Mapping::TimeWindow {
        start_offset: -1,
        end_offset: 0,
    };
    let graph = graph(vec![
        plain("daily")?.partitions(days()?),
        plain("trend")?
            .partitions(days()?)
            .depends_on_mapped(key("daily")?, two_days),
    ])?;
    let executor = Executor::memory(ExecutorOptions::default());
    let run = |day: &str| -> Outcome<&'static str> {
        let mut request = request(day, &graph, &[], Mode::All)?;
        request.selection = request.selection.with_partitions([day]);
        Ok(status(&executor.run(request)?))
    };
    Ok(json!({"of_the_first_day": run("2024-01-01")?, "of_the_second": run("2024-01-02")?}))
}

/// Days up to one, and a reader of the last of them.
pub fn days_until(last: &str) -> Outcome<Arc<AssetGraph>> {
    graph(vec![
        plain("daily")?.partitions(Partitions::daily("2024-01-01", last)?),
        plain("reader")?.depends_on_mapped(key("daily")?, Mapping::Last(1)),
    ])
}

/// B33. A day is added, and a reader of the last day is made before and after the new day is.
pub fn last_day_added() -> Outcome<Value> {
    let executor = Executor::memory(ExecutorOptions::default());
    let run = |graph: &Arc<AssetGraph>, id: &str, day: Option<&str>| -> Outcome<&'static str> {
        let name = if day.is_some() { "daily" } else { "reader" };
        let mut request = request(id, graph, &[name], Mode::All)?;
        if day.is_some() {
            request.selection = request.selection.with_partitions(day);
        }
        Ok(status(&executor.run(request)?))
    };
    let (two_days, three_days) = (days_until("2024-01-02")?, days_until("2024-01-03")?);
    run(&two_days, "second", Some("2024-01-02"))?;
    let of_the_last_day = run(&two_days, "last", None)?;
    let of_a_day_to_come = run(&three_days, "to come", None)?;
    run(&three_days, "third", Some("2024-01-03"))?;
    Ok(json!({
        "of_the_last_day": of_the_last_day,
        "of_a_day_to_come": of_a_day_to_come,
        "of_the_new_day": run(&three_days, "new", None)?,
    }))
}

/// B72. What was never made is wiped; and an asset of days without naming one.
pub fn wiped_nothing() -> Outcome<Value> {
    let graph = graph(vec![plain("never")?, plain("daily")?.partitions(days()?)])?;
    let executor = Executor::memory(ExecutorOptions::default());
    let mut run = request("run", &graph, &["daily"], Mode::All)?;
    run.selection = run.selection.with_partitions(["2024-01-01", "2024-01-02"]);
    executor.run(run)?;
    let mut refused = Map::new();
    for name in ["never", "daily"] {
        let wiped = Report::Wiped {
            asset: key(name)?,
            partition: None,
        };
        refused.insert(
            name.to_owned(),
            executor.record_all([wiped]).is_err().into(),
        );
    }
    let left = executor.catalog().latest_of(&key("daily")?)?;
    Ok(json!({"refused": refused, "days_left": left.len()}))
}
