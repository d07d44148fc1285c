//! B42 to B44: assets that read earlier partitions of their own.

use serde_json::json;

use super::Row;
use crate::own_past;

pub fn rows() -> Vec<Row> {
    vec![
        Row::same(
            "B42",
            "a backfill of three days, each of which reads the day before of its own asset",
            json!({
                "status": "success",
                "executed": ["2024-01-01", "2024-01-02", "2024-01-03"],
            }),
            own_past::backfill,
        ),
        Row::same(
            "B43",
            "the second day of such a backfill fails",
            json!({"status": "failure", "executed": ["2024-01-01", "2024-01-02"]}),
            own_past::failing_backfill,
        ),
        Row::differ(
            "B44",
            "a day that reads the day before of its own asset is made before that was",
            [
                json!({"of_the_first_day": "success", "of_the_third": "success"}),
                json!({"of_the_first_day": "success", "of_the_third": "failure"}),
            ],
            "as in B22, a step is handed what it reads, and one that lacks it fails and names it; before the \
             first day there is none, and none is missed",
            own_past::day_without_the_one_before,
        ),
    ]
}
