//! What was measured of `orchbench compare` itself, `bench/repeat/measured.json`: its page shows it, and a
//! change is said where none is in one pair of twenty at most.
//!
//! ORCHBENCH_WRITE_README=1 writes the page's table anew.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../bench/repeat");
const BEGIN: &str = "<!-- repeat:begin -->\n";
const END: &str = "<!-- repeat:end -->\n";

fn measured() -> Result<Value> {
    let text = fs::read_to_string(Path::new(FOLDER).join("measured.json"))?;
    Ok(serde_json::from_str(&text)?)
}

fn count(measured: &Value, of: &str, what: &str) -> Result<u64> {
    let count = measured[of][what].as_u64();
    count.with_context(|| format!("{of}/{what}: no number"))
}

#[test]
fn a_change_is_seldom_said_where_none_is() -> Result<()> {
    let measured = measured()?;
    ensure!(measured["runs"].as_u64() >= Some(21), "{measured}");
    ensure!(count(&measured, "itself", "with_a_change")? == 0);
    let (pairs, alarms) = (
        count(&measured, "pairs", "compared")?,
        count(&measured, "pairs", "with_a_change")?,
    );
    ensure!(pairs >= 210 && alarms * 20 <= pairs, "{alarms} of {pairs}");
    // What was slowed is never called faster.
    let changes = count(&measured, "slowed", "with_a_change")?;
    ensure!(changes > 0 && count(&measured, "slowed", "with_a_regression")? == changes);
    Ok(())
}

#[test]
fn its_page_shows_what_was_measured() -> Result<()> {
    let measured = measured()?;
    let mut table =
        "| compared | pairs | with any change | with a regression |\n|---|---|---|---|\n"
            .to_owned();
    for (of, words) in [
        ("itself", "a run with itself"),
        ("pairs", "two runs of the same"),
        ("slowed", "a run with one that was halted"),
    ] {
        let [pairs, changes, regressions] = ["compared", "with_a_change", "with_a_regression"]
            .map(|what| count(&measured, of, what));
        table += &format!(
            "| {words} | {} | {} | {} |\n",
            pairs?, changes?, regressions?
        );
    }
    let slower = measured["slower"].as_f64().context("slower")?;
    let seen = count(&measured, "slowed", "with_a_regression")?;
    let missed = count(&measured, "slowed", "compared")? - seen;
    table += &format!(
        "\nThe runs of Temporal that were halted took {slower:.2} times as long as the others. Each pair with one of them was to be \
         called a regression; {missed} were not.\n"
    );
    let path = Path::new(FOLDER).join("README.md");
    let page = fs::read_to_string(&path)?;
    let (before, rest) = page.split_once(BEGIN).context("no begin")?;
    let (_, after) = rest.split_once(END).context("no end")?;
    let shown = format!("{before}{BEGIN}{table}{END}{after}");
    if std::env::var_os("ORCHBENCH_WRITE_README").is_some() {
        fs::write(&path, shown)?;
    } else {
        ensure!(page == shown, "the page shows something else: {shown}");
    }
    Ok(())
}
