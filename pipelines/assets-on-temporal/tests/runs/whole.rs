//! Runs in which nothing goes wrong: all is made once, and then nothing.

use asset_engine::{Asset, Partitions, RunStatus};
use orchbench_assets_on_temporal::MaterializeInput;

use crate::lab::{Lab, key};

/// `lookup` is read by every day; `total` reads all of them.
pub fn month(asset: &dyn Fn(&str) -> Asset) -> Vec<Asset> {
    let days = Partitions::daily("2013-01-01", "2013-01-12").unwrap();
    vec![
        asset("lookup"),
        asset("raw").partitions(days.clone()),
        asset("joined")
            .partitions(days)
            .depends_on(key("raw"))
            .depends_on(key("lookup")),
        asset("total").depends_on(key("joined")),
    ]
}

#[test]
fn all_is_made_once_over_several_workers_and_a_second_run_makes_nothing() {
    let lab = Lab::new(2, month);
    let input = MaterializeInput {
        lanes_per_execution: 5,
        ..MaterializeInput::new("first")
    };
    let outcome = lab.run(&input);
    assert_eq!(
        (outcome.status, outcome.counts.materialized),
        (RunStatus::Success, 26)
    );
    // Thirteen lanes in the first stage, twelve in the second, one in the third.
    assert!(outcome.continuations >= 3, "{outcome:?}");
    let mut made = lab.made("first");
    assert_eq!(made.last().map(String::as_str), Some("total"));
    made.sort();
    let mut began = lab.script.began();
    began.sort();
    assert_eq!(made, began);
    made.dedup();
    assert_eq!(made.len(), 26);
    let verified = lab.catalog().verify(None).unwrap();
    assert!(verified.is_sound(), "{verified}");

    let again = MaterializeInput {
        stale: true,
        ..MaterializeInput::new("again")
    };
    let outcome = lab.run(&again);
    assert_eq!((outcome.counts.materialized, outcome.counts.fresh), (0, 26));
    assert_eq!(lab.script.began().len(), 26);
    // Nobody was asked to look at what is fresh.
    let is_child = |kind: &String| kind.starts_with("StartChildWorkflow");
    assert!(!lab.history("again").iter().any(is_child));
}

#[test]
fn a_run_that_has_ended_says_so_and_is_left_as_it_is() {
    let lab = Lab::new(1, |asset| vec![asset("a")]);
    let input = MaterializeInput::new("run");
    assert_eq!(lab.run(&input).counts.materialized, 1);
    let again = lab.run(&input);
    assert!(again.ended_before, "{again:?}");
    assert_eq!(
        (again.status, again.counts.materialized),
        (RunStatus::Success, 0)
    );
    assert_eq!(lab.script.began(), ["a"]);
}

#[test]
fn a_part_is_made_of_what_is_there() {
    let lab = Lab::new(1, month);
    lab.run(&MaterializeInput::new("all"));
    let part = MaterializeInput {
        selection: "joined".to_owned(),
        partitions: Some(vec!["2013-01-03".to_owned(), "2013-01-05".to_owned()]),
        ..MaterializeInput::new("part")
    };
    assert_eq!(lab.run(&part).counts.materialized, 2);
    let mut made = lab.made("part");
    made.sort();
    assert_eq!(made, ["joined 2013-01-03", "joined 2013-01-05"]);
}
