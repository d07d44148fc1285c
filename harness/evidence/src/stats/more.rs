//! How many more values would narrow an interval enough, at the spread seen.

use statrs::distribution::{ContinuousCDF, Normal};

use super::location::{FEWEST_TRIALS, Location, RANK_FROM, student};
use super::quantile::lower_rank;

/// A search that goes on for longer asks for blocks that nobody will run.
const MOST_VALUES: usize = 1000;
/// "Probably": four times in five.
const ASSURANCE: f64 = 0.8;
/// A median scatters √(π/2) times as wide as a mean of normal values.
const MEDIAN_SCATTER: f64 = 1.253_314_137_315_5;
/// The median absolute deviation of normal values, in standard deviations.
const MAD_OF_NORMAL: f64 = 0.674_489_750_196_081_7;

/// How many values are to be added until the interval lies between two edges with probability
/// [`ASSURANCE`], `room` away from where the estimate is now (one of them may be infinite), for
/// values that scatter normally as widely as those seen. `None` past [`MOST_VALUES`] values. A
/// single value has no spread: the answer is then what lacks to [`FEWEST_TRIALS`].
pub(super) fn values_needed(seen: &Location, room: [f64; 2], level: f64) -> Option<usize> {
    let n = seen.n();
    if n < 2 {
        return Some(FEWEST_TRIALS - n);
    }
    let spread = spread(seen);
    let normal = Normal::new(0.0, 1.0).ok()?;
    let tail = (1.0 - level) / 2.0;
    let enough = |total: usize| {
        half_width(&normal, total, tail).is_some_and(|half| {
            let scatter = scatter(total);
            // The estimate may wander until the interval touches an edge.
            let [inner, outer] =
                room.map(|room| normal.cdf((room - spread * half) / (spread * scatter)));
            inner + outer - 1.0 >= ASSURANCE
        })
    };
    (n.max(FEWEST_TRIALS - 1) + 1..=MOST_VALUES)
        .find(|total| enough(*total))
        .map(|total| total - n)
}

/// Half the interval of `total` normal values, in standard deviations of a value; `None` of
/// ranks that do not reach the level.
fn half_width(normal: &Normal, total: usize, tail: f64) -> Option<f64> {
    if total < RANK_FROM {
        return Some(-student(total)?.inverse_cdf(tail) / (total as f64).sqrt());
    }
    // Where the order statistic is expected (Blom, Statistical Estimates and Transformed
    // Beta-Variables, 1958).
    let rank = lower_rank(total, 0.5, tail)?;
    Some(-normal.inverse_cdf((rank as f64 - 0.375) / (total as f64 + 0.25)))
}

/// The standard deviation of the estimate from `total` normal values, in those of a value.
fn scatter(total: usize) -> f64 {
    let of_mean = (total as f64).sqrt().recip();
    if total < RANK_FROM {
        of_mean
    } else {
        of_mean * MEDIAN_SCATTER
    }
}

/// The standard deviation; with as many values as ranks are taken of, the one that the median
/// absolute deviation stands for, which outliers widen no more than they do the ranks.
fn spread(seen: &Location) -> f64 {
    if !seen.by_rank() {
        return seen.deviation();
    }
    let away = seen
        .sorted()
        .iter()
        .map(|value| (value - seen.point()).abs());
    Location::of(away.collect()).map_or(0.0, |away| away.point() / MAD_OF_NORMAL)
}
