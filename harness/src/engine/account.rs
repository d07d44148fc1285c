//! An engine's own account of a run: the steps that it knows, and how it calls their attempts.

use orchbench_etl::idempotency_key;

use orchbench_evidence::record::HistoryStep;

/// An engine's own account of a run that ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Account {
    /// Whether it calls the run completed.
    pub succeeded: bool,
    /// The steps that it knows, in its order.
    pub steps: Vec<HistoryStep>,
    /// What it keeps of the run, by the engine's own words for it: a metric and a count each.
    pub footprint: Vec<(&'static str, u64)>,
}

/// A step that an engine has begun to tell of.
pub(super) fn untold(run: &str, step: &str, partition: Option<&str>) -> HistoryStep {
    HistoryStep {
        key: idempotency_key(run, step, partition),
        attempts: 0,
        completed: false,
        failed: Vec::new(),
        in_another_run: false,
    }
}
