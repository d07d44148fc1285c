//! The same rows on SQLite and on PostgreSQL.

use orchbench_etl::{
    Day, ErrorType, Etl, EtlConfig, Sink, SinkKind, StepCall, StepInputs, StepName, Undo,
    Warehouse, WarehouseRow,
};
use orchbench_lab::postgres::LocalPostgres;

use crate::fixture::{FLIGHTS, FLIGHTS_HEADER, Inputs, catalogue, day};
use crate::sink::{DAY, Ready, small};

/// A whole run twice, then an announcement again.
fn runs(config: EtlConfig) -> (String, Vec<WarehouseRow>) {
    let (_receipts, catalogue) = catalogue();
    let etl = Etl::open(EtlConfig {
        catalogue_url: Some(catalogue.url().to_owned()),
        ..config
    })
    .unwrap();
    let first = etl.run_direct("run-1", "my-source", 2).unwrap();
    assert_eq!(first.partitions, 7);
    assert_eq!(first.extracted, first.accepted + first.quarantined);
    assert_eq!(
        (first.loaded, first.changed),
        (first.accepted, first.accepted)
    );
    assert_eq!(
        etl.warehouse().published("my-source").unwrap(),
        Some(first.version.clone())
    );
    let second = etl.run_direct("run-2", "my-source", 2).unwrap();
    assert_eq!((second.loaded, second.changed), (first.loaded, 0));
    assert_eq!(
        (&second.digest, &second.version),
        (&first.digest, &first.version)
    );
    assert_ne!(second.receipt, first.receipt);
    // The same run again is the same announcement.
    let repeated = etl.run_direct("run-2", "my-source", 2).unwrap();
    assert_eq!(repeated.receipt, second.receipt);
    let announced = catalogue.deliveries();
    let effects = announced.iter().filter(|delivery| !delivery.repeated);
    assert_eq!(effects.count(), 2);
    let applied = etl.warehouse().applied().unwrap();
    assert_eq!(applied.len(), 3 * 8);
    assert_eq!(
        applied
            .iter()
            .filter(|applied| applied.step == StepName::Publish)
            .count(),
        3
    );
    let changed: u64 = applied
        .iter()
        .filter(|applied| applied.step == StepName::Load)
        .map(|applied| applied.rows_changed)
        .sum();
    assert_eq!(changed, first.loaded);

    // What the warehouse has is what the transforms made.
    let mut expected = Vec::new();
    for prepared in etl.prepare("run-3", "my-source", 2).unwrap() {
        expected.extend(
            etl.expected_rows(prepared.day, &prepared.transformed)
                .unwrap(),
        );
    }
    let rows = etl.warehouse().rows("my-source").unwrap();
    assert_eq!(rows, expected);
    undoes(&etl);
    (first.digest, rows)
}

/// A run of another source, and its way back: to nothing, as there was nothing before.
fn undoes(etl: &Etl) {
    etl.run_direct("run-4", "one-day", 1).unwrap();
    let undo = |inputs: StepInputs, partition: Option<Day>| {
        let call = StepCall {
            run: "run-4".to_owned(),
            source: "one-day".to_owned(),
            partition,
            attempt: 1,
            token: i64::MAX as u64,
            inputs,
        };
        etl.call(&call).unwrap().try_into_undone().unwrap()
    };
    let published = undo(StepInputs::UndoPublish, None);
    assert_eq!((published.undo, published.changed), (Undo::Restored, 1));
    let loaded = undo(StepInputs::UndoLoad, Some(day(DAY)));
    assert_eq!((loaded.undo, loaded.changed), (Undo::Restored, 842));
    let again = undo(StepInputs::UndoLoad, Some(day(DAY)));
    assert_eq!((again.undo, again.changed), (Undo::Restored, 0));
    assert_eq!(etl.warehouse().rows("one-day").unwrap(), []);
    assert_eq!(etl.warehouse().published("one-day").unwrap(), None);
}

#[test]
fn a_week_is_the_same_on_sqlite_and_on_postgresql() {
    let folder = tempfile::tempdir().unwrap();
    let sqlite = format!("sqlite:{}", folder.path().join("warehouse.db").display());
    let on_sqlite = runs(EtlConfig::new(folder.path().join("sqlite"), sqlite));
    let Some(server) = LocalPostgres::find_and_start().unwrap() else {
        println!("not run: PostgreSQL binaries not found");
        return;
    };
    let on_postgres = runs(EtlConfig::new(folder.path().join("postgres"), server.url()));
    assert_eq!(on_sqlite, on_postgres);
    partial_changes(server.url());
    marts(
        &format!("sqlite:{}", folder.path().join("warehouse.db").display()),
        server.url(),
    );
    many_open_at_once(server.url());
}

/// Update, delete and insert on PostgreSQL as on SQLite.
fn partial_changes(url: &str) {
    let config = |inputs: &Inputs| EtlConfig {
        warehouse: url.to_owned(),
        ..inputs.config()
    };
    let before = small();
    let etl = Etl::open(config(&before)).unwrap();
    Ready::new(&etl).load(&etl, 1, 1).unwrap();
    let rows = FLIGHTS
        .replace("923,850,33,AA", "923,850,34,AA")
        .replace("AA,30,NA", "AA,31,NA");
    let after = Inputs::new(&format!("{FLIGHTS_HEADER}{rows}"));
    let etl = Etl::open(config(&after)).unwrap();
    let ready = Ready::new(&etl);
    assert_eq!(ready.load(&etl, 1, 1).unwrap().changed, 3);
    let expected = etl.expected_rows(day(DAY), &ready.transformed).unwrap();
    assert_eq!(etl.warehouse().rows("tiny").unwrap(), expected);
    assert_eq!(
        ready.load(&etl, 1, 0).unwrap_err().error_type,
        ErrorType::Fenced
    );
    let naive = Etl::open(EtlConfig {
        sink: Sink {
            kind: SinkKind::Naive,
            fencing: false,
        },
        ..config(&after)
    })
    .unwrap();
    let naively = ready.load(&naive, 1, 0).unwrap();
    assert_eq!(naively.digest, ready.transformed.artifact.digest);
}

/// The marts are equal, as far as text and sums go.
fn marts(sqlite: &str, postgres: &str) {
    let sql = "SELECT carrier, flights, arrived, dep_delay_sum, arr_delay_sum FROM delay_by_carrier \
               WHERE source = 'my-source' ORDER BY carrier";
    let connection = rusqlite::Connection::open(sqlite.trim_start_matches("sqlite:")).unwrap();
    let mut statement = connection.prepare(sql).unwrap();
    let on_sqlite: Vec<(String, i64, i64, i64, i64)> = statement
        .query_map([], |row| {
            Ok((
                row.get(0)?,
                row.get(1)?,
                row.get(2)?,
                row.get(3)?,
                row.get(4)?,
            ))
        })
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let mut client = postgres::Client::connect(postgres, postgres::NoTls).unwrap();
    let on_postgres: Vec<(String, i64, i64, i64, i64)> = client
        .query(sql, &[])
        .unwrap()
        .iter()
        .map(|row| (row.get(0), row.get(1), row.get(2), row.get(3), row.get(4)))
        .collect();
    assert!(!on_sqlite.is_empty());
    assert_eq!(on_sqlite, on_postgres);
    let flights: i64 = on_sqlite.iter().map(|row| row.1).sum();
    let by_weather =
        "SELECT CAST(sum(flights) AS BIGINT) FROM delay_by_weather WHERE source = 'my-source'";
    let row = client.query_one(by_weather, &[]).unwrap();
    assert_eq!(row.get::<_, i64>(0), flights);
}

/// Tables are made once, whoever comes first.
fn many_open_at_once(url: &str) {
    let mut client = postgres::Client::connect(url, postgres::NoTls).unwrap();
    client.batch_execute("CREATE DATABASE fresh").unwrap();
    let fresh = format!("{}/fresh", url.rsplit_once('/').unwrap().0);
    std::thread::scope(|scope| {
        let opening: Vec<_> = (0..6)
            .map(|_| scope.spawn(|| Warehouse::open(&fresh).map(|_| ())))
            .collect();
        for one in opening {
            one.join().unwrap().unwrap();
        }
    });
}
