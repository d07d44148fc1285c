use orchbench_journal::StepName;

use super::super::{EMULATED, NATIVE, UNSUPPORTED};
use super::*;
use crate::check::mutation;
use crate::record::EventBody;

/// A recorded order: one was asked to come again later, one was refused at its last service.
fn order(id: &str) -> TrialEvidence {
    mutation::recorded_trial(id).expect("a recorded order")
}

fn value(trial: &TrialEvidence, metric: &str) -> Option<f64> {
    let samples = derive(trial, Vec::new());
    let mut values = samples.iter().filter(|each| each.metric == metric);
    values.next().map(|each| each.value)
}

/// Whether the order is wrong, and the level that it shows.
fn judged(trial: &TrialEvidence) -> (Option<f64>, Option<f64>) {
    (
        value(trial, "orders_wrong"),
        value(trial, CAPABILITY_METRIC),
    )
}

const RIGHT: (Option<f64>, Option<f64>) = (Some(0.0), Some(NATIVE));
const WRONG: (Option<f64>, Option<f64>) = (Some(1.0), Some(UNSUPPORTED));

fn without(trial: &mut TrialEvidence, step: StepName) {
    for file in &mut trial.journal {
        file.records.retain(|record| record.step != Some(step));
    }
    let applied = trial.applied.as_mut().expect("a ledger");
    applied.retain(|row| row.step != step.as_str());
}

#[test]
fn an_order_that_came_again_when_it_was_told_is_right_and_one_that_came_before_is_not() {
    let mut trial = order("order-throttled");
    assert_eq!(judged(&trial), RIGHT);
    assert_eq!(value(&trial, "calls_too_early"), Some(0.0));
    assert!(value(&trial, "order_ms").is_some_and(|ms| ms > 2_000.0));
    let calls = trial.applied.as_mut().expect("a ledger");
    let came = calls[2].answer.as_mut().expect("an answer");
    came.t_ns -= 100_000_000;
    assert_eq!(value(&trial, "calls_too_early"), Some(1.0));
    assert_eq!(judged(&trial), WRONG);
}

#[test]
fn an_order_whose_run_ended_well_and_that_a_service_never_took_is_wrong() {
    let mut trial = order("order-throttled");
    let calls = trial.applied.as_mut().expect("a ledger");
    calls.retain(|call| call.step != StepName::Book.as_str());
    assert_eq!(judged(&trial), WRONG);
    let mut doubled = order("order-throttled");
    let calls = doubled.applied.as_mut().expect("a ledger");
    calls.push(calls[0].clone());
    assert_eq!(judged(&doubled), WRONG);
}

#[test]
fn a_refused_order_is_right_where_all_is_put_back_and_native_where_its_own_run_did_it() {
    let mut trial = order("order-refused");
    assert_eq!(judged(&trial), RIGHT);
    for event in &mut trial.events {
        if let EventBody::EngineHistory { steps, .. } = &mut event.body {
            let undos = steps.iter_mut().filter(|step| step.key.contains("undo"));
            undos.for_each(|step| step.in_another_run = true);
        }
    }
    assert_eq!(judged(&trial), (Some(0.0), Some(EMULATED)));
}

#[test]
fn a_refused_order_of_which_something_is_left_or_put_back_in_another_order_is_wrong() {
    let mut kept = order("order-refused");
    without(&mut kept, StepName::UndoCharge);
    assert_eq!(judged(&kept), WRONG);
    assert_eq!(value(&kept, "effects_left"), Some(1.0));
    let mut swapped = order("order-refused");
    let calls = swapped.applied.as_mut().expect("a ledger");
    (calls[4].seq, calls[5].seq) = (6, 5);
    assert_eq!(judged(&swapped), WRONG);
    assert_eq!(value(&swapped, "effects_left"), Some(0.0));
}

#[test]
fn an_order_that_ends_well_although_a_service_refused_it_is_wrong() {
    let mut trial = order("order-throttled");
    let refuses = |trial: &mut TrialEvidence| {
        trial
            .plan
            .factors
            .insert("trouble".into(), "refuses".into());
    };
    refuses(&mut trial);
    assert_eq!(judged(&trial), WRONG);
    let mut lost = order("order-refused");
    lost.plan.factors.insert("trouble".into(), "errors".into());
    // All is undone, and there was no need to lose it.
    assert_eq!(judged(&lost), WRONG);
}

#[test]
fn an_order_that_failed_before_the_service_was_called_shows_nothing_of_it() {
    let mut trial = order("order-refused");
    for step in StepName::ORDER {
        without(&mut trial, step);
    }
    assert_eq!(judged(&trial), WRONG);
}
