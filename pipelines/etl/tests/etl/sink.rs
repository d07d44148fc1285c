//! The sinks: idempotent and naive, fenced or not, on SQLite and PostgreSQL.

use orchbench_etl::{
    Checked, ErrorType, Etl, EtlConfig, Loaded, Sink, SinkKind, StepInputs, Transformed, Warehouse,
};

use crate::fixture::{FLIGHTS, FLIGHTS_HEADER, Inputs, call, day};

pub const DAY: &str = "2013-01-01";

pub struct Ready {
    pub transformed: Transformed,
    checked: Checked,
}

impl Ready {
    /// The first day of the source `tiny`, ready to load.
    pub fn new(etl: &Etl) -> Self {
        let mut prepared = etl.prepare("prepare", "tiny", 1).unwrap();
        let first = prepared.remove(0);
        assert_eq!(first.day, day(DAY));
        Self {
            transformed: first.transformed,
            checked: first.checked,
        }
    }

    pub fn load(
        &self,
        etl: &Etl,
        attempt: u32,
        token: u64,
    ) -> Result<Loaded, orchbench_etl::StepError> {
        let mut load = call(
            Some(DAY),
            StepInputs::Load {
                transformed: self.transformed.clone(),
                checked: self.checked.clone(),
            },
        );
        load.attempt = attempt;
        load.token = token;
        etl.call(&load)?.try_into_loaded()
    }
}

fn with_sink(inputs: &Inputs, kind: SinkKind, fencing: bool) -> Etl {
    Etl::open(EtlConfig {
        sink: Sink { kind, fencing },
        ..inputs.config()
    })
    .unwrap()
}

pub fn small() -> Inputs {
    Inputs::new(&format!("{FLIGHTS_HEADER}{FLIGHTS}"))
}

#[test]
fn the_check_finds_what_the_transform_made() {
    let inputs = small();
    let etl = inputs.open();
    let prepared = etl.prepare("run-1", "tiny", 2).unwrap();
    assert_eq!(prepared.len(), 2);
    let unresolved = prepared[0].transformed.unresolved;
    // NOPLANE and the missing tail number; BQN; the LGA evening.
    assert_eq!(
        (unresolved.plane, unresolved.airport, unresolved.weather),
        (2, 1, 1)
    );
    // A transform that lost its count is caught, and every fault is told.
    let mut lying = prepared[0].transformed.clone();
    lying.unresolved.plane = 0;
    lying.arr_delay_sum += 1;
    let inputs = StepInputs::Check {
        flights: prepared[0].flights.clone(),
        transformed: lying,
    };
    let error = etl.call(&call(Some(DAY), inputs)).unwrap_err();
    assert_eq!(error.error_type, ErrorType::CheckFailed);
    assert!(
        error
            .message
            .contains("plane_type: expected 0 nulls, found 2"),
        "{error}"
    );
    assert!(
        error
            .message
            .contains("sum of arr_delay: expected 45, found 44"),
        "{error}"
    );
    // Another day's rows are no rows of this day.
    let inputs = StepInputs::Check {
        flights: prepared[0].flights.clone(),
        transformed: prepared[0].transformed.clone(),
    };
    let error = etl.call(&call(Some("2013-01-02"), inputs)).unwrap_err();
    assert!(
        error
            .message
            .contains("expected this source and day, found flight AA/30/LGA/1630"),
        "{error}"
    );
}

#[test]
fn an_idempotent_load_changes_only_what_differs() {
    let inputs = small();
    let etl = inputs.open();
    let ready = Ready::new(&etl);
    let first = ready.load(&etl, 1, 1).unwrap();
    assert_eq!((first.rows, first.changed), (3, 3));
    assert_eq!(first.digest, ready.transformed.artifact.digest);
    let again = ready.load(&etl, 2, 1).unwrap();
    assert_eq!((again.rows, again.changed), (3, 0));
    let changes: Vec<u64> = etl
        .warehouse()
        .applied()
        .unwrap()
        .iter()
        .map(|applied| applied.rows_changed)
        .collect();
    assert_eq!(changes, [3, 0]);

    // One row changes, one goes, one comes: three changes.
    let rows = FLIGHTS
        .replace("923,850,33,AA", "923,850,34,AA")
        .replace("AA,30,NA", "AA,31,NA");
    let changed = Inputs::new(&format!("{FLIGHTS_HEADER}{rows}"));
    let etl = Etl::open(EtlConfig {
        warehouse: inputs.config().warehouse,
        ..changed.config()
    })
    .unwrap();
    let ready = Ready::new(&etl);
    let third = ready.load(&etl, 1, 1).unwrap();
    assert_eq!((third.rows, third.changed), (3, 3));
    let expected = etl.expected_rows(day(DAY), &ready.transformed).unwrap();
    assert_eq!(etl.warehouse().rows("tiny").unwrap(), expected);
}

#[test]
fn a_naive_load_doubles() {
    let inputs = small();
    let etl = with_sink(&inputs, SinkKind::Naive, false);
    let ready = Ready::new(&etl);
    let first = ready.load(&etl, 1, 1).unwrap();
    assert_eq!((first.rows, first.changed), (3, 3));
    assert_eq!(first.digest, ready.transformed.artifact.digest);
    let again = ready.load(&etl, 2, 1).unwrap();
    assert_eq!((again.rows, again.changed), (6, 3));
    assert_ne!(again.digest, first.digest);
    let rows = etl.warehouse().rows("tiny").unwrap();
    assert_eq!(
        rows.iter().map(|row| row.copies).collect::<Vec<_>>(),
        [2, 2, 2]
    );
}

#[test]
fn fencing_refuses_the_older_token() {
    for kind in [SinkKind::Idempotent, SinkKind::Naive] {
        let inputs = small();
        let etl = with_sink(&inputs, kind, true);
        let ready = Ready::new(&etl);
        ready.load(&etl, 1, 7).unwrap();
        ready.load(&etl, 2, 7).unwrap();
        let error = ready.load(&etl, 1, 6).unwrap_err();
        assert_eq!(error.error_type, ErrorType::Fenced);
        assert_eq!(
            error.message,
            "partition tiny/2013-01-01: write with fencing token 6 refused: expected at least 7"
        );
        assert_eq!(etl.warehouse().applied().unwrap().len(), 2);
        // Without fencing the zombie gets through, but the newest token stays on record.
        let open = with_sink(&inputs, kind, false);
        ready.load(&open, 1, 6).unwrap();
        assert_eq!(
            ready.load(&etl, 1, 6).unwrap_err().error_type,
            ErrorType::Fenced
        );
    }
}

#[test]
fn a_load_needs_the_check_of_the_same_rows() {
    let inputs = small();
    let etl = inputs.open();
    let mut ready = Ready::new(&etl);
    ready.checked.digest = "0".repeat(64);
    let error = ready.load(&etl, 1, 1).unwrap_err();
    assert_eq!(error.error_type, ErrorType::BadInput);
}

#[test]
fn a_publication_wants_the_partitions_it_was_told() {
    let inputs = small();
    let etl = inputs.open();
    let ready = Ready::new(&etl);
    let loaded = ready.load(&etl, 1, 1).unwrap();
    let second = Loaded {
        partition: day("2013-01-02"),
        ..loaded.clone()
    };
    let publish = StepInputs::Publish {
        loaded: vec![second, loaded],
    };
    let error = etl.call(&call(None, publish)).unwrap_err();
    assert_eq!(error.error_type, ErrorType::Warehouse);
    assert!(
        error
            .message
            .starts_with("partition tiny/2013-01-02: expected digest "),
        "{error}"
    );
    assert!(
        error.message.ends_with(", found no such partition"),
        "{error}"
    );
    assert_eq!(etl.warehouse().published("tiny").unwrap(), None);
}

#[test]
fn many_open_one_sqlite_file_at_once() {
    // The switch of a new file to WAL is a race that one round may miss.
    for _ in 0..20 {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("warehouse.db").display());
        let start = std::sync::Barrier::new(6);
        std::thread::scope(|scope| {
            let open = || {
                start.wait();
                Warehouse::open(&url).map(|_| ())
            };
            let opening: Vec<_> = (0..6).map(|_| scope.spawn(open)).collect();
            for one in opening {
                one.join().unwrap().unwrap();
            }
        });
    }
    let error = Warehouse::open("mysql://x").unwrap_err();
    assert_eq!(
        error.to_string(),
        "warehouse \"mysql://x\": expected sqlite:PATH or postgres://…"
    );
}

#[test]
fn an_announcement_without_a_service_says_so() {
    let inputs = small();
    let published = orchbench_etl::Published {
        version: "v".into(),
        loaded: 0,
        digest: "d".into(),
        changed: false,
    };
    let announce = call(None, StepInputs::Announce { published });
    let error = inputs.open().call(&announce).unwrap_err();
    assert_eq!(error.error_type, ErrorType::Catalogue);
    assert_eq!(
        error.message,
        "no catalogue service: expected catalogue_url in the configuration, found none"
    );
    let nobody = Etl::open(EtlConfig {
        catalogue_url: Some("http://127.0.0.1:9".into()),
        ..inputs.config()
    })
    .unwrap();
    let error = nobody.call(&announce).unwrap_err();
    assert!(
        error.retryable() && error.message.contains("http://127.0.0.1:9/announcements"),
        "{error}"
    );
}
