//! How well the model predicts runs that its terms were not drawn from.
//!
//! The terms are here two estimates of `run_ms`: of one step, and of the most steps that were measured in the
//! same scenario. What the model says of a day with one run, without work, is held against the runs of all other
//! sizes and scenarios of the same engine, settings, shape and execution: a point is the mean of a trial's samples.

use std::collections::BTreeMap;

use super::predict::{Inputs, predict};
use crate::record::{EngineRecord, HeldOut, Interval, Measurement, ModelOption, Term};
use crate::stats::median;

/// The model of the estimates of `one` and of the most steps among `others`, held against the rest of
/// these; `None` where there are no terms or nothing to hold against them.
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
    let more = f64::from(steps(&longest)) - 1.0;
    if more <= 0.0 {
        return None;
    }
    let option = between(one, longest, more, engine);
    let held = runs.filter(|each| each.id() != one.id() && each.id() != longest.id());
    let (mut errors, mut within) = (Vec::new(), 0);
    for each in held {
        let predicted = predict(&option, &without_work(steps(&each))).time_s?;
        for trial in each.trials.iter().filter(|trial| !trial.values.is_empty()) {
            let seen_s = trial.values.iter().sum::<f64>() / trial.values.len() as f64 / 1e3;
            errors.push((predicted.value - seen_s).abs() / seen_s);
            within += usize::from((predicted.low..=predicted.high).contains(&seen_s));
        }
    }
    Some(HeldOut {
        points: errors.len(),
        within,
        median_error: median(&errors)?,
    })
}

/// An option whose terms are of the two alone, the longest of which has so many steps more.
fn between(
    one: &Measurement,
    longest: &Measurement,
    more: f64,
    engine: &EngineRecord,
) -> ModelOption {
    let (from, to) = (&one.estimate, &longest.estimate);
    let ends = from.interval.zip(to.interval);
    let term = |of: &dyn Fn(f64, f64) -> f64| Term {
        value: of(from.value, to.value),
        interval: ends
            .map(|(from, to): (Interval, Interval)| [of(from.low, to.low), of(from.high, to.high)]),
        measurement: longest.id(),
    };
    let terms = [
        ("run_s", term(&|one, _| one / 1e3)),
        ("step_s", term(&|one, all| (all - one) / more / 1e3)),
    ];
    ModelOption {
        engine: engine.name.clone(),
        label: engine.label.clone(),
        execution: None,
        terms: BTreeMap::from(terms.map(|(name, term)| (name.to_owned(), term))),
        held_out: None,
    }
}

fn without_work(steps: u32) -> Inputs {
    Inputs {
        steps: f64::from(steps),
        step_s: 0.0,
        failed_share: 0.0,
        kills_a_day: 0.0,
        corrections_a_day: 0.0,
        waiting_runs: 0.0,
    }
}

fn steps(each: &&Measurement) -> u32 {
    let steps = each.factors.get("steps");
    steps.and_then(|steps| steps.parse().ok()).unwrap_or(0)
}
