//! How well the model's line predicts runs that it was not drawn from.
//!
//! The line goes through two estimates of `run_ms`: of one step, and of the most steps that were measured in the
//! same scenario. Held against it are the runs of all other sizes and scenarios of the same engine, settings, shape
//! and execution: a point is the mean of a trial's samples.

use crate::record::{EngineRecord, HeldOut, Interval, Measurement};
use crate::stats::median;

/// The line through the estimates of `one` and of the most steps among `others`, held against the rest of
/// these; `None` where there is no line or nothing to hold against it.
pub(super) fn held_out(
    one: &Measurement,
    others: &[&Measurement],
    engine: &EngineRecord,
) -> Option<HeldOut> {
    let same_execution =
        |each: &&Measurement| engine.execution(&each.factors) == engine.execution(&one.factors);
    let same_scenario =
        |each: &&Measurement| each.factors.get("scenario") == one.factors.get("scenario");
    let runs = others.iter().copied().filter(same_execution);
    let longest = runs.clone().filter(same_scenario).max_by_key(steps)?;
    let most = f64::from(steps(&longest));
    if most <= 1.0 {
        return None;
    }
    let held = runs.filter(|each| each.id() != one.id() && each.id() != longest.id());
    let (mut errors, mut within) = (Vec::new(), 0);
    for each in held {
        let far = (f64::from(steps(&each)) - 1.0) / (most - 1.0);
        let on_line = |from: f64, to: f64| from + far * (to - from);
        let predicted = on_line(one.estimate.value, longest.estimate.value);
        let ends = one.estimate.interval.zip(longest.estimate.interval);
        let band = ends.map(|(from, to): (Interval, Interval)| {
            on_line(from.low, to.low)..=on_line(from.high, to.high)
        });
        for trial in each.trials.iter().filter(|trial| !trial.values.is_empty()) {
            let seen = trial.values.iter().sum::<f64>() / trial.values.len() as f64;
            errors.push((predicted - seen).abs() / seen);
            within += usize::from(band.as_ref().is_some_and(|band| band.contains(&seen)));
        }
    }
    Some(HeldOut {
        points: errors.len(),
        within,
        median_error: median(&errors)?,
    })
}

fn steps(each: &&Measurement) -> u32 {
    let steps = each.factors.get("steps");
    steps.and_then(|steps| steps.parse().ok()).unwrap_or(0)
}
