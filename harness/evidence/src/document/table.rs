//! Tables of estimates: a row a condition, a column a metric.

use std::collections::BTreeMap;

use super::{Block, Table};
use crate::document::number;
use crate::record::{Estimate, Measurement};
use crate::stats::{LEVEL, samples_needed};

/// A column: the metric and its heading, unit included.
pub type Column<'a> = (&'a str, &'a str);

/// The rows' keys: scenario, condition, engine, settings.
type RowKey<'a> = (String, String, &'a str, &'a str);

/// Every condition of an experiment that has one of the metrics, estimates as
/// `value [low, high]`. Nothing when there are none.
pub fn estimates(
    measurements: &[Measurement],
    experiment: &str,
    caption: &str,
    columns: &[Column<'_>],
) -> Option<Block> {
    let mut rows: BTreeMap<RowKey<'_>, BTreeMap<&str, &Measurement>> = BTreeMap::new();
    for each in measurements {
        if each.experiment == experiment && columns.iter().any(|(metric, _)| *metric == each.metric)
        {
            let (scenario, condition) = condition(&each.factors);
            let key = (
                scenario,
                condition,
                each.engine.as_str(),
                each.settings.as_str(),
            );
            rows.entry(key).or_default().insert(&each.metric, each);
        }
    }
    let mut head = vec!["scenario", "condition", "engine", "settings"];
    head.extend(columns.iter().map(|(_, heading)| *heading));
    head.push("n");
    let mut table = Table::new(caption, &head);
    for ((scenario, condition, engine, settings), metrics) in rows {
        let mut cells = vec![scenario, condition, engine.to_owned(), settings.to_owned()];
        cells.extend(columns.iter().map(|(metric, _)| {
            metrics
                .get(metric)
                .map_or_else(|| "–".to_owned(), |each| cell(metric, &each.estimate))
        }));
        let widest = metrics
            .values()
            .map(|each| &each.estimate)
            .max_by_key(|each| each.samples);
        cells.push(widest.map_or_else(String::new, |each| {
            let trials = each.trials;
            let s = if trials == 1 { "" } else { "s" };
            if each.samples == trials {
                format!("{trials} trial{s}")
            } else {
                format!("{trials} trial{s}, {} samples", each.samples)
            }
        }));
        table.rows.push(cells);
    }
    table.block()
}

/// Scenario, and the other factors as `name=value` words.
pub fn condition(factors: &BTreeMap<String, String>) -> (String, String) {
    let words: Vec<String> = factors
        .iter()
        .filter(|(name, _)| *name != "scenario" && *name != "load")
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    (
        factors.get("scenario").cloned().unwrap_or_default(),
        words.join(" "),
    )
}

/// `4.1 [3.9, 4.4]`, or why there is no interval.
fn cell(metric: &str, estimate: &Estimate) -> String {
    let value = number(estimate.value);
    if let Some(interval) = estimate.interval {
        return format!(
            "{value} [{}, {}]",
            number(interval.low),
            number(interval.high)
        );
    }
    let percentile = [("_p50_", 0.5), ("_p95_", 0.95), ("_p99_", 0.99)];
    match percentile.iter().find(|(part, _)| metric.contains(part)) {
        Some((_, p)) => format!(
            "{value} (insufficient n: {} of {})",
            estimate.samples,
            samples_needed(*p, LEVEL)
        ),
        None => format!("{value} (no interval)"),
    }
}
