//! What one attempt makes of several pieces: some assets of a step, and ranges of partitions.

use std::sync::{Arc, Mutex};

use serde_json::json;

use super::fixture::{
    Script, asset, graph, key, made, memory, piece, request, selected, stale_run,
};
use crate::{
    Asset, AssetGraph, AssetKey, Check, Checked, Event, GraphError, Mapping, Materialization,
    Materialized, Mode, Partitions, RetryPolicy, RunOutcome, RunRequest, RunStatus, StepContext,
    StepFailure,
};

/// What was asked for in each execution.
type Asked = Arc<Mutex<Vec<Vec<String>>>>;

fn take(asked: &Asked) -> Vec<Vec<String>> {
    std::mem::take(&mut asked.lock().unwrap())
}

fn pieces(outcome: &RunOutcome) -> Vec<String> {
    let made = outcome.materializations.iter();
    let mut pieces: Vec<String> = made
        .map(|made| piece(&made.asset, made.partition.as_deref()))
        .collect();
    pieces.sort();
    pieces
}

/// `good`, `bad` and `ugly` of one step, each with a reader; `bad` may be left out, and is.
fn some_of(asked: &Asked, ugly: &str, script: &Arc<Script>) -> Arc<AssetGraph> {
    let asked = Arc::clone(asked);
    let step = move |cx: &StepContext<'_>| -> Result<Vec<(AssetKey, Materialized)>, StepFailure> {
        let names = cx.assets.iter().map(ToString::to_string).collect();
        asked.lock().unwrap().push(names);
        let wanted = cx.assets.iter().filter(|asset| asset.as_str() != "bad");
        Ok(wanted.map(|asset| (asset.clone(), made("1"))).collect())
    };
    let names = ["good", "bad", "ugly"];
    let mut assets: Vec<Asset> = Asset::any_of(names.map(key), step)
        .into_iter()
        .map(|asset| match asset.key.as_str() {
            "bad" => asset.skippable(),
            "ugly" => asset.code_version(ugly),
            _ => asset,
        })
        .collect();
    assets.extend(names.map(|name| asset(&format!("of_{name}"), script).depends_on(key(name))));
    assets.push(asset("of_of_bad", script).depends_on(key("of_bad")));
    graph(assets)
}

#[test]
fn a_step_makes_those_of_its_assets_that_are_asked_for() {
    let (asked, script) = (Asked::default(), Arc::new(Script::default()));
    let executor = memory(3);
    let first = some_of(&asked, "1", &script);
    let only = executor.run(selected("only", &first, "ugly", Mode::All));
    assert_eq!(pieces(&only.unwrap()), ["ugly"]);
    assert_eq!(take(&asked), [["ugly"]]);
    let two = executor.run(selected("two", &first, "ugly or good", Mode::All));
    assert_eq!(pieces(&two.unwrap()), ["good", "ugly"]);
    assert_eq!(take(&asked), [["good", "ugly"]]);
    // Of what is there, only what is stale; the second stands for the step then.
    let second = some_of(&asked, "2", &script);
    let stale = executor.run(selected("stale", &second, "ugly+ or good+", Mode::Stale));
    let stale = stale.unwrap();
    assert_eq!(pieces(&stale), ["of_good", "of_ugly", "ugly"]);
    assert_eq!(stale.steps.fresh, 1);
    assert_eq!(take(&asked), [["ugly"]]);
    let events = executor.catalog().events("stale").unwrap();
    let attempts = events.iter().filter_map(|record| match &record.event {
        Event::AttemptStarted(attempt) => Some(attempt.asset.to_string()),
        _ => None,
    });
    assert!(attempts.into_iter().any(|asset| asset == "ugly"));
}

#[test]
fn what_is_left_out_leaves_out_what_reads_it_and_nothing_fails() {
    let (asked, script) = (Asked::default(), Arc::new(Script::default()));
    let executor = memory(3);
    let graph = some_of(&asked, "1", &script);
    let outcome = executor.run(request("run", &graph)).unwrap();
    assert_eq!(outcome.status, RunStatus::Success);
    let steps = outcome.steps;
    assert_eq!(
        (steps.materialized, steps.left_out, steps.skipped),
        (4, 3, 0)
    );
    assert_eq!(pieces(&outcome), ["good", "of_good", "of_ugly", "ugly"]);
    assert_eq!(executor.wait("run").unwrap().steps, steps);
    let by = |record: &crate::EventRecord| match &record.event {
        Event::Skipped { asset, reason, .. } => Some(format!("{asset}: {reason:?}")),
        _ => None,
    };
    let events = executor.catalog().events("run").unwrap();
    let mut skipped: Vec<String> = events.iter().filter_map(by).collect();
    skipped.sort();
    assert!(skipped[0].starts_with("bad: LeftOut"), "{skipped:?}");
    assert!(skipped[1].starts_with("of_bad: LeftOut") && skipped[1].contains("(bad)"));
    assert!(skipped[2].contains("(of_bad)"), "{skipped:?}");
    // It stays missing, and is asked for again with nothing else.
    take(&asked);
    let stale = executor.run(stale_run("stale", &graph)).unwrap();
    assert_eq!((stale.steps.fresh, stale.steps.left_out), (4, 3));
    assert_eq!(take(&asked), [["bad"]]);
}

#[test]
fn results_that_were_not_asked_for_or_are_missing_fail_the_attempt() {
    let executor = memory(1);
    for (run, results, said) in [
        ("none", vec![], "expected a result of a, found none"),
        ("half", vec!["a"], "expected a result of b, found none"),
        ("twice", vec!["a", "b", "a"], "found another one of a"),
        ("other", vec!["a", "b", "c"], "found another one of c"),
    ] {
        let step =
            move |_: &StepContext<'_>| -> Result<Vec<(AssetKey, Materialized)>, StepFailure> {
                Ok(results.iter().map(|name| (key(name), made("1"))).collect())
            };
        let graph = graph(Asset::any_of([key("a"), key("b")], step));
        let outcome = executor.run(request(run, &graph)).unwrap();
        let failure = outcome.failures[0].failure.to_string();
        assert!(
            failure.starts_with("WrongOutputs: ") && failure.contains(said),
            "{failure}"
        );
        assert_eq!((outcome.steps.failed, outcome.steps.skipped), (1, 1));
    }
}

/// `raw` for each of three days, what is made of them in one step, a report of each, and a total.
fn range(asked: &Asked, raw: &Arc<Script>, fail_until: u32) -> Arc<AssetGraph> {
    let days = Partitions::daily("2013-01-01", "2013-01-03").unwrap();
    let asked = Arc::clone(asked);
    let step = move |cx: &StepContext<'_>| -> Result<Vec<Materialized>, StepFailure> {
        let mut seen: Vec<String> = cx.partition_keys.iter().map(ToString::to_string).collect();
        let (from, to) = cx.window().unwrap();
        seen.push(format!("{from} {to}"));
        let inputs = cx
            .inputs
            .iter()
            .map(|made| made.partition.as_deref().unwrap());
        seen.push(inputs.collect::<Vec<_>>().join(" "));
        asked.lock().unwrap().push(seen);
        if cx.attempt <= fail_until {
            return Err(StepFailure::retryable("Planned", "not yet"));
        }
        Ok(cx.partition_keys.iter().map(|key| made(key)).collect())
    };
    let not_the_second = |made: &Materialization, _: &StepContext<'_>| {
        Ok(Checked {
            passed: made.data_version != "2013-01-02",
            metadata: json!(null),
        })
    };
    let window = Mapping::TimeWindow {
        start_offset: -1,
        end_offset: 0,
    };
    let script = Arc::new(Script::default());
    graph(vec![
        asset("raw", raw).partitions(days.clone()),
        Asset::ranged(key("cleaned"), step)
            .partitions(days.clone())
            .depends_on_mapped(key("raw"), window)
            .retry(RetryPolicy::constant(1, 0))
            .checked_by(Check::warning("second", not_the_second)),
        asset("report", &script)
            .partitions(days)
            .depends_on(key("cleaned")),
        asset("total", &script).depends_on(key("cleaned")),
    ])
}

#[test]
fn a_range_of_partitions_is_made_in_one_attempt() {
    let (asked, raw) = (Asked::default(), Arc::new(Script::default()));
    let executor = memory(3);
    let graph = range(&asked, &raw, 1);
    let outcome = executor.run(request("all", &graph)).unwrap();
    assert_eq!(outcome.status, RunStatus::Success);
    assert_eq!(outcome.steps.materialized, 10);
    let whole = [
        "2013-01-01",
        "2013-01-02",
        "2013-01-03",
        "2013-01-01T00:00:00 2013-01-04T00:00:00",
        "2013-01-01 2013-01-02 2013-01-03",
    ];
    assert_eq!(take(&asked), [whole, whole]);
    // Each piece has the version, the inputs and the checks of its own.
    let cleaned = executor.catalog().latest_of(&key("cleaned")).unwrap();
    let read = |made: &Materialization| {
        let inputs = made
            .inputs
            .iter()
            .map(|read| read.partition.clone().unwrap());
        (
            made.data_version.clone(),
            made.attempt,
            inputs.collect::<Vec<_>>(),
        )
    };
    let read: Vec<_> = cleaned.iter().map(|made| read(made)).collect();
    let days = |days: &[&str]| days.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(read[0], ("2013-01-01".to_owned(), 2, days(&["2013-01-01"])));
    assert_eq!(
        read[2],
        (
            "2013-01-03".to_owned(),
            2,
            days(&["2013-01-02", "2013-01-03"])
        )
    );
    let checks = executor.catalog().checks_of(&key("cleaned")).unwrap();
    let failed = checks.iter().filter(|check| !check.passed);
    let failed: Vec<_> = failed
        .map(|check| check.partition.as_deref().unwrap())
        .collect();
    assert_eq!(failed, ["2013-01-02"]);
    // Of what is stale, no more than that.
    let again = executor.run(RunRequest {
        selection: crate::Selection::assets([key("raw")]).with_partitions(["2013-01-02"]),
        ..request("again", &graph)
    });
    assert_eq!(again.unwrap().steps.materialized, 1);
    let fresh = executor.run(stale_run("fresh", &graph)).unwrap();
    assert_eq!(
        fresh.steps.fresh, 10,
        "its data is a pure function of its name"
    );
}

#[test]
fn a_day_that_fails_holds_back_the_range_that_reads_it_and_it_is_made_when_that_is_there() {
    let asked = Asked::default();
    let raw = Arc::new(Script::failing(&[("raw@2013-01-02", 1)]));
    let executor = memory(2);
    let graph = range(&asked, &raw, 0);
    let outcome = executor.run(request("run", &graph)).unwrap();
    assert_eq!(outcome.status, RunStatus::Failure);
    let steps = outcome.steps;
    assert_eq!((steps.materialized, steps.failed, steps.skipped), (2, 1, 7));
    assert_eq!(executor.wait("run").unwrap().steps, steps);
    assert!(take(&asked).is_empty());
    let again = RunRequest {
        reopen: true,
        ..request("run", &graph)
    };
    let outcome = executor.run(again).unwrap();
    assert_eq!(
        (outcome.status, outcome.steps.materialized),
        (RunStatus::Success, 10)
    );
    assert_eq!(take(&asked).len(), 1);
}

#[test]
fn a_range_that_fails_fails_as_a_whole() {
    let (asked, raw) = (Asked::default(), Arc::new(Script::default()));
    let executor = memory(2);
    let outcome = executor
        .run(request("run", &range(&asked, &raw, 9)))
        .unwrap();
    let steps = outcome.steps;
    assert_eq!((steps.materialized, steps.failed, steps.skipped), (3, 1, 6));
    assert_eq!(outcome.failures[0].attempt, 2);
    assert_eq!(executor.wait("run").unwrap().steps, steps);
}

#[test]
fn of_a_range_what_was_wiped_is_made_again() {
    let (asked, raw) = (Asked::default(), Arc::new(Script::default()));
    let apart = Arc::new(Script::failing(&[("apart", 1)]));
    let executor = memory(2);
    let assets = range(&asked, &raw, 0).assets().to_vec();
    let graph = graph([assets, vec![asset("apart", &apart)]].concat());
    let wipe = |day: &str| {
        let report = crate::Report::Wiped {
            asset: key("cleaned"),
            partition: Some(Arc::from(day)),
        };
        executor.record_all([report]).unwrap();
        take(&asked);
    };
    let outcome = executor.run(request("run", &graph)).unwrap();
    assert_eq!(outcome.status, RunStatus::Failure);
    // By the run that had made it, when it is opened again.
    wipe("2013-01-02");
    let again = executor.run(RunRequest {
        reopen: true,
        ..request("run", &graph)
    });
    let again = again.unwrap();
    assert_eq!(
        (again.status, again.steps.materialized),
        (RunStatus::Success, 11)
    );
    assert_eq!(
        take(&asked)[0][..2],
        ["2013-01-02", "2013-01-02T00:00:00 2013-01-03T00:00:00"]
    );
    // And by one of what is stale.
    wipe("2013-01-03");
    let stale = executor.run(stale_run("stale", &graph)).unwrap();
    assert_eq!(pieces(&stale), ["cleaned@2013-01-03"]);
    assert_eq!(take(&asked)[0][0], "2013-01-03");
}

#[test]
fn a_range_that_reads_its_own_past_is_refused() {
    let step = |_: &StepContext<'_>| -> Result<Vec<Materialized>, StepFailure> { Ok(Vec::new()) };
    let past = Mapping::TimeWindow {
        start_offset: -1,
        end_offset: -1,
    };
    let balance = Asset::ranged(key("balance"), step)
        .partitions(Partitions::daily("2013-01-01", "2013-01-03").unwrap())
        .depends_on_mapped(key("balance"), past);
    let refused = AssetGraph::new(vec![balance]).unwrap_err();
    assert!(matches!(refused, GraphError::RangeOfOwnPast { .. }));
    assert_eq!(
        refused.to_string(),
        "asset balance reads earlier partitions of its own, expected a step that makes one at a time, found one of a range"
    );
}

#[test]
fn of_assets_that_are_made_together_one_that_failed_its_check_is_made_again_with_the_others() {
    let executor = memory(2);
    let both = |passes: bool| {
        let step = |_: &StepContext<'_>| -> Result<Vec<Materialized>, StepFailure> {
            Ok(vec![made("1"), made("1")])
        };
        let test = move |_: &Materialization, _: &StepContext<'_>| {
            Ok(Checked {
                passed: passes,
                metadata: json!(null),
            })
        };
        let assets = Asset::together([key("a"), key("b")], step).into_iter();
        let checked = assets.map(|asset| match asset.key.as_str() {
            "b" => asset.checked_by(Check::blocking("b", test)),
            _ => asset,
        });
        graph(checked.collect())
    };
    let outcome = executor.run(request("run", &both(false))).unwrap();
    assert_eq!(
        (outcome.status, outcome.steps.blocked),
        (RunStatus::Failure, 1)
    );
    let again = executor.run(RunRequest {
        reopen: true,
        ..request("run", &both(true))
    });
    let again = again.unwrap();
    assert_eq!(
        (again.status, again.steps.materialized),
        (RunStatus::Success, 2)
    );
    assert_eq!(pieces(&again), ["a", "b"]);
}
