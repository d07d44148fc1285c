//! Assets on Temporal, how far they go: what a run of many partitions takes, what a piece costs beside a plain
//! workflow that commits and stores the same, how throughput grows with workers, and how long judging a
//! million pieces takes. A real Temporal server, a real PostgreSQL, workers as processes; the steps do nothing
//! but what is said.
//!
//! `cargo bench -p orchbench-bench --bench scale [-- PART…]`, the parts being `request`, `cost`, `workers` and
//! `catalog`. Prints a table each, and writes it between the markers in `docs/scale.md` when
//! `ORCHBENCH_WRITE_TABLE=1`. A bound of time that is not met is printed as such; one of histories fails. With `-- --quick`, and
//! under `cargo test`, all is small: it shows that it works, and its figures decide nothing.

mod catalog;
mod cost;
mod graph;
mod lab;
mod plain;
mod request;
mod worker;
mod workers;

use anyhow::Result;
use orchbench_bench::{is_quick, keep_table};
use orchbench_evidence::document::number;
use orchbench_evidence::stats::median;
use orchbench_lab::postgres::LocalPostgres;

use self::lab::Lab;

const MIB: f64 = 1_048_576.0;

/// A part, and the table that it makes in the lab.
type Part = (&'static str, fn(&Lab) -> Result<String>);

const PARTS: [Part; 4] = [
    ("request", request::measure),
    ("cost", cost::measure),
    ("workers", workers::measure),
    ("catalog", catalog::measure),
];

fn main() -> Result<()> {
    // This program starts its server through itself, as `orchbench` does.
    orchbench::cli::serve_if_child();
    if worker::serve_if_child()? || catalog::serve_if_child()? {
        return Ok(());
    }
    let words: Vec<String> = std::env::args().skip(1).collect();
    let named: Vec<&String> = words.iter().filter(|word| !word.starts_with('-')).collect();
    let is_part = |word: &&&String| PARTS.iter().any(|(name, _)| name == **word);
    if named.iter().find(is_part).is_none() && !named.is_empty() {
        // Meant for another of the programs that were given the same words.
        println!(
            "scale: not run: expected request, cost, workers or catalog, found {}",
            named[0]
        );
        return Ok(());
    }
    if !LocalPostgres::installed() {
        println!("scale: not run: PostgreSQL binaries not found");
        return Ok(());
    }
    let lab = Lab::start()?;
    for (name, measure) in PARTS {
        if !named.is_empty() && !named.iter().any(|word| *word == name) {
            continue;
        }
        let table = format!("{}\n\n{}", lab.measured_on(), measure(&lab)?);
        println!("\n{table}");
        match is_quick() {
            true => println!("Small: these figures decide nothing."),
            false => keep_table("docs/scale.md", name, &table)?,
        }
    }
    lab.stop()
}

/// Whether a bound holds, as the tables say it.
fn met(holds: bool) -> &'static str {
    if holds { "met" } else { "NOT MET" }
}

/// The median of some values, from the least to the most.
fn spread(values: &[f64]) -> String {
    let Some(middle) = median(values).map(number) else {
        return "–".to_owned();
    };
    if values.len() == 1 {
        return middle;
    }
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    format!("{middle} ({} to {})", number(least), number(most))
}
