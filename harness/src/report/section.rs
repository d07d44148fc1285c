//! The report's sections, one file each.

pub(super) mod checker;
pub(super) mod guidance;
pub(super) mod method;
pub(super) mod overhead;
pub(super) mod question;
pub(super) mod restart_survival;
pub(super) mod retries;
pub(super) mod summary;
pub(super) mod throughput;
