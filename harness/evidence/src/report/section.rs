//! The report's sections beside those of the experiments, one file each.

pub(super) mod checker;
pub(super) mod controls;
pub(super) mod guidance;
pub(super) mod method;
pub(super) mod question;
pub(super) mod summary;
