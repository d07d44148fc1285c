//! Tags of runs: kept with them, told by them, and named by limits.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::catalogs::open;
use super::fixture::{graph, key, pure_version, request};
use crate::{
    Asset, AssetGraph, Event, Executor, ExecutorOptions, RunRequest, RunStatus, StepContext,
};

fn one() -> Arc<AssetGraph> {
    let step = |cx: &StepContext<'_>| Ok(pure_version(cx));
    graph(vec![Asset::new(key("a"), step)])
}

#[test]
fn tags_stay_with_a_run_and_another_request_is_told_by_them() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("catalog.db");
    let graph = one();
    {
        let executor: Executor = open(&path, 1);
        let tagged = |team: &str| request("tagged", &graph).tag("team", team).tag("tier", "1");
        executor.run(tagged("a")).unwrap();
        let refused = executor.submit(tagged("b")).unwrap_err().to_string();
        assert!(
            refused.contains(
                "submitted before with another tags: {\"team\": \"a\", \"tier\": \"1\"}, now"
            ),
            "{refused}"
        );
        executor.run(request("plain", &graph)).unwrap();
    }
    let executor: Executor = open(&path, 1);
    let of_team =
        |run: &crate::RunInfo| run.record.tags.get("team").map(String::as_str) == Some("a");
    let runs = executor.catalog().runs().unwrap();
    let found: Vec<&str> = runs
        .iter()
        .filter(|run| of_team(run))
        .map(|run| run.record.run.as_ref())
        .collect();
    assert_eq!(found, ["tagged"]);
    assert_eq!(executor.catalog().verify(None).unwrap().missing, 0);
}

#[test]
fn a_run_that_was_left_open_goes_on_under_its_tags() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("catalog.db");
    let graph = one();
    {
        let executor: Executor = open(&path, 1);
        let record = crate::RunRecord {
            run: Arc::from("left"),
            selection: crate::Selection::all(),
            mode: crate::Mode::All,
            config: Arc::default(),
            tags: Arc::new([("team".to_owned(), "a".to_owned())].into()),
            identity: Arc::clone(graph.identity()),
        };
        let submitted = Event::RunSubmitted(Arc::new(record));
        executor.append(vec![submitted]).unwrap();
    }
    let executor: Executor = open(&path, 1);
    let left = executor.unfinished().remove(0);
    assert_eq!(left.tags["team"], "a");
    let outcome = executor
        .run(RunRequest::from_unfinished(left, graph))
        .unwrap();
    assert_eq!(outcome.status, RunStatus::Success);
}

#[test]
fn a_limit_holds_for_the_steps_of_runs_with_its_tag() {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let asset = |number: usize| {
        let (now, most) = (Arc::clone(&now), Arc::clone(&most));
        Asset::new(key(&format!("a{number}")), move |cx: &StepContext<'_>| {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            std::thread::yield_now();
            now.fetch_sub(1, Ordering::SeqCst);
            Ok(pure_version(cx))
        })
    };
    let graph = graph((0..40).map(asset).collect());
    let options = ExecutorOptions::default()
        .concurrency(4)
        .tag_limit("team", Some("a"), 1);
    let executor = Executor::memory(options);
    for run in ["first", "second"] {
        executor
            .submit(request(run, &graph).tag("team", "a"))
            .unwrap();
    }
    for run in ["first", "second"] {
        assert_eq!(executor.wait(run).unwrap().status, RunStatus::Success);
    }
    assert_eq!(most.load(Ordering::SeqCst), 1);
}

#[test]
fn a_backfill_tags_its_runs_and_is_told_by_its_tags() {
    let executor = Executor::memory(ExecutorOptions::default());
    let step = |cx: &StepContext<'_>| Ok(pure_version(cx));
    let days = crate::Partitions::daily("2024-01-01", "2024-01-02").unwrap();
    let graph = graph(vec![Asset::new(key("a"), step).partitions(days)]);
    let of_team = |team: &str| {
        let record = crate::BackfillRecord::new(
            "days",
            crate::Selection::all(),
            ["2024-01-01", "2024-01-02"],
        );
        record.tag("team", team)
    };
    let backfill = crate::Backfill::request(&executor, &graph, of_team("a")).unwrap();
    backfill.run(|_| ()).unwrap();
    let runs = executor.catalog().runs().unwrap();
    let teams: Vec<&str> = runs
        .iter()
        .map(|run| run.record.tags["team"].as_str())
        .collect();
    assert_eq!(teams, ["a", "a"]);
    let refused = crate::Backfill::request(&executor, &graph, of_team("b"));
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains(r#"tags: {"team": "a"}"#), "{refused}");
}

#[test]
fn an_outcome_says_whether_its_run_had_ended_before() {
    let executor = Executor::memory(ExecutorOptions::default());
    let graph = one();
    assert!(!executor.run(request("run", &graph)).unwrap().ended_before);
    let again = executor.run(request("run", &graph)).unwrap();
    assert!(again.ended_before);
    assert_eq!(
        (again.status, again.steps.materialized),
        (RunStatus::Success, 1)
    );
}
