//! Two results folders held against each other: what changed from the earlier to the later, as far as
//! these runs can tell, and what cannot be compared, with the reason.
//!
//! Measurements are compared that have one id and were made alike: on one build, processor and, of an
//! engine with a server, server; with the same settings and parameters. The blocks of a run are its
//! sample ([`crate::stats::change`]). Where both have a yardstick beside each trial, work of a fixed size,
//! times and rates are compared at equal speed of the machine too, and what is decided is decided both ways
//! ([`crate::stats::change_beside`]). Decisions are corrected by Holm within each experiment, at the
//! level that stands beside the interval.

mod alike;
mod better;
mod environment;
mod print;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::record::{FORMAT_VERSION, FormatVersion, Interval, Measurement, TrialSamples, Warning};
use crate::results::Analysis;
use crate::stats::{self, MARGIN, Side, by_block, change, change_beside, holm};
use alike::Making;
pub use better::Better;
use better::speed_power;
use environment::{Difference, differences};
pub use print::{benchmark, markdown, text};

/// From when on a change is one.
#[derive(Debug, Clone, PartialEq)]
pub struct Gate {
    /// Smaller changes count as none, a share: 0.05 is five percent.
    pub margin: f64,
    /// Metrics that end so, and the difference of the estimates below which they have not changed.
    pub floors: Vec<(String, f64)>,
}

impl Default for Gate {
    fn default() -> Self {
        Self {
            margin: MARGIN,
            floors: Vec::new(),
        }
    }
}

/// What two runs come to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// See [`crate::record::FORMAT_VERSION`].
    pub format_version: FormatVersion,
    /// The earlier run, by the order on the command line.
    pub a: Run,
    /// The later one.
    pub b: Run,
    /// Whether both are the same run, by the digest of its raw files.
    pub same_run: bool,
    /// How much longer work of a fixed size took in the later run, as a ratio of the means over the trials;
    /// `None` where one of the runs has no such yardstick.
    pub slower: Option<f64>,
    /// What differs between the environments, beside time and load.
    pub environment: Vec<Difference>,
    /// What was compared, in the order of the measurements.
    pub changes: Vec<Row>,
    /// What was not, and why.
    pub not_comparable: Vec<NotComparable>,
}

/// One of the two runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Run {
    /// UTC time of its start, RFC 3339.
    pub started_at: String,
    /// The commit of its program, where it is known.
    pub commit: Option<String>,
    /// Load average of the last minute at its start.
    pub load_1m: f64,
    /// Trials that count.
    pub trials: usize,
    /// `sound`, `broken`, `unreachable` or `inconclusive`.
    pub conclusion: &'static str,
}

/// A measurement of both runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// The measurement's id, as in measurements.json.
    pub id: String,
    /// The experiment.
    pub experiment: String,
    /// The metric, unit last.
    pub metric: String,
    /// The engine.
    pub engine: String,
    /// The settings' name.
    pub settings: String,
    /// The condition.
    pub factors: BTreeMap<String, String>,
    /// What is better of this metric; `None` of one that is neither.
    pub better: Option<Better>,
    /// The estimate of the earlier run.
    pub a: f64,
    /// The estimate of the later run.
    pub b: f64,
    /// The later over the earlier; `None` where a value is not positive.
    pub ratio: Option<f64>,
    /// Its interval, over both ways where there is a yardstick, at the level at which it is decided; `None` of fewer than three blocks.
    pub interval: Option<Interval>,
    /// What it decides.
    pub verdict: Verdict,
    /// Blocks of the two runs.
    pub n: [usize; 2],
}

/// What became of a measurement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It is worse.
    Regression,
    /// It is better.
    Improvement,
    /// It is another, of a metric of which nothing is better.
    Changed,
    /// It is the same, within the margin.
    Same,
    /// These runs cannot tell.
    Undecided,
}

/// A measurement that was not compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotComparable {
    /// Its id.
    pub id: String,
    /// Why.
    pub reason: String,
}

/// Compares two runs, the earlier first.
pub fn compare(a: &Analysis, b: &Analysis, gate: &Gate) -> Comparison {
    let making = Making::of(a, b);
    let mut not_comparable = Vec::new();
    let mut both = Vec::new();
    for pair in pairs(a, b) {
        match making.reason(&pair) {
            None => both.push(pair),
            Some(reason) => not_comparable.push(NotComparable {
                id: pair.id(),
                reason,
            }),
        }
    }
    // What is not as it was sealed is what the seal says no longer.
    let intact = |run: &Analysis| {
        let damaged = |warning: &Warning| matches!(warning, Warning::Damaged { .. });
        !run.verdicts.warnings.iter().any(damaged)
    };
    let same_run = a.seal.is_some() && a.seal == b.seal && intact(a) && intact(b);
    let compared: Vec<_> = both
        .iter()
        .filter_map(|pair| Some((pair.a?, pair.b?)))
        .collect();
    Comparison {
        format_version: FORMAT_VERSION,
        a: Run::of(a),
        b: Run::of(b),
        same_run,
        slower: slower(&a.yardsticks, &b.yardsticks),
        environment: differences(&a.environment, &b.environment),
        changes: rows(&compared, [&a.yardsticks, &b.yardsticks], gate, same_run),
        not_comparable,
    }
}

fn slower(a: &Yardsticks, b: &Yardsticks) -> Option<f64> {
    let mean = |of: &Yardsticks| of.values().sum::<f64>() / of.len() as f64;
    (!a.is_empty() && !b.is_empty()).then(|| mean(b) / mean(a))
}

/// A measurement of either run or of both.
struct Pair<'a> {
    a: Option<&'a Measurement>,
    b: Option<&'a Measurement>,
}

impl Pair<'_> {
    fn id(&self) -> String {
        self.a.or(self.b).map(Measurement::id).unwrap_or_default()
    }
}

/// The measurements of both runs by their ids.
fn pairs<'a>(a: &'a Analysis, b: &'a Analysis) -> Vec<Pair<'a>> {
    let mut pairs: BTreeMap<String, Pair<'a>> = BTreeMap::new();
    let none = || Pair { a: None, b: None };
    for each in &a.measurements.measurements {
        pairs.entry(each.id()).or_insert_with(none).a = Some(each);
    }
    for each in &b.measurements.measurements {
        pairs.entry(each.id()).or_insert_with(none).b = Some(each);
    }
    pairs.into_values().collect()
}

/// Rows by experiment, as each is a family.
fn rows(
    compared: &[(&Measurement, &Measurement)],
    yardsticks: [&Yardsticks; 2],
    gate: &Gate,
    same_run: bool,
) -> Vec<Row> {
    let families = compared.chunk_by(|(x, _), (y, _)| x.experiment == y.experiment);
    families
        .flat_map(|family| {
            let pairs = family.iter();
            let sides: Vec<_> = pairs
                .map(|(a, b)| Sides::of(a, b, yardsticks, gate))
                .collect();
            let p = |sides: &Sides<'_>| sides.change.as_ref().map(stats::Change::p_decided);
            let ps: Vec<f64> = sides.iter().filter_map(p).collect();
            let mut steps = holm(&ps).into_iter();
            let of = |sides: &Sides<'_>| {
                let level = sides.change.as_ref().and_then(|_| steps.next());
                let level = level.map_or(stats::LEVEL, |step| step.level);
                Row::of(sides, level, gate, same_run)
            };
            sides.iter().map(of).collect::<Vec<_>>()
        })
        .collect()
}

/// By trial, how long work of a fixed size took beside it.
type Yardsticks = BTreeMap<String, f64>;

/// A value a block: what shares one shares its drift.
fn blocks(trials: &[TrialSamples]) -> Vec<f64> {
    let by_block = by_block(&[trials]).blocks;
    by_block.into_iter().flat_map(|each| each.values).collect()
}

/// The yardstick beside each block; `None` where a trial has none.
fn beside(trials: &[TrialSamples], yardsticks: &Yardsticks) -> Option<Vec<f64>> {
    let of = |each: &TrialSamples| {
        Some(TrialSamples {
            values: vec![*yardsticks.get(&each.trial)?],
            ..each.clone()
        })
    };
    let measured = trials.iter().filter(|each| !each.values.is_empty());
    let trials = measured.map(of).collect::<Option<Vec<_>>>()?;
    Some(blocks(&trials))
}

/// A measurement of both runs, with a value a block of each.
struct Sides<'a> {
    a: &'a Measurement,
    b: &'a Measurement,
    blocks: [Vec<f64>; 2],
    change: Option<stats::Change>,
}

impl<'a> Sides<'a> {
    fn of(
        a: &'a Measurement,
        b: &'a Measurement,
        yardsticks: [&Yardsticks; 2],
        gate: &Gate,
    ) -> Self {
        let [before, after] = [a, b].map(|each| blocks(&each.trials));
        let speeds = beside(&a.trials, yardsticks[0]).zip(beside(&b.trials, yardsticks[1]));
        let change = match (&speeds, speed_power(&a.metric)) {
            (Some((was, is)), Some(power)) => {
                change_beside([&before, was], [&after, is], power, gate.margin)
            }
            _ => change(&before, &after, gate.margin),
        };
        Self {
            a,
            b,
            blocks: [before, after],
            change,
        }
    }
}

impl Row {
    fn of(sides: &Sides<'_>, level: f64, gate: &Gate, same_run: bool) -> Self {
        let Sides { a, b, .. } = sides;
        let [before, after] = &sides.blocks;
        let change = sides.change.as_ref();
        let better = Better::of(&a.metric);
        let below_floor = gate.floors.iter().any(|(unit, least)| {
            a.metric.ends_with(unit.as_str())
                && (a.estimate.value - b.estimate.value).abs() < *least
        });
        let side = match change {
            _ if same_run => Side::Neither,
            Some(change) => change.larger_at(level),
            // Zeros, and what is below: equal ones are equal.
            None if before == after => Side::Neither,
            None => Side::Undecided,
        };
        let verdict = match (side, better) {
            (Side::Undecided, _) => Verdict::Undecided,
            (Side::Neither, _) => Verdict::Same,
            _ if below_floor => Verdict::Same,
            (_, None) => Verdict::Changed,
            (Side::A, Some(Better::Smaller)) | (Side::B, Some(Better::Larger)) => {
                Verdict::Regression
            }
            (Side::B, Some(Better::Smaller)) | (Side::A, Some(Better::Larger)) => {
                Verdict::Improvement
            }
        };
        Self {
            id: a.id(),
            experiment: a.experiment.clone(),
            metric: a.metric.clone(),
            engine: a.engine.clone(),
            settings: a.settings.clone(),
            factors: a.factors.clone(),
            better,
            a: a.estimate.value,
            b: b.estimate.value,
            ratio: change.map(|change| change.value),
            interval: change.and_then(|change| change.interval_at(level)),
            verdict,
            n: [before.len(), after.len()],
        }
    }
}

impl Run {
    fn of(analysis: &Analysis) -> Self {
        let environment = &analysis.environment;
        Self {
            started_at: environment.started_at.clone(),
            commit: environment.commit.clone(),
            load_1m: environment.load_1m,
            trials: analysis.counted.len(),
            conclusion: analysis.conclusion().as_str(),
        }
    }
}

impl Comparison {
    /// How many rows have a verdict.
    pub fn count(&self, verdict: Verdict) -> usize {
        let of = |row: &&Row| row.verdict == verdict;
        self.changes.iter().filter(of).count()
    }
}

#[cfg(test)]
mod tests;
