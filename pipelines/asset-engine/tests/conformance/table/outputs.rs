//! B59 to B65: partitions by a cron line, steps that make several pieces in one attempt, limits, and
//! checks of one partition.

use serde_json::json;

use super::Row;
use crate::{checks, limits, outputs, times};

pub fn rows() -> Vec<Row> {
    vec![
        Row::same(
            "B59",
            "partitions from one time of `0 9,17 * * 1-5` to the next",
            json!({
                "keys": ["2024-02-29-17:00", "2024-03-01-09:00", "2024-03-01-17:00"],
                "window": ["2024-03-01T17:00:00", "2024-03-04T09:00:00"],
                "latest_on_sunday": "2024-03-01-09:00",
                "latest_on_monday": "2024-03-01-17:00",
            }),
            times::by_cron,
        ),
        Row::same(
            "B60",
            "one of two assets of a step that can make either is asked for, then the other, then both",
            json!({
                "of_one": {"made": ["first"], "executions": 1},
                "of_the_other": {"made": ["second"], "executions": 1},
                "of_both": {"made": ["first", "second"], "executions": 1},
            }),
            outputs::subset,
        ),
        Row::same(
            "B61",
            "a step leaves out one of its assets that it may, and something reads it",
            json!({"run": "success", "made": ["first"], "skipped": ["reader"]}),
            outputs::left_out,
        ),
        Row::same(
            "B62",
            "the code of one of two assets of such a step changes",
            json!({"stale": ["first"]}),
            outputs::stale_subset,
        ),
        Row::same(
            "B63",
            "a backfill of three days of an asset that makes a range of days in one step",
            json!({
                "status": "success",
                "runs": 1,
                "executed": ["2024-01-01", "2024-01-02", "2024-01-03", "end"],
                "materialized": 3,
            }),
            outputs::range,
        ),
        Row::same(
            "B64",
            "of steps with a tag one may run at once, and one without it meanwhile",
            json!({"run": "success", "executed": ["begin", "end", "begin", "end"]}),
            limits::one_at_once,
        ),
        Row::same(
            "B65",
            "the check of one of two days is run alone",
            json!({
                "executed": ["2024-01-02"],
                "checked": ["2024-01-02"],
                "passed": [true],
            }),
            checks::alone_of_one_day,
        ),
    ]
}
