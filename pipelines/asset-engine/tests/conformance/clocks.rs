//! B30 and B31: what a cron line is due at where clocks change: New York, 2013.

use asset_engine::Cron;
use serde_json::{Map, Value};

use crate::Outcome;

const LINES: [&str; 5] = [
    "30 1 * * *",
    "30 2 * * *",
    "15 1-2 * * *",
    "*/30 1 * * *",
    "0 */2 * * *",
];

/// The times of each line in the eight hours around the change, in UTC.
fn around(day: &str) -> Outcome<Value> {
    let (after, until) = (format!("{day}T03:59:59Z"), format!("{day}T12:00:00Z"));
    let mut observed = Map::new();
    for line in LINES {
        let ticks = Cron::new(line, "America/New_York")?;
        let ticks = ticks.ticks(after.parse()?, until.parse()?);
        let times: Vec<String> = ticks
            .map(|at| at.strftime("%dT%H:%M").to_string())
            .collect();
        observed.insert(format!("`{line}`"), times.into());
    }
    Ok(observed.into())
}

/// B30. 02:00 is followed by 03:00.
pub fn forward() -> Outcome<Value> {
    around("2013-03-10")
}

/// B31. 02:00 is followed by 01:00.
pub fn back() -> Outcome<Value> {
    around("2013-11-03")
}
