#![expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]

use std::time::Instant;

use super::*;
use crate::error::StepError;
use crate::step::{ORDERS, StepCall, StepInputs, StepOutput};
use crate::{ErrorType, Etl, EtlConfig, Undo};

const TIMEOUT_MS: u64 = 300;

/// A shop of which one service has a trouble, and the steps that call it.
fn shop(at: StepName, trouble: Trouble) -> (tempfile::TempDir, Services, Etl) {
    let services = Services::start(|act| Conduct {
        trouble: if act == at { trouble } else { Trouble::Nothing },
        times: 1,
        latency_ms: 1,
        retry_after_s: 2,
    });
    let (services, dir) = (services.unwrap(), tempfile::tempdir().unwrap());
    let warehouse = format!("sqlite:{}", dir.path().join("warehouse.sqlite").display());
    let etl = Etl::open(EtlConfig {
        order_services: Some(services.places(TIMEOUT_MS)),
        ..EtlConfig::new(dir.path(), warehouse)
    });
    (dir, services, etl.unwrap())
}

fn call(etl: &Etl, attempt: u32, inputs: StepInputs) -> Result<StepOutput, StepError> {
    etl.call(&StepCall {
        run: "order-1".into(),
        source: ORDERS.into(),
        partition: None,
        attempt,
        token: 7,
        inputs,
    })
}

fn undone(output: StepOutput) -> (Undo, u64) {
    let undone = output.try_into_undone().unwrap();
    (undone.undo, undone.changed)
}

#[test]
fn an_act_has_its_effect_once_and_is_taken_back_once() {
    let (_dir, services, etl) = shop(StepName::Book, Trouble::Nothing);
    let first = call(&etl, 1, StepInputs::Charge).unwrap();
    let again = call(&etl, 2, StepInputs::Charge).unwrap();
    let (first, again) = (first.try_into_served(), again.try_into_served());
    let (first, again) = (first.unwrap(), again.unwrap());
    assert_eq!(first.receipt, again.receipt);
    assert!(first.changed && !again.changed);
    for changed in [1, 0] {
        let taken_back = undone(call(&etl, 1, StepInputs::UndoCharge).unwrap());
        assert_eq!(taken_back, (Undo::Restored, changed));
    }
    let late = call(&etl, 3, StepInputs::Charge).unwrap_err();
    assert_eq!(late.error_type, ErrorType::Fenced);
    let changes: Vec<(u64, bool)> = services
        .calls()
        .iter()
        .map(|c| (c.seq, c.changed))
        .collect();
    let expected = [(1, true), (2, false), (3, true), (4, false), (5, false)];
    assert_eq!(changes, expected);
}

#[test]
fn what_has_not_come_is_taken_back_too() {
    let (_dir, _services, etl) = shop(StepName::Book, Trouble::Nothing);
    let early = undone(call(&etl, 1, StepInputs::UndoReserve).unwrap());
    assert_eq!(early, (Undo::NothingToUndo, 0));
    let late = call(&etl, 1, StepInputs::Reserve).unwrap_err();
    assert_eq!(late.error_type, ErrorType::Fenced);
}

#[test]
fn each_trouble_is_an_error_of_its_kind_and_is_in_the_ledger() {
    for (trouble, error_type, status, changed) in [
        (Trouble::Errors, ErrorType::Service, Some(500), false),
        (Trouble::Throttles, ErrorType::Throttled, Some(429), false),
        (Trouble::Silent, ErrorType::Service, None, true),
        (Trouble::Mute, ErrorType::Service, None, true),
        (Trouble::Refuses, ErrorType::Refused, Some(422), false),
    ] {
        let (_dir, services, etl) = shop(StepName::Charge, trouble);
        let begun = Instant::now();
        let error = call(&etl, 1, StepInputs::Charge).unwrap_err();
        assert_eq!(error.error_type, error_type, "{error}");
        assert_eq!(error.retryable(), error_type != ErrorType::Refused);
        let waited = begun.elapsed() >= Duration::from_millis(TIMEOUT_MS);
        assert_eq!(
            waited,
            status.is_none(),
            "{trouble:?}: {:?}",
            begun.elapsed()
        );
        let after_ms = (trouble == Trouble::Throttles).then_some(2_000);
        assert_eq!(error.retry_after_ms, after_ms);
        let taken = services.calls()[0].clone();
        assert_eq!(taken.status, status);
        assert_eq!((taken.changed, taken.retry_after_ms), (changed, after_ms));
        // The second answer is as it should be, unless the trouble is for good.
        let again = call(&etl, 2, StepInputs::Charge);
        assert_eq!(again.is_err(), trouble.is_for_good(), "{trouble:?}");
        let changes = services.calls().iter().filter(|c| c.changed).count();
        assert_eq!(changes, usize::from(trouble != Trouble::Refuses));
    }
}
