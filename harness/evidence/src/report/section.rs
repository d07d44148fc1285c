//! The report's sections beside those of the experiments, one file each.

pub(super) mod benchmarks;
pub(super) mod checker;
pub(super) mod controls;
pub(super) mod guidance;
pub(super) mod made_on;
pub(super) mod method;
pub(super) mod summary;
pub(super) mod what_if;
pub(super) mod workloads;
