//! A comparison in words: for a terminal, for a pull request, for actions that follow benchmarks.

use serde::Serialize;

use super::{Better, Comparison, Row, Run, Verdict};
use crate::document::{Block, Table, markdown as pages, number, path, plural};

/// One row of what continuous-benchmark actions read as `customSmallerIsBetter`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Benchmark {
    /// The measurement's id.
    pub name: String,
    /// The metric, which ends in its unit.
    pub unit: String,
    /// The later run's estimate.
    pub value: f64,
    /// The ratio to the earlier run, with its interval.
    pub extra: String,
}

/// Lines before a table, the table with its head, and lines after it.
pub fn text(comparison: &Comparison) -> (Vec<String>, Vec<Vec<String>>, Vec<String>) {
    let mut table = vec![HEAD.map(str::to_owned).to_vec()];
    table.extend(comparison.changes.iter().map(cells));
    if comparison.changes.is_empty() {
        table.clear();
    }
    (before(comparison), table, after(comparison))
}

/// The same as Markdown, for a comment on a pull request.
pub fn markdown(comparison: &Comparison) -> String {
    let mut table = Table::new(summary(comparison), &HEAD);
    for row in &comparison.changes {
        table.row(cells(row));
    }
    let lists = [before(comparison), after(comparison)].map(Block::list);
    let [first, last] = lists;
    let blocks: Vec<Block> = [Some(first), table.block(), Some(last)]
        .into_iter()
        .flatten()
        .collect();
    pages::blocks(&blocks, "")
}

/// The metrics of which less is better, of the later run.
pub fn benchmark(comparison: &Comparison) -> Vec<Benchmark> {
    let rows = comparison.changes.iter();
    rows.filter(|row| row.better == Some(Better::Smaller))
        .map(|row| Benchmark {
            name: row.id.clone(),
            unit: row.metric.clone(),
            value: row.b,
            extra: format!("{} of the earlier run, {}", ratio(row), word(row.verdict)),
        })
        .collect()
}

const HEAD: [&str; 7] = ["metric", "of", "A", "B", "B / A", "", "n"];

fn cells(row: &Row) -> Vec<String> {
    vec![
        row.metric.clone(),
        path::label(&row.engine, &row.settings, &row.factors),
        number(row.a),
        number(row.b),
        ratio(row),
        word(row.verdict).to_owned(),
        format!("{}+{}", row.n[0], row.n[1]),
    ]
}

/// `1.21 [1.15, 1.28]`; `–` where a value is not positive.
fn ratio(row: &Row) -> String {
    match (row.ratio, row.interval) {
        (None, _) => "–".to_owned(),
        (Some(value), None) => format!("{} (too few blocks)", number(value)),
        (Some(value), Some(at)) => format!(
            "{} [{}, {}]",
            number(value),
            number(at.low),
            number(at.high)
        ),
    }
}

/// `~` where these runs cannot tell.
fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Regression => "regression",
        Verdict::Improvement => "improvement",
        Verdict::Changed => "changed",
        Verdict::Same => "same",
        Verdict::Undecided => "~",
    }
}

/// What the reader must know before the figures.
fn before(comparison: &Comparison) -> Vec<String> {
    let mut lines = vec![run("A", &comparison.a), run("B", &comparison.b)];
    if comparison.same_run {
        lines.push("A and B are the same run, by the digest of its raw files.".to_owned());
    }
    lines.extend(comparison.slower.map(|slower| {
        format!(
            "Work of a fixed size took {} times as long in B: intervals reach from as measured to at equal speed of the machine.",
            number(slower)
        )
    }));
    lines.extend(comparison.environment.iter().map(|each| {
        let shown = |text: &str| match text {
            "" => "nothing".to_owned(),
            text => text.to_owned(),
        };
        format!(
            "differs: {}: {}; {}",
            each.field,
            shown(&each.a),
            shown(&each.b)
        )
    }));
    lines
}

fn run(name: &str, run: &Run) -> String {
    format!(
        "{name}: {}, commit {}, load {}, {} that count, {}",
        run.started_at,
        run.commit.as_deref().unwrap_or("unknown"),
        number(run.load_1m),
        plural(run.trials, "trial"),
        run.conclusion
    )
}

/// What was not compared, a line a reason, and the summary.
fn after(comparison: &Comparison) -> Vec<String> {
    let mut reasons: Vec<(&str, Vec<&str>)> = Vec::new();
    for each in &comparison.not_comparable {
        match reasons
            .iter_mut()
            .find(|(reason, _)| *reason == each.reason)
        {
            Some((_, ids)) => ids.push(&each.id),
            None => reasons.push((&each.reason, vec![&each.id])),
        }
    }
    let mut lines: Vec<String> = reasons
        .into_iter()
        .map(|(reason, ids)| {
            let measurements = plural(ids.len(), "measurement");
            format!("not comparable: {measurements}: {reason} ({} …)", ids[0])
        })
        .collect();
    lines.push(summary(comparison));
    lines
}

fn summary(comparison: &Comparison) -> String {
    if comparison.changes.is_empty() {
        return "Nothing can be compared.".to_owned();
    }
    let decided = [
        (Verdict::Regression, "regression"),
        (Verdict::Improvement, "improvement"),
        (Verdict::Changed, "other change"),
    ];
    let decided: Vec<String> = decided
        .into_iter()
        .filter_map(|(verdict, noun)| match comparison.count(verdict) {
            0 => None,
            count => Some(plural(count, noun)),
        })
        .collect();
    let decided = match decided.as_slice() {
        [] => "Nothing changed that these runs can tell".to_owned(),
        some => some.join(", "),
    };
    format!(
        "{decided}; {} the same, {} undecided (~), {} not comparable.",
        comparison.count(Verdict::Same),
        comparison.count(Verdict::Undecided),
        comparison.not_comparable.len()
    )
}
