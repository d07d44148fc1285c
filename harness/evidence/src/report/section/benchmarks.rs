//! Benchmarks of parts, by criterion.

use crate::document::{Block, Table, Text, figure, path};
use crate::record::Interval;
use crate::results::Analysis;

/// A row a benchmark; nothing where none were taken in.
pub(in crate::report) fn blocks(analysis: &Analysis) -> Vec<Block> {
    let Some(taken_in) = &analysis.benchmarks else {
        return Vec::new();
    };
    let head = ["benchmark", "median, µs"];
    let mut table = Table::new("Benchmarks of parts, an iteration", &head);
    for (id, each) in &taken_in.benchmarks {
        let [median, low, high] = [each.median_ns, each.low_ns, each.high_ns].map(|ns| ns / 1e3);
        let level = each.level;
        let interval = Some(Interval { low, high, level });
        let median = figure::estimate_of(median, interval, path::benchmark(id));
        table.row([Text::from(id.as_str()), Text::from(median)]);
    }
    let heading = [
        Block::heading("Benchmarks of parts"),
        Block::paragraph(
            "By criterion, taken in after the run and not sealed with it: medians of iterations within one process, with bootstrap intervals. No claim rests on them.",
        ),
    ];
    heading.into_iter().chain(table.block()).collect()
}
