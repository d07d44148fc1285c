//! `orchbench compare A B`: what changed from one run to another.

use std::path::{Path, PathBuf};

use crate::exit::Exit;
use crate::output;
use orchbench_evidence::analysis;
use orchbench_evidence::compare::{self, Comparison, Gate, Verdict};
use orchbench_evidence::record::ResultsFolder;
use orchbench_evidence::results::Analysis;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The results folder of the earlier run, or its exported file.
    a: PathBuf,
    /// That of the later one.
    b: PathBuf,
    /// End with exit code 11 on this.
    #[arg(long, value_name = "WHAT")]
    fail_on: Option<FailOn>,
    /// From which ratio on a change is one: the whole interval is beyond it, upwards or down.
    #[arg(long, value_name = "RATIO", default_value = "1.05", value_parser = ratio)]
    ratio: f64,
    /// A smaller difference is none: of metrics that end so, such as 0.1_ms; may be repeated.
    #[arg(long, value_name = "VALUE_UNIT", value_parser = floor)]
    floor: Vec<(String, f64)>,
    /// End with exit code 10 where anything could not be compared.
    #[arg(long)]
    strict: bool,
    /// Print Markdown, for a pull request.
    #[arg(long, group = "format")]
    markdown: bool,
    /// Print everything as JSON.
    #[arg(long, group = "format")]
    json: bool,
    /// Print what continuous-benchmark actions read as customSmallerIsBetter, of the later run.
    #[arg(long, group = "format")]
    smaller_is_better: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum FailOn {
    /// A metric that is worse.
    Regression,
}

fn ratio(text: &str) -> Result<f64, String> {
    let ratio: f64 = text.parse().map_err(|error| format!("{error}"))?;
    if ratio.is_finite() && ratio >= 1.0 {
        Ok(ratio)
    } else {
        Err("expected a ratio of at least 1".to_owned())
    }
}

fn floor(text: &str) -> Result<(String, f64), String> {
    let expected =
        || format!("expected a number and how the metric ends, such as 0.1_ms, found {text}");
    let at = text.find('_').ok_or_else(expected)?;
    let (value, unit) = text.split_at(at);
    let value: f64 = value.parse().map_err(|_| expected())?;
    if value.is_finite() && value >= 0.0 && unit.len() > 1 {
        Ok((unit.to_owned(), value))
    } else {
        Err(expected())
    }
}

pub(super) fn run(args: &Args) -> anyhow::Result<Exit> {
    let gate = Gate {
        margin: args.ratio - 1.0,
        floors: args.floor.clone(),
    };
    let comparison = compare::compare(&read(&args.a)?, &read(&args.b)?, &gate);
    print(args, &comparison)?;
    Ok(exit(args, &comparison))
}

/// Nothing is written: the derived files of the folder are not believed, and not touched.
fn read(dir: &Path) -> anyhow::Result<Analysis> {
    analysis::derive(&ResultsFolder::open(dir)?)
}

fn print(args: &Args, comparison: &Comparison) -> anyhow::Result<()> {
    if args.json {
        return output::json(comparison);
    }
    if args.smaller_is_better {
        return output::json(&compare::benchmark(comparison));
    }
    if args.markdown {
        output::line(compare::markdown(comparison).trim());
        return Ok(());
    }
    output::page(compare::text(comparison));
    Ok(())
}

fn exit(args: &Args, comparison: &Comparison) -> Exit {
    let lacking = args.strict && !comparison.not_comparable.is_empty();
    if comparison.changes.is_empty() || lacking {
        Exit::NotComparable
    } else if args.fail_on.is_some() && comparison.count(Verdict::Regression) > 0 {
        Exit::Regression
    } else {
        Exit::Done
    }
}
