//! B66 to B75: what failed is asked for again, ends that are told, and what is refused or said.

use serde_json::json;

use super::Row;
use crate::{backfills, checks, conditions, configs, crashes, inputs, looking, times, versions};

pub fn rows() -> Vec<Row> {
    vec![
        Row::same(
            "B66",
            "a day of a backfill has failed and is mended, and what failed is asked for again",
            json!({"status": "success", "executed": ["daily", "total"]}),
            backfills::failed_again,
        ),
        Row::same(
            "B67",
            "a sensor of runs that succeed, between one before its first look, one that fails and one more",
            json!({"at_first": 0, "after_one_failed_and_one_succeeded": 1}),
            looking::successes,
        ),
        Row::same(
            "B68",
            "a run is cancelled while a step of it runs in a process of its own",
            json!({"run": "canceled", "step_goes_on": false, "materializations": 0}),
            crashes::cancelled_at_once,
        ),
        Row::same(
            "B69",
            "what a step works with is handed in, in a test something else",
            json!({"executed": ["orders_of_live", "orders_of_double"]}),
            configs::handed_in,
        ),
        Row::same(
            "B70",
            "pieces are read by a mapping of one's own, and one of them is made again",
            json!({"stale": ["10"]}),
            looking::own_mapping,
        ),
        Row::same(
            "B71",
            "all is to be kept fresh (`keep_fresh()`, on Dagster a condition of its parts)",
            json!({
                "asks_for": ["reader", "upstream"],
                "after_both_were_made": [],
                "after_the_first_was_made_again": ["reader"],
            }),
            conditions::kept_fresh,
        ),
        Row::differ(
            "B72",
            "what was never made is wiped, and an asset of days without naming one",
            [
                json!({"refused": {"never": false, "daily": false}, "days_left": 0}),
                json!({"refused": {"never": true, "daily": true}, "days_left": 2}),
            ],
            "who wipes what is not there has named something else than he meant; all days are wiped by naming them",
            inputs::wiped_nothing,
        ),
        Row::differ(
            "B73",
            "a failed blocking check is reported from outside, of no version, and the data is made anew",
            [
                json!({"reader_of_what_was_there": "runs", "reader_of_what_was_made_anew": "runs"}),
                json!({"reader_of_what_was_there": "is held back", "reader_of_what_was_made_anew": "runs"}),
            ],
            "as in B27; a result without a version is one of the data that was there when it came",
            checks::reported,
        ),
        Row::differ(
            "B74",
            "why a reader is stale whose input was renamed, was wiped, or has one day more of which the last is read",
            [
                json!({
                    "renamed": ["has a new dependency on after (after)", "removed dependency on before (before)"],
                    "wiped": ["has a new dependency materialization (before)"],
                    "moved": ["has a new dependency materialization (daily)"],
                }),
                json!({
                    "renamed": ["input after is new", "input before is no longer read"],
                    "wiped": ["input before read at data version 1 is not there any more"],
                    "moved": [
                        "input daily 2024-01-02 is no longer among the partitions that are read",
                        "input daily 2024-01-03 is new",
                    ],
                }),
            ],
            "a reason says what has become of the input, and of which piece",
            versions::reasons,
        ),
        Row::differ(
            "B75",
            "a product of two dimensions of equal keys is read by one of those keys, without saying of which",
            [json!({"EWR_reads": []}), json!({"EWR_reads": "refused"})],
            "either dimension could be meant; the error names them, where Dagster's reader is fresh whatever is made",
            times::equal_dimensions,
        ),
    ]
}
