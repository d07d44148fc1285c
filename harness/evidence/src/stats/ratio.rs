//! Two sides compared in pairs: the ratio, its interval, and what it decides.
//!
//! A pair is a trial of each side from the same block of the interleaved order, so that
//! drift of the machine cancels out. What is estimated is the median of the pairs' ratios, on
//! their logs, by Student's t or by ranks as in [`Location`]; pairs of one block (several
//! crash points, say) are averaged on the logs first and count once. A pair with a side that
//! is missing or not positive is dropped and named. Ratios that are all equal, as those of counts
//! that never change, have an interval of that one value and decide by it.

use std::collections::BTreeMap;

use super::location::Location;
use super::margin::Margin;
use super::{Effect, LEVEL, median, more, superiority};
use crate::record::Interval;

/// Differences below five percent count as none.
pub const MARGIN: f64 = 0.05;

/// The samples of the two sides in one block, under one condition.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair {
    /// The block; pairs of the same block count once.
    pub block: u32,
    /// What names the pair when it is dropped, such as `block 2` or `block 2, point=load`.
    pub name: String,
    /// The first side's samples, none where it is missing.
    pub a: Vec<f64>,
    /// The second side's samples, none where it is missing.
    pub b: Vec<f64>,
}

/// What a dropped pair lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// The first side has no samples.
    A,
    /// The second side has no samples.
    B,
    /// Neither side has samples.
    Both,
    /// The median of a side is not positive and has no ratio.
    NotPositive,
}

/// A pair that counts for nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dropped {
    /// The pair's name.
    pub pair: String,
    /// Why.
    pub missing: Missing,
}

/// The first side's values over the second's.
#[derive(Debug, Clone, PartialEq)]
pub struct Ratio {
    /// The estimate: the geometric mean of the blocks' ratios, their median from
    /// [`RANK_FROM`](super::RANK_FROM) blocks on.
    pub value: f64,
    /// Its interval at [`LEVEL`], `None` of one or two blocks.
    pub interval: Option<Interval>,
    /// Number of blocks with a pair.
    pub pairs: usize,
    /// Pairs that were dropped.
    pub dropped: Vec<Dropped>,
    /// Effect size: Vargha and Delaney's A of the first side's blocks over the second's.
    pub superiority: f64,
    logs: Location,
}

/// Which side has the larger values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The first, by more than the margin.
    A,
    /// The second, by more than the margin.
    B,
    /// Neither: the whole interval is within the margin, the sides are equivalent.
    Neither,
    /// The interval overlaps the margin's edge, or there is none.
    Undecided,
}

impl Ratio {
    /// The interval at any level; `None` of one or two blocks, or where the ranks of so few
    /// blocks do not reach the level.
    pub fn interval_at(&self, level: f64) -> Option<Interval> {
        self.logs.interval(level).map(|(low, high)| Interval {
            low: low.exp(),
            high: high.exp(),
            level,
        })
    }

    /// The decision at [`LEVEL`].
    pub fn larger(&self) -> Side {
        self.larger_at(LEVEL)
    }

    /// The decision at a level: the side that is larger by more than the margin with the whole
    /// interval.
    pub fn larger_at(&self, level: f64) -> Side {
        margin().larger(&self.logs, level)
    }

    /// The p-value of "the ratio is outside the margin", for either side: 1 − the highest level
    /// at which [`Ratio::larger_at`] names a larger side.
    pub fn p_outside(&self) -> f64 {
        margin().p_outside(&self.logs)
    }

    /// The p-value of "the ratio is within the margin": 1 − the highest level at which
    /// [`Ratio::larger_at`] says [`Side::Neither`].
    pub fn p_equivalent(&self) -> f64 {
        margin().p_equivalent(&self.logs)
    }

    /// The p-value of whatever the ratio decides: 1 − the highest level at which it decides
    /// anything.
    pub fn p_decided(&self) -> f64 {
        margin().p_decided(&self.logs)
    }

    /// The size of the effect in words.
    pub fn effect(&self) -> Effect {
        Effect::of(self.superiority)
    }

    /// How many more blocks would probably (four times in five) decide at this level, if the
    /// ratio and the spread are what they look like: 0 when it is decided already. `None` when
    /// no number of blocks that can be run would, as the estimate lies on the margin. A single
    /// block shows no spread: the answer is then what lacks for an interval at all.
    pub fn more_pairs_needed(&self, level: f64) -> Option<usize> {
        if self.larger_at(level) != Side::Undecided {
            return Some(0);
        }
        let (at, Margin(margin)) = (self.logs.point().abs(), margin());
        let room = if at < margin {
            [margin - at, margin + at]
        } else {
            [at - margin, f64::INFINITY]
        };
        more::values_needed(&self.logs, room, level)
    }
}

/// Compares pairs; `None` without a pair of two positive medians.
pub fn paired_ratio(pairs: &[Pair]) -> Option<Ratio> {
    let mut dropped = Vec::new();
    let mut blocks: BTreeMap<u32, Vec<[f64; 2]>> = BTreeMap::new();
    for pair in pairs {
        match logs(pair) {
            Ok(logs) => blocks.entry(pair.block).or_default().push(logs),
            Err(missing) => dropped.push(Dropped {
                pair: pair.name.clone(),
                missing,
            }),
        }
    }
    let mean = |logs: &[[f64; 2]], side: fn(&[f64; 2]) -> f64| {
        logs.iter().map(side).sum::<f64>() / logs.len() as f64
    };
    let sides = |side: fn(&[f64; 2]) -> f64| -> Vec<f64> {
        blocks.values().map(|logs| mean(logs, side)).collect()
    };
    let superiority = superiority(&sides(|[a, _]| *a), &sides(|[_, b]| *b));
    let logs = Location::of(sides(|[a, b]| a - b))?;
    let mut ratio = Ratio {
        value: logs.point().exp(),
        interval: None,
        pairs: logs.n(),
        dropped,
        superiority,
        logs,
    };
    ratio.interval = ratio.interval_at(LEVEL);
    Some(ratio)
}

/// The logs of the two sides' medians.
fn logs(pair: &Pair) -> Result<[f64; 2], Missing> {
    match (median(&pair.a), median(&pair.b)) {
        (None, None) => Err(Missing::Both),
        (None, Some(_)) => Err(Missing::A),
        (Some(_), None) => Err(Missing::B),
        (Some(a), Some(b)) if a > 0.0 && b > 0.0 => Ok([a.ln(), b.ln()]),
        _ => Err(Missing::NotPositive),
    }
}

fn margin() -> Margin {
    Margin::of(MARGIN)
}

#[cfg(test)]
mod tests;
