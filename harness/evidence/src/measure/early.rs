//! Calls that came to a service before the time that it had stated.

use super::TrialEvidence;
use crate::record::AppliedRow;

/// A call that came before its time.
#[derive(Debug)]
pub struct EarlyCall<'a> {
    /// The call.
    pub call: &'a AppliedRow,
    /// How long after the answer that asked to wait, nanoseconds.
    pub after_ns: u64,
    /// What that answer asked for, milliseconds.
    pub asked_ms: u64,
}

/// The calls under a key that came before the time which the answer to an earlier one had stated, in the
/// order of the ledger. A caller counts from the answer's arrival, the ledger from the earlier call's: so one
/// that waits as it should is never early here.
pub fn early_calls(trial: &TrialEvidence) -> Vec<EarlyCall<'_>> {
    let rows = trial.applied.as_deref().unwrap_or_default();
    let of = |call: &'_ AppliedRow| {
        let came_ns = call.answer.as_ref()?.t_ns;
        let before = rows
            .iter()
            .filter(|each| each.key == call.key && each.seq < call.seq);
        before
            .filter_map(|each| {
                let answer = each.answer.as_ref()?;
                let asked_ms = answer.retry_after_ms?;
                let after_ns = came_ns.saturating_sub(answer.t_ns);
                (after_ns < asked_ms.saturating_mul(1_000_000)).then_some((after_ns, asked_ms))
            })
            .next()
    };
    let early = |call| {
        let (after_ns, asked_ms) = of(call)?;
        Some(EarlyCall {
            call,
            after_ns,
            asked_ms,
        })
    };
    rows.iter().filter_map(early).collect()
}
