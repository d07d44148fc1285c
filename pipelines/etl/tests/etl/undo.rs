//! Compensations: what was before an act is back, once, however the act ended.

use orchbench_etl::{
    Announced, ErrorType, Etl, EtlConfig, Published, Sink, SinkKind, StepCall, StepError,
    StepInputs, StepOutput, Undo, Undone,
};

use crate::fixture::{FLIGHTS, FLIGHTS_HEADER, Inputs, call, catalogue};
use crate::sink::{DAY, small};

/// A call of a run, with a token that is newer than all before it.
fn call_of(run: &str, token: u64, day: Option<&str>, inputs: StepInputs) -> StepCall {
    StepCall {
        run: run.to_owned(),
        token,
        ..call(day, inputs)
    }
}

fn undo(etl: &Etl, run: &str, token: u64, inputs: StepInputs) -> Result<Undone, StepError> {
    let day = (inputs == StepInputs::UndoLoad).then_some(DAY);
    etl.call(&call_of(run, token, day, inputs))
        .and_then(StepOutput::try_into_undone)
}

/// Prepares and loads both days and publishes them.
fn publish(etl: &Etl, run: &str, token: u64) -> Published {
    let prepared = etl.prepare(run, "tiny", 1).unwrap();
    let loaded = prepared
        .iter()
        .map(|day| {
            let inputs = StepInputs::Load {
                transformed: day.transformed.clone(),
                checked: day.checked.clone(),
            };
            let date = day.day.to_string();
            let load = call_of(run, token, Some(&date), inputs);
            etl.call(&load).unwrap().try_into_loaded().unwrap()
        })
        .collect();
    let inputs = StepInputs::Publish { loaded };
    let published = etl.call(&call_of(run, token, None, inputs)).unwrap();
    published.try_into_published().unwrap()
}

/// The same inputs, but with one flight less on the first day and another delay.
fn change(inputs: &Inputs) {
    let changed = FLIGHTS
        .replace(",33,AA,1141", ",34,AA,1141")
        .lines()
        .filter(|line| !line.contains("UA,1545"))
        .fold(FLIGHTS_HEADER.to_owned(), |text, line| text + line + "\n");
    inputs.write(orchbench_etl::dataset::Dataset::Flights, &changed);
}

#[test]
fn a_load_is_undone_to_the_rows_before_it_once() {
    let inputs = small();
    let etl = inputs.open();
    publish(&etl, "r1", 1);
    let before = etl.warehouse().rows("tiny").unwrap();
    drop(etl);
    change(&inputs);
    let etl = inputs.open();
    publish(&etl, "r2", 2);
    assert_ne!(etl.warehouse().rows("tiny").unwrap(), before);

    let first = undo(&etl, "r2", 3, StepInputs::UndoLoad).unwrap();
    assert_eq!((first.undo, first.changed), (Undo::Restored, 2));
    assert_eq!(first.act, "r2/load/2013-01-01");
    assert_eq!(etl.warehouse().rows("tiny").unwrap(), before);
    let again = undo(&etl, "r2", 4, StepInputs::UndoLoad).unwrap();
    assert_eq!(
        again,
        Undone {
            changed: 0,
            ..first
        }
    );
    assert_eq!(etl.warehouse().rows("tiny").unwrap(), before);
}

#[test]
fn the_first_load_of_a_partition_is_undone_to_nothing() {
    let inputs = small();
    let etl = inputs.open();
    publish(&etl, "r1", 1);
    let undone = undo(&etl, "r1", 2, StepInputs::UndoLoad).unwrap();
    assert_eq!((undone.undo, undone.changed), (Undo::Restored, 3));
    let left = etl.warehouse().rows("tiny").unwrap();
    assert_eq!(left.len(), 1, "the other day stays");
    assert_eq!(etl.warehouse().partitions("tiny").unwrap().len(), 1);
}

#[test]
fn an_act_that_comes_after_its_compensation_is_refused() {
    for fencing in [true, false] {
        let inputs = small();
        let etl = Etl::open(EtlConfig {
            sink: Sink {
                kind: SinkKind::Idempotent,
                fencing,
            },
            ..inputs.config()
        })
        .unwrap();
        let prepared = etl.prepare("r1", "tiny", 1).unwrap().remove(0);
        let undone = undo(&etl, "r1", 1, StepInputs::UndoLoad).unwrap();
        assert_eq!((undone.undo, undone.changed), (Undo::NothingToUndo, 0));
        let undone = undo(&etl, "r1", 1, StepInputs::UndoPublish).unwrap();
        assert_eq!(undone.undo, Undo::NothingToUndo);
        let inputs = StepInputs::Load {
            transformed: prepared.transformed,
            checked: prepared.checked,
        };
        let late = etl.call(&call_of("r1", 9, Some(DAY), inputs)).unwrap_err();
        assert_eq!(late.error_type, ErrorType::Fenced, "{late}");
        assert!(late.message.contains("undone already"), "{late}");
        assert_eq!(etl.warehouse().rows("tiny").unwrap(), []);
    }
}

#[test]
fn what_another_run_has_written_since_stays() {
    let inputs = small();
    let etl = inputs.open();
    publish(&etl, "r1", 1);
    drop(etl);
    change(&inputs);
    let etl = inputs.open();
    let second = publish(&etl, "r2", 2);
    // The same data once more, so nothing changes, but it is the third run's from now on.
    publish(&etl, "r3", 3);
    let rows = etl.warehouse().rows("tiny").unwrap();
    for inputs in [StepInputs::UndoPublish, StepInputs::UndoLoad] {
        let undone = undo(&etl, "r2", 4, inputs).unwrap();
        assert_eq!((undone.undo, undone.changed), (Undo::Superseded, 0));
    }
    for inputs in [StepInputs::UndoPublish, StepInputs::UndoLoad] {
        let undone = undo(&etl, "r3", 5, inputs).unwrap();
        assert_eq!(undone.undo, Undo::NothingToUndo, "it had changed nothing");
    }
    assert_eq!(etl.warehouse().rows("tiny").unwrap(), rows);
    assert_eq!(
        etl.warehouse().published("tiny").unwrap(),
        Some(second.version)
    );
}

#[test]
fn a_publication_is_undone_to_the_version_before_it() {
    let inputs = small();
    let etl = inputs.open();
    let first = publish(&etl, "r1", 1);
    drop(etl);
    change(&inputs);
    let etl = inputs.open();
    let second = publish(&etl, "r2", 2);
    assert_ne!(first.version, second.version);
    let undone = undo(&etl, "r2", 3, StepInputs::UndoPublish).unwrap();
    assert_eq!((undone.undo, &undone.now), (Undo::Restored, &first.version));
    assert_eq!(
        etl.warehouse().published("tiny").unwrap(),
        Some(first.version.clone())
    );
    // The first version again makes no marts anew: they were never gone. The second one's are.
    let undone = undo(&etl, "r1", 4, StepInputs::UndoPublish).unwrap();
    assert_eq!((undone.undo, undone.now.as_str()), (Undo::Restored, ""));
    assert_eq!(etl.warehouse().published("tiny").unwrap(), None);
    let third = publish(&etl, "r4", 5);
    assert_eq!((third.version, third.changed), (second.version, true));
}

#[test]
fn an_older_compensation_is_fenced_and_the_naive_sink_has_none() {
    let inputs = small();
    let etl = inputs.open();
    publish(&etl, "r1", 7);
    let late = undo(&etl, "r1", 6, StepInputs::UndoLoad).unwrap_err();
    assert_eq!(late.error_type, ErrorType::Fenced);
    drop(etl);
    let etl = Etl::open(EtlConfig {
        sink: Sink {
            kind: SinkKind::Naive,
            fencing: true,
        },
        ..inputs.config()
    })
    .unwrap();
    let error = undo(&etl, "r1", 8, StepInputs::UndoPublish).unwrap_err();
    assert!(
        error.message.contains("expected the idempotent sink"),
        "{error}"
    );
}

#[test]
fn an_announcement_is_retracted_and_a_busy_catalogue_says_when_to_come_again() {
    let inputs = small();
    let (_receipts, service) = catalogue();
    let etl = Etl::open(EtlConfig {
        catalogue_url: Some(service.url().to_owned()),
        ..inputs.config()
    })
    .unwrap();
    let published = publish(&etl, "r1", 1);
    let announce = || StepInputs::Announce {
        published: published.clone(),
    };
    let post = |run: &str, inputs| etl.call(&call_of(run, 1, None, inputs));

    service.throttle_next(1, 3);
    let busy = post("r1", announce()).unwrap_err();
    assert_eq!(
        (busy.error_type, busy.retry_after_ms),
        (ErrorType::Throttled, Some(3_000))
    );
    let announced: Announced = post("r1", announce())
        .unwrap()
        .try_into_announced()
        .unwrap();
    assert_eq!(announced.receipt, "receipt-000001");
    let undone = undo(&etl, "r1", 1, StepInputs::UndoAnnounce).unwrap();
    assert_eq!((undone.undo, undone.now.as_str()), (Undo::Restored, ""));
    assert_eq!(service.current("tiny"), None);

    let undone = undo(&etl, "r2", 1, StepInputs::UndoAnnounce).unwrap();
    assert_eq!(undone.undo, Undo::NothingToUndo);
    let late = post("r2", announce()).unwrap_err();
    assert_eq!(late.error_type, ErrorType::Fenced, "{late}");

    let escalate = StepInputs::Escalate {
        reason: "nobody has approved".to_owned(),
    };
    let escalated = post("r1", escalate).unwrap().try_into_escalated().unwrap();
    assert_eq!(escalated.receipt, "receipt-000004");
}
