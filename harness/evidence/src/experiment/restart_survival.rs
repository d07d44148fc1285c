//! Restart survival: what a kill breaks, and how soon a run recovers.

mod coverage;
mod recovery;
mod section;
mod sweep;

use super::Experiment;

pub use coverage::sweep_cells;

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "restart-survival",
    needs_journal: true,
    derive: recovery::derive,
    section: section::blocks,
    unreached: coverage::unreached,
};
