//! B25 to B33: what is made again, wiped, held back or changed, by hand or by the clocks.

use serde_json::json;

use super::Row;
use crate::{checks, clocks, conditions, inputs, orders};

pub fn rows() -> Vec<Row> {
    vec![
        Row::differ(
            "B25",
            "an eager rule, and what is read is made again while its reader is at work",
            [json!({"asks_for": []}), json!({"asks_for": ["reader"]})],
            "a rule goes by the version that was read, and asks for what was made from an older one; Dagster's \
             finds that both were made since it last looked, and leaves the reader stale (B24)",
            conditions::made_again_meanwhile,
        ),
        Row::same(
            "B26",
            "what an eager rule had made is wiped",
            json!({"after_it_was_made": [], "after_it_was_wiped": ["whole"]}),
            conditions::wiped_piece,
        ),
        Row::differ(
            "B27",
            "a blocking check has failed, and its reader is run alone",
            [
                json!({"executed_first": ["checked"], "executed_then": ["reader"], "run": "success"}),
                json!({"executed_first": ["checked"], "executed_then": [], "run": "failure"}),
            ],
            "what a blocking check has found bad holds back what reads it in every run, and the failure names \
             the check; in Dagster it does so in its own run only. Who wants the reader made all the same lets \
             the check warn",
            checks::later_run,
        ),
        Row::same(
            "B28",
            "a blocking check that has failed is deleted from the code",
            json!({
                "stale_without_the_check": ["reader"],
                "executed": ["checked", "reader"],
                "stale_afterwards": [],
            }),
            checks::deleted_check,
        ),
        Row::same(
            "B29",
            "a schedule of ten o'clock has run and is changed to eight o'clock at noon",
            json!({"at_ten": 1, "at_noon": 0, "next_day": 1}),
            orders::changed_cron,
        ),
        Row::differ(
            "B30",
            "cron lines in New York, on the day on which 02:00 is followed by 03:00 (07:00 UTC)",
            [
                json!({
                    "`30 1 * * *`": ["10T06:30"],
                    "`30 2 * * *`": ["10T07:00"],
                    "`15 1-2 * * *`": ["10T06:15", "10T07:00"],
                    "`*/30 1 * * *`": ["10T06:00", "10T06:30"],
                    "`0 */2 * * *`": ["10T05:00", "10T07:00", "10T08:00", "10T10:00", "10T12:00"],
                }),
                json!({
                    "`30 1 * * *`": ["10T06:30"],
                    "`30 2 * * *`": ["10T07:00"],
                    "`15 1-2 * * *`": ["10T06:15", "10T07:00"],
                    "`*/30 1 * * *`": ["10T06:00", "10T06:30"],
                    "`0 */2 * * *`": ["10T05:00", "10T08:00", "10T10:00", "10T12:00"],
                }),
            ],
            "as in Vixie cron, a line whose minute or hour begins with a star follows the clock on the wall, \
             and is not due at a time that does not come",
            clocks::forward,
        ),
        Row::differ(
            "B31",
            "cron lines in New York, on the day on which 02:00 is followed by 01:00 (06:00 UTC)",
            [
                json!({
                    "`30 1 * * *`": ["03T06:30"],
                    "`30 2 * * *`": ["03T07:30"],
                    "`15 1-2 * * *`": ["03T06:15", "03T07:15"],
                    "`*/30 1 * * *`": ["03T06:00", "03T06:30"],
                    "`0 */2 * * *`": ["03T04:00", "03T07:00", "03T09:00", "03T11:00"],
                }),
                json!({
                    "`30 1 * * *`": ["03T05:30"],
                    "`30 2 * * *`": ["03T07:30"],
                    "`15 1-2 * * *`": ["03T05:15", "03T07:15"],
                    "`*/30 1 * * *`": ["03T05:00", "03T05:30", "03T06:00", "03T06:30"],
                    "`0 */2 * * *`": ["03T04:00", "03T07:00", "03T09:00", "03T11:00"],
                }),
            ],
            "as in Vixie cron, a fixed time that comes twice is due when it first comes, where Dagster takes \
             the second, and a line that begins with a star at both",
            clocks::back,
        ),
        Row::same(
            "B32",
            "a piece that reads its day and the one before is made of the first day",
            json!({"of_the_first_day": "success", "of_the_second": "success"}),
            inputs::window_beyond_the_first_day,
        ),
        Row::differ(
            "B33",
            "a day is added, and a reader of the last day is made before and after the new day is",
            [
                json!({"of_the_last_day": "success", "of_a_day_to_come": "success", "of_the_new_day": "success"}),
                json!({"of_the_last_day": "success", "of_a_day_to_come": "failure", "of_the_new_day": "success"}),
            ],
            "as in B22, a step is handed what it reads: made of a day that is not there, a report would look like \
             one of the newest day. The failure names the day; a rule waits for it, and what was made of the \
             day before stays",
            inputs::last_day_added,
        ),
    ]
}
