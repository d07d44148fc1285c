//! Whether the models have made what the ETL's own publication makes of the same flights.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

const SUMS: &str = "flights, arrived, dep_delay_sum, arr_delay_sum";

/// The models, each with its rows as they are and as they should be, by what the ETL has made in the same
/// file. Rows that are there twice stand there twice.
fn pairs() -> [(&'static str, String, String); 4] {
    let of = |columns: &str, table: &str| format!("SELECT {columns} FROM {table}");
    let flown = "carrier, carrier_name, dep_delay, arr_delay";
    let carrier = format!("carrier, carrier_name, {SUMS}");
    let weather = format!("weather, {SUMS}");
    let overview = format!("weathers, {SUMS}");
    let totals = "count(*), sum(flights), sum(arrived), sum(dep_delay_sum), sum(arr_delay_sum)";
    [
        ("flown", of(flown, "flown"), of(flown, "flights")),
        (
            "mart_by_carrier",
            of(&carrier, "mart_by_carrier"),
            of(&carrier, "delay_by_carrier"),
        ),
        (
            "mart_by_weather",
            of(&weather, "mart_by_weather"),
            of(&weather, "delay_by_weather"),
        ),
        (
            "mart_overview",
            of(&overview, "mart_overview"),
            of(totals, "delay_by_weather"),
        ),
    ]
}

/// How many rows of each model are missing or too many in a warehouse, by the model's name; `None` for a
/// model that is not there.
///
/// # Errors
/// The file cannot be read, or has not the ETL's own marts.
pub fn rows_wrong(warehouse: &Path) -> Result<Vec<(&'static str, Option<u64>)>, rusqlite::Error> {
    let database = Connection::open_with_flags(warehouse, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    pairs()
        .into_iter()
        .map(|(model, found, expected)| {
            let mut there = database
                .prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?1")?;
            if !there.exists([model])? {
                return Ok((model, None));
            }
            let (found, expected) = (rows(&database, &found)?, rows(&database, &expected)?);
            Ok((model, Some(differing(found, expected))))
        })
        .collect()
}

/// The rows of a query as text, in order.
fn rows(database: &Connection, query: &str) -> Result<Vec<String>, rusqlite::Error> {
    let mut statement = database.prepare(query)?;
    let columns = statement.column_count();
    let mut rows = statement
        .query_map([], |row| {
            let values = (0..columns).map(|at| row.get::<_, rusqlite::types::Value>(at));
            let values: Vec<_> = values.collect::<Result<_, _>>()?;
            Ok(format!("{values:?}"))
        })?
        .collect::<Result<Vec<String>, _>>()?;
    rows.sort();
    Ok(rows)
}

/// How many of the one are not in the other, both ways.
fn differing(found: Vec<String>, expected: Vec<String>) -> u64 {
    let total = found.len() + expected.len();
    let mut left = expected;
    let alike = found
        .into_iter()
        .filter(|row| match left.binary_search(row) {
            Ok(place) => {
                left.remove(place);
                true
            }
            Err(_) => false,
        });
    let alike = alike.count();
    (total - 2 * alike) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_that_is_missing_too_many_or_another_counts() {
        let rows = |rows: &[&str]| rows.iter().map(|row| (*row).to_owned()).collect();
        for (found, expected, wrong) in [
            (&["a", "b", "b"][..], &["a", "b", "b"][..], 0),
            (&["a", "b"], &["a", "b", "b"], 1),
            (&["a", "b", "b"], &["a", "b"], 1),
            (&["a", "c"], &["a", "b"], 2),
            (&[], &["a"], 1),
        ] {
            assert_eq!(differing(rows(found), rows(expected)), wrong, "{found:?}");
        }
    }
}
