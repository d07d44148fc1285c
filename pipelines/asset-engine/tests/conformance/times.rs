//! B55, B56, B58, B59 and B75: partitions of hours, of months, by a cron line, and of two dimensions.

use asset_engine::{
    Asset, AssetGraph, Executor, ExecutorOptions, GraphError, Materialized, Mode, Partitions, Plan,
    Selection, StepContext, staleness,
};
use serde_json::{Map, Value, json};

use crate::Outcome;
use crate::conditions::plain;
use crate::scenario::{graph, key, planned_failure, request};

/// B55. Their keys, and the time of one of each.
pub fn keys() -> Outcome<Value> {
    let hourly = Partitions::hourly("2024-02-29-22:00", "2024-03-01-01:00")?;
    let monthly = Partitions::monthly("2023-12-15", "2024-03-01")?;
    let step = |cx: &StepContext<'_>| {
        let (from, to) = cx.window().ok_or_else(planned_failure)?;
        let window = json!([from.to_string(), to.to_string()]);
        Ok(Materialized::new("1").metadata(window))
    };
    let mut observed = Map::new();
    for (name, partitions, of) in [
        ("hourly", hourly, "2024-02-29-23:00"),
        ("monthly", monthly, "2024-02-01"),
    ] {
        let keys = (0..partitions.count()).filter_map(|at| partitions.key(at));
        let keys: Vec<&str> = keys.map(AsRef::as_ref).collect();
        observed.insert(name.to_owned(), json!(keys));
        let piece = Asset::new(key("piece")?, step).partitions(partitions.clone());
        let mut run = request("run", &graph(vec![piece])?, &[], Mode::All)?;
        run.selection = run.selection.with_partitions([of]);
        let outcome = Executor::memory(ExecutorOptions::default()).run(run)?;
        let made = outcome.materializations.first().ok_or("nothing was made")?;
        observed.insert(format!("{name}_window"), made.metadata.clone());
    }
    Ok(observed.into())
}

/// B56. Days read their hours, one of which is made again.
pub fn day_of_hours() -> Outcome<Value> {
    let of_run = |cx: &StepContext<'_>| Ok(Materialized::new(cx.run));
    let hours = Partitions::hourly("2024-01-01-00:00", "2024-01-02-23:00")?;
    let days = Partitions::daily("2024-01-01", "2024-01-02")?;
    let graph = graph(vec![
        Asset::new(key("hourly")?, of_run).partitions(hours),
        plain("daily")?.partitions(days).depends_on(key("hourly")?),
    ])?;
    let executor = Executor::memory(ExecutorOptions::default());
    executor.run(request("all", &graph, &[], Mode::All)?)?;
    let mut again = request("again", &graph, &["hourly"], Mode::All)?;
    again.selection = again.selection.with_partitions(["2024-01-02-03:00"]);
    executor.run(again)?;
    let stale = stale_days(&graph, &executor)?;
    Ok(json!({ "stale": stale }))
}

fn stale_days(graph: &AssetGraph, executor: &Executor) -> Outcome<Vec<String>> {
    let plan = Plan::new(graph, &Selection::parse("daily")?)?;
    let steps = staleness(graph, executor.catalog(), &plan)?;
    let partitions = steps.into_iter().filter_map(|step| step.partition);
    Ok(partitions.map(|each| each.to_string()).collect())
}

/// B58. The latest day and month of partitions without an end, before and after midnight.
pub fn without_an_end() -> Outcome<Value> {
    let mut observed = Map::new();
    for (name, partitions) in [
        ("day", Partitions::daily_since("2024-01-01")?),
        ("month", Partitions::monthly_since("2023-01-01")?),
    ] {
        for (when, at) in [
            ("before", "2024-01-31T23:59:00Z"),
            ("after", "2024-02-01T00:00:00Z"),
        ] {
            let latest = partitions.latest(at.parse()?)?;
            observed.insert(format!("{name}_{when}"), latest.concat().into());
        }
    }
    Ok(observed.into())
}

/// B59. Partitions between the times of a cron line, up to and after one of them.
pub fn by_cron() -> Outcome<Value> {
    let line = "0 9,17 * * 1-5";
    let shifts = Partitions::by_cron(line, "2024-02-29-12:00", "2024-03-01-17:00")?;
    let keys = (0..shifts.count()).filter_map(|at| shifts.key(at));
    let keys: Vec<&str> = keys.map(AsRef::as_ref).collect();
    let window = shifts.window("2024-03-01-17:00").ok_or("no window")?;
    let since = Partitions::by_cron_since(line, "2024-02-29-12:00")?;
    Ok(json!({
        "keys": keys,
        "window": [window.0.to_string(), window.1.to_string()],
        "latest_on_sunday": since.latest("2024-03-03T12:00:00Z".parse()?)?.concat(),
        "latest_on_monday": since.latest("2024-03-04T09:00:00Z".parse()?)?.concat(),
    }))
}

/// B75. A product of two dimensions of equal keys is read by one of those keys, without saying of which.
pub fn equal_dimensions() -> Outcome<Value> {
    let airports = Partitions::static_keys(["EWR", "JFK"])?;
    let both = Partitions::product([("from", airports.clone()), ("to", airports.clone())])?;
    let graph = AssetGraph::new(vec![
        plain("flights")?.partitions(both),
        plain("airport")?
            .partitions(airports)
            .depends_on(key("flights")?),
    ]);
    Ok(match graph {
        Ok(_) => json!({"EWR_reads": "one of them"}),
        Err(GraphError::AmbiguousDimension { .. }) => json!({"EWR_reads": "refused"}),
        Err(other) => return Err(other.into()),
    })
}
