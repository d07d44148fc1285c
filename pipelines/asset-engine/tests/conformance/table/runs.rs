//! B1 to B10: what runs do, and what is stale afterwards.

use serde_json::json;

use super::{Expected, Row};
use crate::{crashes, retries, versions};

pub fn rows() -> Vec<Row> {
    vec![
        Row {
            id: "B1",
            behaviour: "exponential retries wait (2^k − 1) delays before retry k",
            expected: Expected::Match(json!({"gaps_in_delays": [1, 3, 7], "run": "success"})),
            scenario: retries::exponential_gaps,
        },
        Row {
            id: "B2",
            behaviour: "other ready steps run while one waits for its retry",
            expected: Expected::Match(json!({"executed": ["flaky", "other", "flaky"]})),
            scenario: retries::others_run_meanwhile,
        },
        Row {
            id: "B3",
            behaviour: "a step process that is killed is noticed and retried",
            expected: Expected::Match(json!({"attempts": 2, "run": "success"})),
            scenario: retries::killed_step_is_retried,
        },
        Row {
            id: "B4",
            behaviour: "the process of an in-process run is killed",
            expected: Expected::Differ {
                dagster: json!({"after_kill": "started", "after_the_next_start": "started"}),
                ours: json!({"after_kill": "started", "after_the_next_start": "success"}),
                why: "the next executor sees that the owner is dead, closes its attempts and resumes the run",
            },
            scenario: crashes::killed_run,
        },
        Row {
            id: "B5",
            behaviour: "re-execution from failure runs only what is missing",
            expected: Expected::Match(json!({
                "executed_first": ["apart", "first", "middle"],
                "executed_then": ["middle", "last"],
                "run": "success",
            })),
            scenario: crashes::from_failure,
        },
        Row {
            id: "B6",
            behaviour: "a new code version makes that asset stale, what is downstream only after it ran",
            expected: Expected::Match(json!({
                "after_code_change": ["a"],
                "after_run_of_a": ["b"],
                "after_run_of_b": ["c"],
                "after_run_of_c": [],
            })),
            scenario: versions::code_version,
        },
        Row {
            id: "B7",
            behaviour: "a changed source is unseen until it is observed",
            expected: Expected::Match(json!({
                "after_first_run": [],
                "after_change": [],
                "after_observation": ["reader"],
                "after_second_run": [],
            })),
            scenario: versions::observed_source,
        },
        Row {
            id: "B8",
            behaviour: "an unchanged data version stops staleness there",
            expected: Expected::Match(json!({"after_code_change": ["a"], "after_run_of_a": []})),
            scenario: versions::unchanged_data_version,
        },
        Row {
            id: "B9",
            behaviour: "materializing a selection runs all of it, fresh or not",
            expected: Expected::Match(json!({"stale_before": [], "executed": ["a", "b", "c"]})),
            scenario: versions::whole_selection,
        },
        Row {
            id: "B10",
            behaviour: "a step process outlives its killed run and ends while its retry is at work",
            expected: Expected::Differ {
                dagster: json!({
                    "step_overlaps_its_retry": true,
                    "orphan_is_recorded_as_success": true,
                    "retry": "success",
                }),
                ours: json!({
                    "step_overlaps_its_retry": true,
                    "orphan_is_recorded_as_success": false,
                    "retry": "success",
                }),
                why: "only the executor writes to the catalog, and one of an older epoch is refused; what the \
                      orphan writes elsewhere is kept out only by a store that refuses older epochs",
            },
            scenario: crashes::orphan,
        },
    ]
}
