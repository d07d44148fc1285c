//! Steps that fail, and requests that make no sense.

use asset_engine::{Asset, Partitions, RetryPolicy, RunStatus};
use orchbench_assets_on_temporal::MaterializeInput;

use crate::lab::{Lab, key};
use crate::whole::month;

fn retried(asset: &dyn Fn(&str) -> Asset) -> Vec<Asset> {
    let days = Partitions::daily("2013-01-01", "2013-01-03").unwrap();
    vec![
        asset("raw")
            .partitions(days.clone())
            .retry(RetryPolicy::constant(3, 20)),
        asset("clean").partitions(days).depends_on(key("raw")),
        asset("total").depends_on(key("clean")),
    ]
}

#[test]
fn an_attempt_that_fails_is_followed_by_another_as_the_asset_says() {
    let lab = Lab::new(1, retried);
    lab.script.fail("raw 2013-01-02", 2, "Throttled");
    let outcome = lab.run(&MaterializeInput::new("run"));
    assert_eq!(
        (outcome.status, outcome.counts.materialized),
        (RunStatus::Success, 7)
    );
    let began = lab.script.began();
    let attempts = began.iter().filter(|piece| *piece == "raw 2013-01-02");
    assert_eq!(attempts.count(), 3);
}

#[test]
fn what_fails_holds_back_what_reads_it_and_nothing_else_and_goes_on_when_it_is_mended() {
    let lab = Lab::new(2, retried);
    lab.script.fail("raw 2013-01-02", 1, "Fatal");
    let outcome = lab.run(&MaterializeInput::new("run"));
    assert_eq!(outcome.status, RunStatus::Failure);
    assert_eq!((outcome.counts.materialized, outcome.counts.failed), (4, 1));
    let mut made = lab.made("run");
    made.sort();
    let expected = [
        "clean 2013-01-01",
        "clean 2013-01-03",
        "raw 2013-01-01",
        "raw 2013-01-03",
    ];
    assert_eq!(made, expected);

    let again = MaterializeInput {
        reopen: true,
        ..MaterializeInput::new("run")
    };
    let outcome = lab.run(&again);
    assert_eq!(outcome.status, RunStatus::Success);
    let mut made = lab.made("run");
    made.sort();
    made.dedup();
    assert_eq!((made.len(), lab.made("run").len()), (7, 7));
    assert_eq!(lab.script.began().len(), 8);
}

#[test]
fn a_request_that_makes_no_sense_is_refused_before_anything_runs() {
    let lab = Lab::new(1, month);
    let of = |run: &str| MaterializeInput::new(run);
    let wrong = [
        (
            MaterializeInput {
                selection: "nothing".to_owned(),
                ..of("selection")
            },
            "nothing",
        ),
        (
            MaterializeInput {
                selection: "raw and".to_owned(),
                ..of("syntax")
            },
            "raw and",
        ),
        (
            MaterializeInput {
                partitions: Some(vec!["2014-01-01".to_owned()]),
                ..of("partition")
            },
            "2014-01-01",
        ),
        (
            MaterializeInput {
                at_once: 0,
                ..of("at-once")
            },
            "at_once: expected 1 to",
        ),
        (of(""), "run: expected 1 to 200 bytes"),
    ];
    for (input, told) in wrong {
        lab.start(&input);
        let failure = lab.end(&input.run).unwrap_err();
        assert!(failure.non_retryable, "{failure:?}");
        assert!(failure.message.contains(told), "{failure:?}");
    }
    // Another request under the id of a run.
    lab.run(&of("run"));
    lab.start(&MaterializeInput {
        stale: true,
        ..of("run")
    });
    let failure = lab.end("run").unwrap_err();
    assert!(
        failure
            .message
            .contains("submitted before with another mode"),
        "{failure:?}"
    );
    assert_eq!(lab.script.began().len(), 26);
    let runs = lab.catalog().runs().unwrap();
    assert_eq!(runs.len(), 1);
}
