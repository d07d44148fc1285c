//! Restart survival: what a kill breaks, and how soon a run recovers.

mod coverage;
mod pool;
mod recovery;
mod section;
mod sweep;

use super::{Experiment, nothing_across};

pub use coverage::sweep_cells;

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "restart-survival",
    needs_journal: true,
    metrics: &[
        "kills_wrong",
        "rows_lost",
        "wasted_work_ratio",
        "recovery_ms",
        "detect_and_reschedule_ms",
        "detect_ms",
        "reschedule_ms",
        "reexecute_ms",
        "catch_up_ms",
    ],
    compared_with_itself: &["recovery_ms"],
    derive: recovery::derive,
    across: nothing_across,
    section: section::blocks,
    unreached: coverage::unreached,
};
