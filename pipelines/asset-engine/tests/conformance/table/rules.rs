//! B34 to B38: what rules ask for under Dagster's names, and under ours.

use serde_json::json;

use super::Row;
use crate::conditions;

pub fn rows() -> Vec<Row> {
    vec![
        Row::differ(
            "B34",
            "nothing was ever made, and a rule asks for whatever is missing (`missing()`, `fill_missing`)",
            [
                json!({
                    "asks_for": ["daily@2024-01-01", "daily@2024-01-02", "daily@2024-01-03", "whole"],
                    "asks_again_for": ["daily@2024-01-01", "daily@2024-01-02", "daily@2024-01-03", "whole"],
                }),
                json!({
                    "asks_for": ["daily@2024-01-01", "daily@2024-01-02", "daily@2024-01-03", "whole"],
                    "asks_again_for": [],
                }),
            ],
            "`fill_missing` is no name of Dagster's; what it has asked for it does not ask for again until it \
             was made or wiped, as what always fails would be run at every tick",
            conditions::all_that_is_missing,
        ),
        Row::same(
            "B35",
            "an eager rule, and what is read is made for three days",
            json!({"asks_for": ["reader@2024-01-03"]}),
            conditions::latest_day,
        ),
        Row::same(
            "B36",
            "a day is over that was not when rules were evaluated for the first time",
            json!({
                "eager_asks_for": ["daily@2024-01-04"],
                "on_missing_asks_for": ["daily@2024-01-04"],
                "on_cron_asks_for": ["daily@2024-01-04"],
            }),
            conditions::another_day,
        ),
        Row::same(
            "B37",
            "a rule on what is missing, and a key is added before its input is made",
            json!({"when_it_is_added": [], "when_its_input_is_made": ["reader@b"]}),
            conditions::added_key,
        ),
        Row::same(
            "B38",
            "an eager rule, and what is read was made again before its first evaluation, and then once more",
            json!({"at_first": [], "made_once_more": ["reader"]}),
            conditions::outdated_before,
        ),
    ]
}
