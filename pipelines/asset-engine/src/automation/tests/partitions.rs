//! Backfills of several partitions a run: each partition counts by what became of it.

use std::num::NonZero;
use std::sync::Arc;

use super::fixture::{Noting, asset, graph, key, memory};
use crate::automation::{Backfill, BackfillProgress};
use crate::{
    AssetGraph, BackfillRecord, Check, CheckResult, Checked, Event, Mapping, Materialization,
    Partitions, RunStatus, Selection, SkipReason,
};

fn week(graph: &AssetGraph) -> BackfillRecord {
    let days = &graph.assets()[0].partitions;
    let keys = (0..days.count()).map(|at| days.key(at).unwrap().to_string());
    BackfillRecord {
        per_run: NonZero::new(4).unwrap(),
        at_once: NonZero::<usize>::MIN,
        ..BackfillRecord::new("week", Selection::all(), keys)
    }
}

fn counts(progress: &BackfillProgress) -> [usize; 5] {
    [
        progress.succeeded,
        progress.failed,
        progress.canceled,
        progress.under_way,
        progress.waiting,
    ]
}

fn days() -> Partitions {
    Partitions::daily("2013-01-01", "2013-01-07").unwrap()
}

#[test]
fn what_a_bad_day_holds_back_counts_with_it_and_the_rest_of_its_run_does_not() {
    let step = Arc::new(Noting::default());
    let since_yesterday = Mapping::TimeWindow {
        start_offset: -1,
        end_offset: 0,
    };
    let graph = graph(vec![
        asset("daily", &step).partitions(days()),
        asset("two_days", &step)
            .partitions(days())
            .depends_on_mapped(key("daily"), since_yesterday),
    ]);
    let executor = memory();
    step.fail("daily@2013-01-02", true);
    let request = || Backfill::request(&executor, &graph, week(&graph)).unwrap();
    let backfill = request();
    let progress = backfill.run(|_| ()).unwrap();
    assert_eq!(progress.status, RunStatus::Failure);
    assert_eq!(counts(&progress), [5, 2, 0, 0, 0]);
    assert_eq!(backfill.failed().unwrap(), ["2013-01-02", "2013-01-03"]);
    step.fail("daily@2013-01-02", false);
    step.take();
    let again = request().run(|_| ()).unwrap();
    assert_eq!(counts(&again), [7, 0, 0, 0, 0]);
    assert_eq!(
        step.take(),
        [
            "daily@2013-01-02",
            "two_days@2013-01-02",
            "two_days@2013-01-03"
        ]
    );
}

#[test]
fn a_day_that_failed_a_blocking_check_has_failed() {
    let step = Arc::new(Noting::default());
    let odd = |made: &Materialization, _: &crate::StepContext<'_>| {
        Ok(Checked {
            passed: made.partition.as_deref() != Some("2013-01-06"),
            metadata: serde_json::Value::Null,
        })
    };
    let graph = graph(vec![
        asset("daily", &step)
            .partitions(days())
            .checked_by(Check::blocking("odd", odd)),
        asset("after", &step)
            .partitions(days())
            .depends_on(key("daily")),
    ]);
    let executor = memory();
    let backfill = Backfill::request(&executor, &graph, week(&graph)).unwrap();
    let progress = backfill.run(|_| ()).unwrap();
    assert_eq!(counts(&progress), [6, 1, 0, 0, 0]);
    assert_eq!(backfill.failed().unwrap(), ["2013-01-06"]);
}

#[test]
fn of_a_cancelled_run_the_days_that_were_made_have_succeeded_where_it_tells() {
    let step = Arc::new(Noting::default());
    let graph = graph(vec![asset("daily", &step).partitions(days())]);
    let executor = memory();
    let backfill = Backfill::request(&executor, &graph, week(&graph)).unwrap();
    let record = executor.catalog().backfills().unwrap().remove(0).record;
    let runs = record.runs();
    let made = |run: &Arc<str>, day| {
        Event::Materialized(Arc::new(Materialization {
            run: Arc::clone(run),
            ..Materialization::reported(key("daily"), Some(day), "v1", "1")
        }))
    };
    let submitted = |at: usize| Event::RunSubmitted(Arc::new(runs[at].record.clone()));
    let ended = |run: &Arc<str>| Event::RunEnded {
        run: Arc::clone(run),
        status: RunStatus::Canceled,
        fresh: 0,
    };
    let first = &runs[0].record.run;
    let left_out = |day: &str| Event::Skipped {
        run: Arc::clone(first),
        asset: key("daily"),
        partition: Some(Arc::from(day)),
        reason: SkipReason::Canceled,
    };
    // The first run tells what it left out; the second was closed after its executor had died.
    let (second, third_day) = (&runs[1].record.run, "2013-01-03");
    let bad = CheckResult::new(key("daily"), Some(third_day), "odd", false);
    let events = vec![
        submitted(0),
        made(first, "2013-01-01"),
        made(first, third_day),
        Event::Checked(Arc::new(CheckResult {
            run: Arc::clone(first),
            ..bad
        })),
        left_out("2013-01-02"),
        left_out("2013-01-04"),
        ended(first),
        submitted(1),
        made(second, "2013-01-05"),
        ended(second),
    ];
    executor.append(events).unwrap();
    let progress = backfill.progress().unwrap();
    assert_eq!(counts(&progress), [1, 1, 5, 0, 0]);
    assert_eq!(backfill.failed().unwrap(), [third_day]);
}
