//! What reads earlier partitions of its own: yesterday's balance, to make today's.

use std::sync::{Arc, Mutex};

use super::fixture::{graph, key, memory};
use crate::automation::Backfill;
use crate::{
    Asset, AssetGraph, BackfillRecord, GraphError, Mapping, Materialized, Mode, Partitions, Plan,
    RunRequest, RunStatus, Selection, StepContext, StepFailure, staleness,
};

/// What was made, in order, each with what it was made of.
type Trail = Arc<Mutex<Vec<String>>>;

const OWN: Mapping = Mapping::TimeWindow {
    start_offset: -1,
    end_offset: -1,
};

/// A balance of each of four days, made of that of the day before; fails where it is told to.
fn balance(trail: &Trail, failing: &Arc<Mutex<&'static str>>) -> Arc<AssetGraph> {
    let (trail, failing) = (Arc::clone(trail), Arc::clone(failing));
    let step = move |cx: &StepContext<'_>| {
        let day = cx.partition.unwrap_or_default();
        let read = cx.inputs.iter().map(|input| input.data_version.as_str());
        let read: Vec<&str> = read.collect();
        trail
            .lock()
            .unwrap()
            .push(format!("{day} of {}", read.join(" ")));
        if *failing.lock().unwrap() == day {
            return Err(StepFailure::fatal("Planned", "as told"));
        }
        Ok(Materialized::new(format!("{day} in {}", cx.run)))
    };
    let days = Partitions::daily("2024-01-01", "2024-01-04").unwrap();
    graph(vec![
        Asset::new(key("balance"), step)
            .partitions(days)
            .depends_on_mapped(key("balance"), OWN),
    ])
}

fn take(trail: &Trail) -> Vec<String> {
    std::mem::take(&mut *trail.lock().unwrap())
}

#[test]
fn one_run_makes_them_in_order() {
    let (trail, failing) = (Trail::default(), Arc::new(Mutex::new("")));
    let graph = balance(&trail, &failing);
    let executor = memory();
    let outcome = executor
        .run(RunRequest::new("r", Arc::clone(&graph)))
        .unwrap();
    assert_eq!(outcome.status, RunStatus::Success);
    assert_eq!(outcome.cut_windows, [], "no day was before the first");
    assert_eq!(
        take(&trail),
        [
            "2024-01-01 of ",
            "2024-01-02 of 2024-01-01 in r",
            "2024-01-03 of 2024-01-02 in r",
            "2024-01-04 of 2024-01-03 in r"
        ]
    );
    // The one after a day that is made again is stale, and in the run of what is stale all after it.
    let again = RunRequest::new("again", Arc::clone(&graph))
        .selection(Selection::all().with_partitions(["2024-01-02"]));
    executor.run(again).unwrap();
    let plan = Plan::new(&graph, &Selection::all()).unwrap();
    let stale = staleness(&graph, executor.catalog(), &plan).unwrap();
    let stale: Vec<_> = stale.iter().map(|step| step.partition.as_deref()).collect();
    assert_eq!(stale, [Some("2024-01-03")]);
    take(&trail);
    let rest = RunRequest::new("rest", Arc::clone(&graph)).mode(Mode::Stale);
    assert_eq!(executor.run(rest).unwrap().steps.fresh, 2);
    assert_eq!(
        take(&trail),
        [
            "2024-01-03 of 2024-01-02 in again",
            "2024-01-04 of 2024-01-03 in rest"
        ]
    );
}

#[test]
fn a_day_without_the_one_before_fails_and_one_that_fails_holds_back_the_rest() {
    let (trail, failing) = (Trail::default(), Arc::new(Mutex::new("2024-01-02")));
    let graph = balance(&trail, &failing);
    let executor = memory();
    let alone = RunRequest::new("alone", Arc::clone(&graph))
        .selection(Selection::all().with_partitions(["2024-01-03"]));
    let outcome = executor.run(alone).unwrap();
    let error_type = &outcome.failures[0].failure.error_type;
    assert_eq!(error_type, StepFailure::MISSING_INPUT);
    let outcome = executor.run(RunRequest::new("all", graph)).unwrap();
    assert_eq!((outcome.steps.failed, outcome.steps.skipped), (1, 2));
}

#[test]
fn a_backfill_makes_them_in_order_and_goes_on_where_one_has_failed() {
    let (trail, failing) = (Trail::default(), Arc::new(Mutex::new("2024-01-02")));
    let graph = balance(&trail, &failing);
    let executor = memory();
    let days = ["2024-01-03", "2024-01-01", "2024-01-04", "2024-01-02"];
    let record = BackfillRecord::new("b", Selection::all(), days);
    let request = || Backfill::request(&executor, &graph, record.clone()).unwrap();
    let progress = request().run(|_| ()).unwrap();
    assert_eq!(progress.status, RunStatus::Failure);
    assert_eq!(
        (progress.succeeded, progress.failed, progress.waiting),
        (1, 1, 2)
    );
    assert_eq!(
        take(&trail),
        ["2024-01-01 of ", "2024-01-02 of 2024-01-01 in b/2024-01-01"]
    );
    *failing.lock().unwrap() = "";
    let progress = request().run(|_| ()).unwrap();
    assert_eq!(
        (progress.status, progress.succeeded),
        (RunStatus::Success, 4)
    );
    let made = take(&trail);
    let days: Vec<&str> = made.iter().map(|made| &made[..10]).collect();
    assert_eq!(days, ["2024-01-02", "2024-01-03", "2024-01-04"]);
}

#[test]
fn what_is_not_over_cannot_be_read_of_its_own() {
    let asset = |mapping| {
        let step = |_: &StepContext<'_>| Ok(Materialized::new("1"));
        let days = Partitions::daily("2024-01-01", "2024-01-04").unwrap();
        let asset = Asset::new(key("balance"), step).partitions(days);
        AssetGraph::new(vec![asset.depends_on_mapped(key("balance"), mapping)])
    };
    let today = Mapping::TimeWindow {
        start_offset: -1,
        end_offset: 0,
    };
    let listed = Mapping::keys([("2024-01-02", ["2024-01-01"])]);
    for mapping in [
        today,
        listed,
        Mapping::Identity,
        Mapping::All,
        Mapping::Last(1),
    ] {
        let error = asset(mapping).unwrap_err();
        assert!(matches!(error, GraphError::Cycle { .. }), "{error}");
    }
    assert!(asset(OWN).is_ok());
}
