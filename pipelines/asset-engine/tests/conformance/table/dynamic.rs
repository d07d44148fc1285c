//! B39 to B41: partitions that come and go at run time.

use serde_json::json;

use super::Row;
use crate::dynamic;

pub fn rows() -> Vec<Row> {
    vec![
        Row::same(
            "B39",
            "keys of dynamic partitions come, one goes when it was made, and comes again",
            json!({
                "keys": ["plum", "apple"],
                "run_of_a_key": "success",
                "run_of_no_key": "refused",
                "keys_after_one_went": ["apple"],
                "keys_after_it_came_again": ["apple", "plum"],
                "missing_then": ["fruit@apple"],
            }),
            dynamic::coming_and_going,
        ),
        Row::same(
            "B40",
            "a rule on what is missing, and a key of dynamic partitions comes",
            json!({"at_first": [], "when_one_comes": ["fruit@plum"]}),
            dynamic::asked_for,
        ),
        Row::same(
            "B41",
            "a sensor adds a key to dynamic partitions and asks for a run of it, in two looks",
            json!({"runs": ["success"]}),
            dynamic::by_a_sensor,
        ),
    ]
}
