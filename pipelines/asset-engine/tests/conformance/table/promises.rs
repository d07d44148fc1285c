//! B51 to B54: checks alone, what is promised of an asset, and of a run's configuration.

use serde_json::json;

use super::Row;
use crate::{checks, configs, fresh};

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
    ]
}
