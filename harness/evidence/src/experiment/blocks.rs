//! Two conditions held against each other, block by block.

use crate::record::{Measurement, TrialSamples};
use crate::stats::{estimate, median};

/// What a condition comes to against another in each block that has both, from the medians of their
/// trials; a block of which `of` says nothing is left out. `None` where no block is left.
pub(super) fn by_blocks(
    metric: &str,
    each: &Measurement,
    base: &Measurement,
    of: impl Fn(f64, f64) -> Option<f64>,
) -> Option<Measurement> {
    let of_block = |trial: &TrialSamples| {
        let mut others = base.trials.iter();
        let base = others.find(|other| other.block == trial.block)?;
        Some(TrialSamples {
            values: vec![of(median(&trial.values)?, median(&base.values)?)?],
            ..trial.clone()
        })
    };
    let trials: Vec<TrialSamples> = each.trials.iter().filter_map(of_block).collect();
    (!trials.is_empty()).then(|| Measurement {
        metric: metric.to_owned(),
        estimate: estimate(&trials),
        trials,
        ..each.clone()
    })
}
