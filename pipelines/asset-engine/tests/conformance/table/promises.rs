//! B51 to B58: checks alone, what is promised of an asset and of a run's configuration, pieces by hours
//! and months, and tags of runs.

use serde_json::json;

use super::Row;
use crate::{checks, configs, fresh, looking, times};

pub fn rows() -> Vec<Row> {
    vec![
        Row::same(
            "B51",
            "a check that has failed is run alone, when what it looks at was put right elsewhere",
            json!({"executed": ["counts"], "passed": [true], "materializations": 1}),
            checks::alone,
        ),
        Row::same(
            "B52",
            "an asset is to be at most two hours old, with a warning after one",
            json!({
                "never_made": "unknown",
                "after_30_minutes": "pass",
                "after_90_minutes": "warn",
                "after_150_minutes": "fail",
            }),
            fresh::ages,
        ),
        Row::same(
            "B53",
            "an asset is to be made by nine each day, at most a day before",
            json!({"never_made": "unknown", "after_1_days": "pass", "after_3_days": "fail"}),
            fresh::deadlines,
        ),
        Row::same(
            "B54",
            "runs of a configuration with a word for a number, without it, and with it",
            json!({
                "a_word": "refused",
                "missing": "refused",
                "right": "success",
                "executed": ["made_3"],
                "runs": 1,
            }),
            configs::other_type,
        ),
        Row::same(
            "B55",
            "partitions of hours and months, up to two in the morning of 1 March 2024",
            json!({
                "hourly": [
                    "2024-02-29-22:00", "2024-02-29-23:00", "2024-03-01-00:00", "2024-03-01-01:00",
                ],
                "hourly_window": ["2024-02-29T23:00:00", "2024-03-01T00:00:00"],
                "monthly": ["2024-01-01", "2024-02-01"],
                "monthly_window": ["2024-02-01T00:00:00", "2024-03-01T00:00:00"],
            }),
            times::keys,
        ),
        Row::same(
            "B56",
            "days read their hours, one of which is made again",
            json!({"stale": ["2024-01-02"]}),
            times::day_of_hours,
        ),
        Row::same(
            "B57",
            "three runs with tags are looked for by one of them",
            json!({"of_team_a": 2, "all": 3}),
            looking::tags,
        ),
        Row::same(
            "B58",
            "days since 2024 and months since 2023, without an end, around the end of January 2024",
            json!({
                "day_before": "2024-01-30",
                "day_after": "2024-01-31",
                "month_before": "2023-12-01",
                "month_after": "2024-01-01",
            }),
            times::without_an_end,
        ),
    ]
}
