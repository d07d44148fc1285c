//! The reader against damage of any kind: an answer or an error, never a panic.
//!
//! `PROPTEST_CASES` sets the number of cases; 256 of each take a few seconds.

use std::sync::OnceLock;

use proptest::prelude::*;
use rusqlite::types::Value;

use super::fixture::{checkpoint, read_all, record, verify_and_read};
use crate::catalog::StartLog;
use crate::{Catalog, Executor, ExecutorOptions};

/// The bytes of a good catalog.
fn whole() -> &'static [u8] {
    static WHOLE: OnceLock<Vec<u8>> = OnceLock::new();
    WHOLE.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("catalog.db");
        drop(record(&path));
        checkpoint(&path);
        std::fs::read(&path).unwrap()
    })
}

fn cell() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::Integer),
        any::<f64>().prop_map(Value::Real),
        ".{0,12}".prop_map(Value::Text),
        proptest::collection::vec(any::<u8>(), 0..40).prop_map(Value::Blob),
    ]
}

const KINDS: [&str; 16] = [
    "run_submitted",
    "run_resumed",
    "run_ended",
    "attempt_started",
    "attempt_interrupted",
    "attempt_failed",
    "materialized",
    "observed",
    "checked",
    "skipped",
    "ticked",
    "backfill_requested",
    "backfill_ended",
    "backfill_resumed",
    "cancel_requested",
    "wiped",
];

const COLUMNS: [&str; 9] = [
    "t_ns",
    "at_ms",
    "epoch",
    "kind",
    "run",
    "asset",
    "partition",
    "attempt",
    "body",
];

/// JSON that is nearly what stands in a body.
fn body() -> impl Strategy<Value = Value> {
    let word = prop_oneof![
        Just("\"a/b\"".to_owned()),
        Just("null".to_owned()),
        Just("[]".to_owned()),
        Just("{}".to_owned()),
        Just("-1".to_owned()),
        Just("true".to_owned()),
        Just("\"all\"".to_owned()),
        Just("\"success\"".to_owned()),
    ];
    let name = prop_oneof![
        Just("selection"),
        Just("mode"),
        Just("config"),
        Just("data_version"),
        Just("code_version"),
        Just("metadata"),
        Just("inputs"),
        Just("failure"),
        Just("status"),
        Just("fresh"),
        Just("reason"),
        Just("name"),
        Just("passed"),
        Just("severity"),
        Just("automation"),
        Just("for_ms"),
        Just("orders"),
        Just("cursor"),
        Just("id"),
        Just("partitions"),
        Just("identity"),
        Just("stages"),
    ];
    proptest::collection::vec((name, word), 0..8).prop_map(|fields| {
        let fields: Vec<String> = fields
            .iter()
            .map(|(name, word)| format!("\"{name}\":{word}"))
            .collect();
        Value::Text(format!("{{{}}}", fields.join(",")))
    })
}

proptest! {
    #[test]
    fn bytes_changed_anywhere(changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..40)) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("catalog.db");
        let mut bytes = whole().to_vec();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        std::fs::write(&path, &bytes).unwrap();
        let _ = verify_and_read(&path, None);
        if let Ok(catalog) = Catalog::open(&path) {
            let _ = read_all(&catalog);
        }
        let _ = Executor::open(&path, ExecutorOptions::default());
    }

    #[test]
    fn records_that_say_anything(
        rows in proptest::collection::vec((1_i64..40, 0..COLUMNS.len(), cell()), 0..6),
        kinds in proptest::collection::vec((1_i64..40, 0..KINDS.len(), body()), 0..6),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("catalog.db");
        std::fs::write(&path, whole()).unwrap();
        let connection = rusqlite::Connection::open(&path).unwrap();
        for (seq, kind, body) in kinds {
            let sql = "UPDATE events SET kind = ?2, body = ?3 WHERE seq = ?1";
            connection.execute(sql, rusqlite::params![seq, KINDS[kind], body]).unwrap();
        }
        for (seq, column, cell) in rows {
            let sql = format!("UPDATE OR IGNORE events SET {} = ?2 WHERE seq = ?1", COLUMNS[column]);
            connection.execute(&sql, rusqlite::params![seq, cell]).unwrap();
        }
        drop(connection);
        let _ = verify_and_read(&path, None);
        let catalog = Catalog::open(&path).unwrap();
        let _ = read_all(&catalog);
        drop(catalog);
        let _ = Executor::open(&path, ExecutorOptions::default());
    }

    #[test]
    fn a_start_log_of_anything(text in prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..200),
        "(\\{\"t_ns\":[0-9]{1,25},\"at_ms\":1,\"attempt\":[0-9]{1,12},\"asset\":\"[a /]{0,4}\",\"partition\":null,\"run\":\"r\"\\}\n){0,3}"
            .prop_map(String::into_bytes),
    ]) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("catalog.db");
        std::fs::write(StartLog::path_beside(&path), text).unwrap();
        let _ = Executor::open(&path, ExecutorOptions::default());
    }
}
