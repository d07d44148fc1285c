//! A backfill of which one day fails until it is mended: whether the others were made meanwhile, and whether no
//! more than what was left is made after that.

use std::collections::BTreeSet;

use super::backfill::{days, loads_of};
use super::minimum::{Minimum, Piece};
use super::{CAPABILITY_METRIC, EMULATED, NATIVE, UNSUPPORTED, is_known, sample};
use crate::measure::{Executions, Run, TrialEvidence};
use crate::record::Sample;

/// How many days beside the one that failed the first run did not load; and the level of the pattern
/// `backfill-failed-only`: native where it loaded all of them and said that it failed, and the second run
/// executed what was left and nothing else, all of it missing or stale by the engine's own records; emulated
/// where they know no such thing; else unsupported.
pub(super) fn samples(
    trial: &TrialEvidence,
    executions: &Executions,
    [first, again]: [&Run<'_>; 2],
    (made, minimum): (&BTreeSet<Piece>, &Minimum),
    stale: &BTreeSet<&str>,
) -> Vec<Sample> {
    let loaded = loads_of(executions, first.id);
    let open = days(trial, first).difference(&loaded).count();
    // The one that failed is open, unless it did not fail.
    let left_out = open.saturating_sub(1);
    let failed = open == 1 && first.failure.is_some();
    let right = failed && again.ended_well() && *made == minimum.needed;
    let level = match made.iter().all(|piece| is_known(again.id, piece, stale)) {
        _ if !right => UNSUPPORTED,
        true => NATIVE,
        false => EMULATED,
    };
    let pattern = [("pattern", "backfill-failed-only")];
    vec![
        sample("partitions_left_out", left_out as f64, &[]),
        sample(CAPABILITY_METRIC, level, &pattern),
    ]
}
