//! Microservices: whether an order happened as a whole or not at all, by the services' own ledger.

mod section;

use super::repetition::repetition;
use super::{
    CAPABILITY_METRIC, Experiment, level_by_history, nothing_across, nothing_to_reach, sample,
};
use crate::measure::{
    Act, Executions, Saga, TrialEvidence, between_ms, doubled_keys, early_calls, sagas,
};
use crate::record::{EventBody, Sample};

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "microservices",
    needs_journal: true,
    metrics: &[
        CAPABILITY_METRIC,
        "calls_too_early",
        "effects_left",
        "order_ms",
        "orders_wrong",
    ],
    compared_with_itself: &["order_ms"],
    derive,
    across: nothing_across,
    section: section::blocks,
    unreached: nothing_to_reach,
};

/// The troubles of a service that no number of attempts gets past.
const FOR_GOOD: [&str; 2] = ["mute", "refuses"];

/// Adds for each order `orders_wrong` (0 where it came out as [`came_out_right`] says, else 1),
/// `effects_left` (effects of one that did not end well which nothing put back), `calls_too_early` (before
/// the time that a service had stated), `order_ms` (from the start's acknowledgement to the end, where
/// all is right and the trial was alone on the machine), the level at which its engine has the pattern
/// ([`level`]); and what was done again ([`repetition`]).
fn derive(trial: &TrialEvidence, mut samples: Vec<Sample>) -> Vec<Sample> {
    let executions = Executions::of(trial);
    let early = early_calls(trial).len();
    for order in &sagas(trial, &executions) {
        let right = came_out_right(trial, order);
        let wrong = if right { 0.0 } else { 1.0 };
        samples.push(sample("orders_wrong", wrong, &[]));
        samples.push(sample("effects_left", effects_left(order) as f64, &[]));
        samples.push(sample("calls_too_early", early as f64, &[]));
        // Times of trials that are not alone on the machine are those of a loaded one.
        let alone = right && trial.plan.side_by_side <= 1;
        let order_ms = order_ms(trial, order).filter(|_| alone);
        samples.extend(order_ms.map(|ms| sample("order_ms", ms, &[])));
        let level = level(trial, order, right);
        samples.extend(level.map(|level| sample(CAPABILITY_METRIC, level, &[])));
    }
    samples.extend(repetition(trial, &executions));
    samples
}

/// Whether an order came out as it should: failed where a service's trouble is for good, after that service
/// was called, and then each effect was put back, in reverse and once; else it ended well with each effect
/// there. Nothing has happened twice under one key, and no call came before the time that a service had
/// stated.
fn came_out_right(trial: &TrialEvidence, order: &Saga<'_>) -> bool {
    let lost = FOR_GOOD.contains(&trial.factor("trouble"));
    let as_expected = match lost {
        true => order.run.failure.is_some() && was_called(trial, order) && in_reverse(order),
        false => order.run.failure.is_none() && each_is_there(order),
    };
    let doubled = doubled_keys(trial).is_none_or(|keys| !keys.is_empty());
    order.run.ended_ns.is_some()
        && as_expected
        && order.came_out_right()
        && !doubled
        && early_calls(trial).is_empty()
}

/// Whether the service that has the trouble was called: one that failed before shows nothing of it.
fn was_called(trial: &TrialEvidence, order: &Saga<'_>) -> bool {
    let mut acts = order.acts.iter();
    acts.any(|act| act.step().as_str() == trial.factor("service"))
}

/// Whether the ledger has the effect of each act.
fn each_is_there(order: &Saga<'_>) -> bool {
    order.acts.iter().all(|act| act.last_change().is_some())
}

/// Whether by the ledger a later effect was put back before an earlier one.
fn in_reverse(order: &Saga<'_>) -> bool {
    let mut happened: Vec<&Act<'_>> = order.acts.iter().collect();
    happened.retain(|act| act.last_change().is_some());
    happened.sort_by_key(|act| act.last_change());
    let put_back = happened.iter().rev().map(|act| act.put_back());
    put_back.is_sorted()
}

fn effects_left(order: &Saga<'_>) -> usize {
    let ended_well = order.run.ended_well();
    if ended_well { 0 } else { order.left() }
}

fn order_ms(trial: &TrialEvidence, order: &Saga<'_>) -> Option<f64> {
    let acknowledged = trial.events.iter().find_map(|event| match &event.body {
        EventBody::RunAcknowledged { run, .. } if run == order.run.id => Some(event.t_ns),
        _ => None,
    })?;
    Some(between_ms(acknowledged, order.run.ended_ns?))
}

/// The level that an order shows; `None` where it came out right and its engine gives no account of it.
///
/// Native: by the engine's own history, what the order took was completed in the run itself: each act of
/// one that ended well, each compensation of one that failed. Emulated: some of that came in another run, or
/// beside that history. Unsupported: it came out wrong.
fn level(trial: &TrialEvidence, order: &Saga<'_>, right: bool) -> Option<f64> {
    let failed = order.run.failure.is_some();
    let steps = order.acts.iter().map(|act| match failed {
        true => act.undo_key.as_str(),
        false => act.key,
    });
    level_by_history(trial, order.run.id, right, steps)
}

#[cfg(test)]
mod tests;
