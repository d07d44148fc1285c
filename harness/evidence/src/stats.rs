//! The statistics behind every figure: estimates with intervals, paired ratios, counts.
//!
//! The unit of replication is a trial (a fresh process); samples within one are nested in
//! it and never counted as independent trials, and what shares a block counts once. Nothing
//! here knows what was measured and nothing is drawn at random: the same input gives the same
//! result.
//!
//! Every p-value is the mirror of an interval: it is 1 − the highest level at which that
//! interval still decides. What is decided and what is printed cannot differ.

mod change;
mod difference;
mod effect;
mod estimate;
mod fit;
mod holm;
mod knee;
mod location;
mod margin;
mod more;
mod proportion;
mod quantile;
mod ratio;

pub use change::{Change, change, change_beside};
pub use difference::{Difference, difference};
pub use effect::{Effect, superiority};
pub use estimate::{ByBlock, COVERAGE_WITH_OUTLIERS, Coverage, by_block, estimate};
pub use fit::{Fit, NoLine, StepCost, fit_line, step_from_difference};
pub use holm::{FAMILY_MAX, HolmStep, holm};
pub use knee::{Knee, knee};
pub use location::{FEWEST_TRIALS, RANK_FROM};
pub use proportion::{
    FEWEST_KILLS, clopper_pearson, lower_bound, more_trials_needed, p_rate_above, p_rate_at_most,
    upper_bound,
};
pub use quantile::{Percentile, median, percentile, samples_needed};
pub use ratio::{Dropped, MARGIN, Missing, Pair, Ratio, Side, paired_ratio};

/// The level of every interval that no correction widens.
pub const LEVEL: f64 = 0.95;
