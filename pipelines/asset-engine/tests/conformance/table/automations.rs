//! B11 to B20: what is asked for by sensors, schedules, backfills and rules.

use serde_json::json;

use super::Row;
use crate::{backfills, conditions, orders};

pub fn rows() -> Vec<Row> {
    vec![
        Row::same(
            "B11",
            "a sensor asks again for a run key whose run failed",
            json!({"runs": ["failure"], "executed": ["failing"]}),
            orders::failed_key,
        ),
        Row::same(
            "B12",
            "a sensor asks twice for one run key in one look",
            json!({"runs": ["success"]}),
            orders::equal_keys,
        ),
        Row::same(
            "B13",
            "a look of a sensor that fails moves no cursor",
            json!({"runs": ["item-0", "item-1"]}),
            orders::failing_look,
        ),
        Row::differ(
            "B14",
            "a schedule of the day before has missed eight of its times",
            [
                json!({"executed": ["2024-01-09"]}),
                json!({"executed": ["2024-01-05", "2024-01-06", "2024-01-07", "2024-01-08", "2024-01-09"]}),
            ],
            "each time is for a day of its own, so the newest five are made good unless another number is \
             said, and the tick says how many are not; Dagster does so for jobs of ops, and for assets makes \
             the newest only",
            orders::missed_times,
        ),
        Row::same(
            "B15",
            "a backfill of three days makes what has no partitions once",
            json!({"status": "success", "times": {"daily": 3, "lookup": 1, "total": 1}}),
            backfills::unpartitioned_once,
        ),
        Row::same(
            "B16",
            "one day of a backfill fails",
            json!({"status": "failure", "times": {"daily": 3, "lookup": 1}}),
            backfills::failed_partition,
        ),
        Row::same(
            "B17",
            "a backfill is cancelled when its days are made",
            json!({"status": "canceled", "times": {"daily": 3, "lookup": 1}}),
            backfills::canceled,
        ),
        Row::same(
            "B18",
            "rules are evaluated for the first time, and nothing was ever made",
            json!({
                "eager_asks_for": [],
                "eager_asks_again_for": [],
                "on_missing_asks_for": [],
                "on_missing_asks_again_for": [],
            }),
            conditions::first_evaluation,
        ),
        Row::same(
            "B19",
            "what an eager rule asked for has failed",
            json!({
                "asks_for": ["reader"],
                "after_it_failed": [],
                "after_its_input_was_made_again": ["reader"],
            }),
            conditions::failed_request,
        ),
        Row::differ(
            "B20",
            "an eager rule, and a source that is seen for the first time after its reader was made",
            [
                json!({
                    "before": [],
                    "after_the_first_look": ["reader"],
                    "after_an_equal_look": [],
                    "after_another_version": ["reader"],
                }),
                json!({
                    "before": [],
                    "after_the_first_look": [],
                    "after_an_equal_look": [],
                    "after_another_version": ["reader"],
                }),
            ],
            "nothing says that a source has changed between the making of its reader and the first look at \
             it, and every reader of every source would be made again; the price is that a change in that \
             time is not seen",
            conditions::first_observation,
        ),
    ]
}
