//! A run that is looked at, held up and ended while it is at work.

use asset_engine::{Asset, Event, Partitions, RunStatus};
use orchbench_assets_on_temporal::MaterializeInput;
use serde_json::json;

use crate::lab::{Lab, until};

fn days(asset: &dyn Fn(&str) -> Asset) -> Vec<Asset> {
    let days = Partitions::daily("2013-01-01", "2013-01-20").unwrap();
    vec![asset("day").partitions(days)]
}

#[test]
fn how_many_are_in_work_is_changed_and_a_pause_begins_none() {
    let lab = Lab::new(1, days);
    lab.script.close_gate();
    let input = MaterializeInput {
        at_once: 2,
        ..MaterializeInput::new("run")
    };
    lab.start(&input);
    until("two are in work", || lab.script.began().len() == 2);
    let progress = lab.progress("run");
    assert_eq!(
        [&progress["in_work"], &progress["stage"]],
        [&json!(2), &json!([1, 1])]
    );
    assert_eq!(lab.update("run", "set_at_once", &[json!(5)]), json!(2));
    until("five are in work", || lab.script.began().len() == 5);
    let refused = lab.update("run", "set_at_once", &[json!(1_000)]);
    let refused = refused["refused"].as_str().unwrap().to_owned();
    assert!(refused.contains("at_once: expected 1 to"), "{refused}");
    assert_eq!(lab.update("run", "pause", &[]), json!(false));
    lab.script.open_gate();
    until("those in work have ended", || {
        lab.progress("run")["in_work"] == 0
    });
    assert_eq!(lab.script.began().len(), 5);
    assert_eq!(lab.progress("run")["counts"]["materialized"], 5);
    assert_eq!(lab.update("run", "resume", &[]), json!(true));
    assert_eq!(lab.end("run").unwrap().counts.materialized, 20);
}

#[test]
fn a_run_that_is_cancelled_keeps_what_is_in_work_and_goes_on_when_it_is_asked_for_again() {
    let lab = Lab::new(1, days);
    lab.script.close_gate();
    let input = MaterializeInput {
        at_once: 3,
        ..MaterializeInput::new("run")
    };
    lab.start(&input);
    until("three are in work", || lab.script.began().len() == 3);
    lab.cancel("run");
    // Its lanes hear of that, and wait for their steps.
    until("the lanes are cancelled", || {
        let history = lab.history("run");
        history
            .iter()
            .any(|kind| kind.starts_with("RequestCancelExternal"))
    });
    lab.script.open_gate();
    let failure = lab.end("run").unwrap_err();
    assert_eq!(failure.error_type, "Cancelled");
    let status = lab.catalog().run("run").unwrap().unwrap().status;
    assert_eq!(status, RunStatus::Canceled);
    let kept = lab.made("run").len();
    assert_eq!(kept, lab.script.began().len());
    assert!((3..20).contains(&kept), "{kept}");

    let again = MaterializeInput {
        reopen: true,
        ..MaterializeInput::new("run")
    };
    assert_eq!(lab.run(&again).status, RunStatus::Success);
    assert_eq!(lab.made("run").len(), 20);
    let events = lab.catalog().events("run").unwrap();
    let resumed =
        |record: &&asset_engine::EventRecord| matches!(record.event, Event::RunResumed { .. });
    assert_eq!(events.iter().filter(resumed).count(), 1);
}

/// A pause that comes while the last lanes of an execution are in work counts in the next one.
#[test]
fn a_pause_outlives_the_continuation() {
    let lab = Lab::new(1, days);
    lab.script.close_gate();
    let input = MaterializeInput {
        at_once: 3,
        lanes_per_execution: 2,
        ..MaterializeInput::new("run")
    };
    lab.start(&input);
    until("two are in work", || lab.script.began().len() == 2);
    assert_eq!(lab.update("run", "pause", &[]), json!(false));
    lab.script.open_gate();
    until("another execution has begun", || {
        lab.progress("run")["continuations"] == 1
    });
    assert_eq!(lab.progress("run")["paused"], true);
    assert_eq!(lab.script.began().len(), 2);
    assert_eq!(lab.update("run", "resume", &[]), json!(true));
    assert_eq!(lab.end("run").unwrap().counts.materialized, 20);
}
