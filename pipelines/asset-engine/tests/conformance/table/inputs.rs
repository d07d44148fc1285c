//! B21 to B24: what is read, and what is stale or missing for it.

use serde_json::json;

use super::Row;
use crate::inputs;

pub fn rows() -> Vec<Row> {
    vec![
        Row::differ(
            "B21",
            "a source is seen for the first time after its reader was made, then changed, then as before",
            [
                json!({"after_the_first_look": ["reader"], "seen_changed": ["reader"], "seen_as_before": []}),
                json!({"after_the_first_look": [], "seen_changed": ["reader"], "seen_as_before": []}),
            ],
            "as in B20, the first look is no change",
            inputs::first_look,
        ),
        Row::differ(
            "B22",
            "readers are made while one of three days is missing",
            [
                json!({"of_the_missing_day": "success", "of_another_day": "success", "of_all_days": "success"}),
                json!({"of_the_missing_day": "failure", "of_another_day": "success", "of_all_days": "failure"}),
            ],
            "a step is handed what it reads, and one that lacks a part of it fails before it runs and names \
             the part, where a total over some of the days looks like one over all; Dagster leaves that to \
             what loads the data. Who wants a total of what there is selects the days",
            inputs::missing_partition,
        ),
        Row::differ(
            "B23",
            "one of two days is wiped",
            [
                json!({"refused": true, "left": ["2024-01-01", "2024-01-02"]}),
                json!({"refused": false, "left": ["2024-01-02"]}),
            ],
            "Dagster's SQLite and PostgreSQL stores wipe whole assets only; here a piece is wiped by itself",
            inputs::wiped_partition,
        ),
        Row::same(
            "B24",
            "what is read is made again while its reader is at work",
            json!({"stale": ["reader"]}),
            inputs::made_again_meanwhile,
        ),
    ]
}
