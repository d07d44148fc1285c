//! What this engine and real Dagster do, each behaviour held to its row of the table.
//!
//! Both sides run the same scenarios and report facts in the same words; the table says whether
//! they match or differ, and in what. `CONFORMANCE.md` is what a run generates; it is compared, and
//! written instead with `UPDATE_CONFORMANCE=1`. Dagster is taken from the Python that
//! `ORCHBENCH_PYTHON` names, else from orchbench's own environment in the cache.

mod backfills;
mod checks;
mod clocks;
mod conditions;
mod configs;
mod crashes;
mod dagster;
mod document;
mod dynamic;
mod fresh;
mod inputs;
mod limits;
mod looking;
mod orders;
mod outputs;
mod own_past;
mod retries;
mod scenario;
mod table;
mod times;
mod versions;

use std::error::Error;

use serde_json::Value;
use table::Row;

pub(crate) type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if words.first().is_some_and(|word| word == crashes::EXECUTOR) {
        return crashes::execute(&words[1..]);
    }
    // As in any other test binary, a word that is no flag filters by name.
    let wanted = |word: &String| word.starts_with('-') || "conformance".contains(word.as_str());
    if !words.iter().all(wanted) {
        return Ok(());
    }
    let dagster = dagster::start()?;
    let ours = ours()?;
    let theirs = match dagster {
        Ok(dagster) => Some(dagster.observations()?),
        Err(why) => {
            println!("not run on real Dagster, nor compared with CONFORMANCE.md: {why}");
            None
        }
    };
    let broken = broken(&ours, theirs.as_ref());
    if !broken.is_empty() {
        return Err(format!("conformance: {}", broken.join("\n")).into());
    }
    println!(
        "{} behaviours of this engine are as the table says",
        ours.len()
    );
    if let Some(theirs) = &theirs {
        println!(
            "{} behaviours of Dagster {} are as the table says",
            theirs.rows.len(),
            theirs.version
        );
        document::compare(&ours, theirs)?;
    }
    Ok(())
}

/// What this engine did, row by row.
fn ours() -> Outcome<Vec<Value>> {
    table::rows()
        .iter()
        .map(|row| (row.scenario)().map_err(|error| format!("{}: {error}", row.id).into()))
        .collect()
}

/// The rows that are not as the table says, with what was expected and found.
fn broken(ours: &[Value], theirs: Option<&dagster::Observations>) -> Vec<String> {
    let mut broken = Vec::new();
    let mut hold = |row: &Row, side: &str, expected: &Value, found: &Value| {
        if expected != found {
            broken.push(format!(
                "{} ({}): {side}: expected {expected}, found {found}",
                row.id, row.behaviour
            ));
        }
    };
    for (at, row) in table::rows().iter().enumerate() {
        hold(row, "this engine", row.expected.ours(), &ours[at]);
        if let Some(theirs) = theirs {
            hold(row, "Dagster", row.expected.dagster(), &theirs.rows[at]);
        }
    }
    broken
}
