//! Tables of estimates: a row a condition, a column a metric.

use std::collections::BTreeMap;

use super::{Block, Table, Text, figure, path, text};
use crate::record::Measurement;

/// A column of a table: a metric, its heading with the unit, and how its samples are printed.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    metric: &'static str,
    heading: &'static str,
    print: Print,
}

/// What of a metric's samples is printed.
#[derive(Debug, Clone, Copy)]
enum Print {
    Estimate,
    /// Of samples that are 1 or 0, the share of those that are 1.
    Share,
    /// Of samples that are counts.
    Sum,
    /// Of samples that are all the same, in which there is no chance.
    Value,
}

impl Column {
    /// The estimate of a metric.
    pub const fn estimate(metric: &'static str, heading: &'static str) -> Self {
        Self::of(metric, heading, Print::Estimate)
    }

    /// The share of the samples that are 1, of a metric whose samples are 1 or 0.
    pub const fn share(metric: &'static str, heading: &'static str) -> Self {
        Self::of(metric, heading, Print::Share)
    }

    /// The sum of the samples, which are counts.
    pub const fn sum(metric: &'static str, heading: &'static str) -> Self {
        Self::of(metric, heading, Print::Sum)
    }

    /// The value of the samples, in which there is no chance: an estimate without an interval.
    pub const fn value(metric: &'static str, heading: &'static str) -> Self {
        Self::of(metric, heading, Print::Value)
    }

    const fn of(metric: &'static str, heading: &'static str, print: Print) -> Self {
        Self {
            metric,
            heading,
            print,
        }
    }

    fn cell(&self, each: &Measurement) -> Text {
        let values = each.trials.iter().flat_map(|trial| &trial.values);
        Text::from(match self.print {
            Print::Estimate => figure::estimate(each),
            Print::Share => {
                let ones = values.clone().filter(|value| **value > 0.0).count();
                let place = path::statistic(each, "share");
                figure::share(ones, values.count(), place)
            }
            Print::Sum => {
                let sum: f64 = values.sum();
                figure::count(sum as usize, path::statistic(each, "sum"))
            }
            Print::Value => figure::value(each.estimate.value, path::measurement(each)),
        })
    }
}

/// Every condition of an experiment that has one of the metrics, led by its [`path::label`],
/// with estimates as [`figure::estimate`]. Nothing when there are none.
pub fn estimates<'a>(
    measurements: impl IntoIterator<Item = &'a Measurement>,
    experiment: &str,
    caption: impl Into<Text>,
    columns: &[Column],
) -> Option<Block> {
    let mut rows: BTreeMap<_, BTreeMap<&str, &Measurement>> = BTreeMap::new();
    for each in measurements {
        if each.experiment == experiment
            && columns.iter().any(|column| column.metric == each.metric)
        {
            let factor = |name: &str| each.factors.get(name).map(String::as_str);
            // Scenarios stand apart, conditions together, engines side by side.
            let key = (
                factor("scenario"),
                &each.factors,
                each.engine.as_str(),
                each.settings.as_str(),
            );
            rows.entry(key).or_default().insert(&each.metric, each);
        }
    }
    let mut head = vec!["condition"];
    head.extend(columns.iter().map(|column| column.heading));
    head.push("n");
    let mut table = Table::new(caption, &head);
    for ((_, factors, engine, settings), metrics) in rows {
        let mut cells = vec![Text::from(path::label(engine, settings, factors))];
        cells.extend(columns.iter().map(|column| {
            metrics
                .get(column.metric)
                .map_or_else(|| Text::from("–"), |each| column.cell(each))
        }));
        let widest = metrics.values().max_by_key(|each| each.estimate.samples);
        cells.push(widest.map_or_else(Text::default, |each| n(each)));
        table.rows.push(cells);
    }
    table.block()
}

/// `3 trials`, or `3 trials, 120 samples`.
fn n(each: &Measurement) -> Text {
    let (trials, samples) = (each.estimate.trials, each.estimate.samples);
    let noun = if trials == 1 { " trial" } else { " trials" };
    let text = text![figure::count(trials, path::statistic(each, "n")), noun];
    if samples == trials {
        return text;
    }
    text.with(", ")
        .with(figure::count(samples, path::statistic(each, "samples")))
        .with(" samples")
}
