//! B45 to B47, B49, B50, B57, B67 and B70: being told of ends of runs, choosing assets, and looking at their past.

use std::sync::Arc;

use asset_engine::{
    Asset, AssetGraph, Event, Executor, ExecutorOptions, Mapping, Materialized, Mode, Partitions,
    Plan, Report, RunInfo, RunStatus, Selection, Sensor, StepContext, staleness,
};
use serde_json::{Map, Value, json};

use crate::Outcome;
use crate::conditions::plain;
use crate::orders::{NOW, Watch};
use crate::scenario::{Trail, graph, key, planned_failure, request};

/// B45. One run fails before the sensor's first look, another after it.
pub fn failures() -> Outcome<Value> {
    let step = |_: &StepContext<'_>| Err(planned_failure());
    let graph = graph(vec![Asset::new(key("failing")?, step)])?;
    let told = Trail::default();
    let alarms = told.clone();
    let sensor = Sensor::on_failure("alarms", move |_, _| {
        alarms.leave("told");
        Ok(Vec::new())
    });
    let mut watch = Watch::of(Arc::clone(&graph), sensor);
    let mut count = 0;
    let fail = |run: &str| request(run, &graph, &[], Mode::All);
    watch.run(fail("before")?)?;
    watch.tick(NOW)?;
    count += told.take().len();
    let at_first = count;
    watch.run(fail("after")?)?;
    watch.tick(NOW)?;
    count += told.take().len();
    let after_one_failed = count;
    watch.tick(NOW)?;
    count += told.take().len();
    Ok(json!({
        "at_first": at_first,
        "after_one_failed": after_one_failed,
        "looking_again": count,
    }))
}

/// B46. Two assets of a team, one of a kind, and one without either.
pub fn selections() -> Outcome<Value> {
    let graph = graph(vec![
        plain("a")?.owner("team:raw"),
        plain("b")?.owner("team:raw").kind("csv"),
        plain("c")?,
    ])?;
    let mut observed = Map::new();
    for text in [
        "owner:\"team:raw\"",
        "kind:\"csv\"",
        "kind:<null>",
        "owner:<null>",
    ] {
        let selection = Selection::parse(text)?;
        let keys = selection.keys(&graph)?;
        let mut names: Vec<String> = keys.iter().map(ToString::to_string).collect();
        names.sort();
        observed.insert(format!("`{text}`"), names.into());
    }
    Ok(observed.into())
}

/// B47. How many rows there were over time, and what is there at all.
pub fn past() -> Outcome<Value> {
    let executor = Executor::memory(ExecutorOptions::default());
    let made =
        |cx: &StepContext<'_>| Ok(Materialized::new("1").metadata(json!({"rows": cx.config})));
    let graph = graph(vec![Asset::new(key("made")?, made), plain("wiped")?])?;
    for rows in 1..=3 {
        let run = request(&rows.to_string(), &graph, &[], Mode::All)?;
        executor.run(run.config(rows.into()))?;
    }
    executor.record_all([Report::Wiped {
        asset: key("wiped")?,
        partition: None,
    }])?;
    let assets = executor.catalog().assets()?;
    let history = executor.catalog().history_of(&key("made")?)?.into_iter();
    let rows = history.filter_map(|record| match record.event {
        Event::Materialized(made) => made.metadata["rows"].as_u64(),
        _ => None,
    });
    Ok(json!({
        "assets": assets.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "rows_over_time": rows.collect::<Vec<_>>(),
    }))
}

/// B49. A step asks for the time that its partition stands for.
pub fn window() -> Outcome<Value> {
    let days = Partitions::daily("2024-02-28", "2024-03-01")?;
    let step = |cx: &StepContext<'_>| {
        let (from, to) = cx.window().ok_or_else(planned_failure)?;
        let window = json!({"from": from.date().to_string(), "to": to.date().to_string()});
        Ok(Materialized::new("1").metadata(window))
    };
    let graph = graph(vec![Asset::new(key("daily")?, step).partitions(days)])?;
    let mut run = request("run", &graph, &[], Mode::All)?;
    run.selection = run.selection.with_partitions(["2024-02-29"]);
    let executor = Executor::memory(ExecutorOptions::default());
    let outcome = executor.run(run)?;
    let made = outcome.materializations.first().ok_or("nothing was made")?;
    Ok(made.metadata.clone())
}

/// B50. What is read by a list of keys; one of the keys is made again.
pub fn listed_keys() -> Outcome<Value> {
    let areas = Partitions::static_keys(["north", "south"])?;
    let airports = Partitions::static_keys(["EWR", "JFK", "LGA"])?;
    let area = Mapping::keys([("north", vec!["EWR", "LGA"]), ("south", vec!["JFK"])]);
    let of_run = |cx: &StepContext<'_>| Ok(Materialized::new(cx.run));
    let graph = graph(vec![
        Asset::new(key("airport")?, of_run).partitions(airports),
        plain("area")?
            .partitions(areas)
            .depends_on_mapped(key("airport")?, area),
    ])?;
    made_again(&graph, "airport", "LGA", "area")
}

/// Which pieces of an asset are stale when everything was made and one piece of what it reads again.
fn made_again(graph: &Arc<AssetGraph>, read: &str, piece: &str, reader: &str) -> Outcome<Value> {
    let executor = Executor::memory(ExecutorOptions::default());
    executor.run(request("all", graph, &[], Mode::All)?)?;
    let mut again = request("again", graph, &[read], Mode::All)?;
    again.selection = again.selection.with_partitions([piece]);
    executor.run(again)?;
    let plan = Plan::new(graph, &Selection::parse(reader)?)?;
    let steps = staleness(graph, executor.catalog(), &plan)?;
    let stale = steps.iter().filter_map(|step| step.partition.as_deref());
    Ok(json!({"stale": stale.collect::<Vec<_>>()}))
}

/// B57. Runs with tags, by which they are found.
pub fn tags() -> Outcome<Value> {
    let graph = graph(vec![plain("made")?])?;
    let executor = Executor::memory(ExecutorOptions::default());
    for (run, team) in [("first", "a"), ("second", "b"), ("third", "a")] {
        executor.run(request(run, &graph, &[], Mode::All)?.tag("team", team))?;
    }
    let runs = executor.catalog().runs()?;
    let of_team = |run: &&RunInfo| run.record.tags.get("team").is_some_and(|team| team == "a");
    Ok(json!({"of_team_a": runs.iter().filter(of_team).count(), "all": runs.len()}))
}

/// B67. One run succeeds before the sensor's first look; then one fails and another succeeds.
pub fn successes() -> Outcome<Value> {
    let step = |_: &StepContext<'_>| Err(planned_failure());
    let failing = Asset::new(key("failing")?, step);
    let graph = graph(vec![failing, plain("item")?])?;
    let told = Trail::default();
    let reports = told.clone();
    let sensor = Sensor::on_end("reports", RunStatus::Success, move |_, _| {
        reports.leave("told");
        Ok(Vec::new())
    });
    let mut watch = Watch::of(Arc::clone(&graph), sensor);
    let run = |id: &str, asset: &str| request(id, &graph, &[asset], Mode::All);
    watch.run(run("before", "item")?)?;
    watch.tick(NOW)?;
    let at_first = told.take().len();
    watch.run(run("failed", "failing")?)?;
    watch.run(run("succeeded", "item")?)?;
    watch.tick(NOW)?;
    watch.tick(NOW)?;
    Ok(json!({
        "at_first": at_first,
        "after_one_failed_and_one_succeeded": at_first + told.take().len(),
    }))
}

/// B70. What is read by a mapping of one's own (those of the same tens); one of the pieces is made again.
pub fn own_mapping() -> Outcome<Value> {
    let (parts, wholes) = (["11", "12", "21"], ["10", "20"]);
    let same_tens = wholes.map(|whole| {
        let alike = move |part: &&str| part[..1] == whole[..1];
        (whole, parts.into_iter().filter(alike))
    });
    let of_run = |cx: &StepContext<'_>| Ok(Materialized::new(cx.run));
    let graph = graph(vec![
        Asset::new(key("part")?, of_run).partitions(Partitions::static_keys(parts)?),
        plain("whole")?
            .partitions(Partitions::static_keys(wholes)?)
            .depends_on_mapped(key("part")?, Mapping::keys(same_tens)),
    ])?;
    made_again(&graph, "part", "12", "whole")
}
