//! Benchmarks, and how they write down what they measured. `cargo bench` runs them all, `cargo bench
//! --bench ratios` prints the ratios that the design promises, each from one run, in pairs.

mod worker;

use std::path::Path;

use anyhow::{Context, Result};

pub use worker::Worker;

/// The variable that has a benchmark write its table into the file that keeps it.
const WRITE: &str = "ORCHBENCH_WRITE_TABLE";

/// Puts a table into `file` (a path below the repository) between the lines `<!-- NAME -->` and
/// `<!-- /NAME -->`, when `ORCHBENCH_WRITE_TABLE` is set.
///
/// # Errors
/// When the file cannot be read or written, or lacks one of the two lines.
pub fn keep_table(file: &str, name: &str, table: &str) -> Result<()> {
    if std::env::var_os(WRITE).is_none() {
        return Ok(());
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file);
    let text = std::fs::read_to_string(&path).context(file.to_owned())?;
    let text = with_table(&text, name, table).context(file.to_owned())?;
    std::fs::write(&path, text).context(file.to_owned())
}

/// Whether it is to be short, so that it decides nothing: `cargo bench -- --quick`, and under `cargo test`, which
/// does not say `--bench`.
#[must_use]
pub fn is_quick() -> bool {
    let has = |flag: &str| std::env::args().any(|word| word == flag);
    has("--quick") || !has("--bench")
}

/// Two sides in turns, in mirrored order from pair to pair (A B, B A, …): the values of each pair.
///
/// # Errors
/// The first of a side's.
pub fn in_turns(
    pairs: usize,
    mut a: impl FnMut() -> Result<f64>,
    mut b: impl FnMut() -> Result<f64>,
) -> Result<Vec<(f64, f64)>> {
    (0..pairs)
        .map(|pair| {
            if pair % 2 == 0 {
                Ok((a()?, b()?))
            } else {
                let second = b()?;
                Ok((a()?, second))
            }
        })
        .collect()
}

fn with_table(text: &str, name: &str, table: &str) -> Result<String> {
    let (begin, end) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    let expected = |line: &str| format!("expected the line {}, found none", line.trim_end());
    let (head, rest) = text.split_once(&begin).with_context(|| expected(&begin))?;
    let (_, tail) = rest.split_once(&end).with_context(|| expected(&end))?;
    Ok(format!("{head}{begin}{table}\n{end}{tail}"))
}

#[cfg(test)]
mod tests {
    use super::with_table;

    #[test]
    fn a_table_takes_the_place_of_the_one_before() {
        let text = "before\n<!-- t -->\n| old |\n<!-- /t -->\nafter\n";
        assert_eq!(
            with_table(text, "t", "| new |").ok().as_deref(),
            Some("before\n<!-- t -->\n| new |\n<!-- /t -->\nafter\n")
        );
        let error = with_table(text, "other", "").map_err(|error| error.to_string());
        assert_eq!(
            error,
            Err("expected the line <!-- other -->, found none".to_owned())
        );
    }
}
