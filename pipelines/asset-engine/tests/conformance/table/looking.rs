//! B45 to B50: being told of failures, choosing assets, looking at their past, and rules beside a
//! backfill.

use serde_json::json;

use super::Row;
use crate::{conditions, looking};

pub fn rows() -> Vec<Row> {
    vec![
        Row::same(
            "B45",
            "a sensor of failed runs, between a failure before its first look and one after it",
            json!({"at_first": 0, "after_one_failed": 1, "looking_again": 1}),
            looking::failures,
        ),
        Row::differ(
            "B46",
            "assets are selected by owner and kind",
            [
                json!({
                    "`owner:\"team:raw\"`": ["a", "b"],
                    "`kind:\"csv\"`": ["b"],
                    "`kind:<null>`": ["a", "c"],
                    "`owner:<null>`": [],
                }),
                json!({
                    "`owner:\"team:raw\"`": ["a", "b"],
                    "`kind:\"csv\"`": ["b"],
                    "`kind:<null>`": ["a", "c"],
                    "`owner:<null>`": ["c"],
                }),
            ],
            "what nobody owns is what Dagster's interface means by it, where its library finds nothing",
            looking::selections,
        ),
        Row::same(
            "B47",
            "an asset is made three times, another is wiped",
            json!({"assets": ["made"], "rows_over_time": [1, 2, 3]}),
            looking::past,
        ),
        Row::same(
            "B48",
            "what an eager rule would ask for is still to be made by a backfill",
            json!({"asks_for": []}),
            conditions::left_to_a_backfill,
        ),
        Row::same(
            "B49",
            "a step asks for the time of its day",
            json!({"from": "2024-02-29", "to": "2024-03-01"}),
            looking::window,
        ),
        Row::same(
            "B50",
            "what reads airports by area is made of the airports of its area, after one of them changed",
            json!({"stale": ["north"]}),
            looking::listed_keys,
        ),
    ]
}
