//! Checks alone: what is there is looked at again, and what was held back is let go.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::fixture::{graph, key, pure_version, request, selected};
use crate::{
    Asset, AssetGraph, Check, Checked, EngineError, Executor, ExecutorOptions, Materialization,
    Mode, Partitions, Plan, Report, RunStatus, Selection, SelectionError, StepContext, StepFailure,
    staleness,
};

/// Two days with a check that passes when told to, what reads them, and a source with one.
fn checked(passes: &Arc<AtomicBool>) -> Arc<AssetGraph> {
    let step = |cx: &StepContext<'_>| Ok(pure_version(cx));
    let asked = Arc::clone(passes);
    let test = move |made: &Materialization, cx: &StepContext<'_>| {
        // It is given what the piece was made of, as in a run.
        let of = cx.inputs.iter().map(|input| input.asset.to_string());
        Ok::<_, StepFailure>(Checked {
            passed: asked.load(Ordering::Relaxed),
            metadata: serde_json::json!([made.data_version, of.collect::<Vec<_>>()]),
        })
    };
    let always = |_: &Materialization, _: &StepContext<'_>| {
        Ok::<_, StepFailure>(Checked {
            passed: true,
            metadata: serde_json::Value::Null,
        })
    };
    let days = Partitions::daily("2024-01-01", "2024-01-02").unwrap();
    graph(vec![
        Asset::external(key("source")).checked_by(Check::warning("seen", always)),
        Asset::new(key("base"), step),
        Asset::new(key("daily"), step)
            .depends_on(key("base"))
            .partitions(days)
            .checked_by(Check::blocking("counts", test)),
        Asset::new(key("report"), step).depends_on_all(key("daily")),
    ])
}

#[test]
fn data_that_passes_after_all_holds_back_nothing_any_more() {
    for file in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("catalog.db");
        let options = ExecutorOptions::default().concurrency(2);
        let executor = match file {
            true => Executor::open(&path, options.clone()).unwrap(),
            false => Executor::memory(options.clone()),
        };
        let passes = Arc::new(AtomicBool::new(false));
        let graph = checked(&passes);
        let first = executor.run(request("first", &graph)).unwrap();
        assert_eq!((first.status, first.steps.blocked), (RunStatus::Failure, 2));
        let held = executor.run(selected("held", &graph, "report", Mode::All));
        assert_eq!(held.unwrap().status, RunStatus::Failure);

        passes.store(true, Ordering::Relaxed);
        let before = executor.catalog().latest_of(&key("daily")).unwrap();
        let results = executor.check(&graph, &Selection::all()).unwrap();
        // Not of the source, which was never seen.
        let told: Vec<_> = results
            .iter()
            .map(|each| (each.partition.as_deref(), each.passed, each.run.as_ref()))
            .collect();
        let days = [Some("2024-01-01"), Some("2024-01-02")];
        assert_eq!(told, days.map(|day| (day, true, "")));
        let version = &before[0].data_version;
        assert_eq!(results[0].metadata, serde_json::json!([version, ["base"]]));
        // Nothing was made, and the results are there.
        assert_eq!(executor.catalog().latest_of(&key("daily")).unwrap(), before);
        assert_eq!(
            executor.catalog().checks_of(&key("daily")).unwrap(),
            results
        );
        let report = executor.run(selected("report", &graph, "report", Mode::All));
        assert_eq!(report.unwrap().status, RunStatus::Success);
        if file {
            drop(executor);
            Executor::open(&path, options)
                .unwrap()
                .catalog()
                .verify(None)
                .unwrap();
        }
    }
}

#[test]
fn one_piece_is_checked_alone_and_what_is_bad_is_stale() {
    let passes = Arc::new(AtomicBool::new(true));
    let graph = checked(&passes);
    let executor = Executor::memory(ExecutorOptions::default());
    executor.run(request("first", &graph)).unwrap();
    passes.store(false, Ordering::Relaxed);
    let one = Selection::assets([key("daily")]).with_partitions(["2024-01-02"]);
    let results = executor.check(&graph, &one).unwrap();
    assert_eq!(results.len(), 1);
    let plan = Plan::new(&graph, &Selection::all()).unwrap();
    let stale = staleness(&graph, executor.catalog(), &plan).unwrap();
    let stale: Vec<_> = stale
        .iter()
        .map(|step| (step.asset.to_string(), step.partition.clone()))
        .collect();
    assert!(
        stale.contains(&("daily".to_owned(), Some("2024-01-02".into()))),
        "{stale:?}"
    );
    assert!(
        !stale.contains(&("daily".to_owned(), Some("2024-01-01".into()))),
        "{stale:?}"
    );
}

#[test]
fn what_was_seen_is_checked_and_what_was_not_made_is_passed_over() {
    let passes = Arc::new(AtomicBool::new(true));
    let graph = checked(&passes);
    let executor = Executor::memory(ExecutorOptions::default());
    let refused = |selection: &Selection| {
        let refused = executor.check(&graph, selection);
        refused.unwrap_err().to_string()
    };
    let expected = "expected a check of something that was made, found";
    assert_eq!(
        refused(&Selection::all()),
        format!("checks of *: {expected} nothing made")
    );
    assert_eq!(
        refused(&Selection::assets([key("report")])),
        format!("checks of report: {expected} no check")
    );
    let seen = crate::Observation::new(key("source"), None, "v1");
    executor.record_all([Report::from(seen)]).unwrap();
    let results = executor.check(&graph, &Selection::all()).unwrap();
    assert_eq!(results.len(), 1);
    assert_eq!(results[0].data_version.as_deref(), Some("v1"));
    let unknown = executor.check(&graph, &Selection::assets([key("nothing")]));
    assert!(
        matches!(
            unknown,
            Err(EngineError::Selection(SelectionError::UnknownAsset { .. }))
        ),
        "{unknown:?}"
    );
}
