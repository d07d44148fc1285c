//! Any byte of a catalog file may change on the disk: it is found and placed, or it stood for
//! nothing.

use super::fixture::{checkpoint, key, place, record, verify_and_read};
use crate::{Catalog, CatalogError};

#[test]
fn a_flipped_byte_is_reported_or_meant_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("catalog.db");
    drop(record(&path));
    checkpoint(&path);
    let whole = std::fs::read(&path).unwrap();
    let expected = verify_and_read(&path, None).unwrap();
    let mut reported = 0;
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        // Another bit at each place.
        bytes[at] ^= 1 << (at % 8);
        let copy = place(dir.path(), at);
        std::fs::write(&copy, &bytes).unwrap();
        match verify_and_read(&copy, None) {
            Ok(read) => assert_eq!(read, expected, "byte {at} changed what is read"),
            Err(_) => reported += 1,
        }
        std::fs::remove_file(&copy).unwrap();
    }
    // Most bytes of a catalog that are not its empty space stand for something.
    let written = whole.iter().filter(|byte| **byte != 0).count();
    assert!(reported > written / 2, "{reported} of {written}");
}

#[test]
fn a_changed_record_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("catalog.db");
    drop(record(&path));
    let changes = [
        (
            "UPDATE events SET body = replace(body, 'good-whole', 'good-while') WHERE seq = 9",
            "event 9: digest ",
        ),
        (
            "UPDATE events SET at_ms = at_ms + 1 WHERE seq = 4",
            "event 4: digest ",
        ),
        (
            "UPDATE events SET digest = zeroblob(32) WHERE seq = 5",
            "event 5: digest ",
        ),
        (
            "UPDATE events SET partition = NULL WHERE seq = 3",
            "event 3: digest ",
        ),
        (
            "UPDATE events SET attempt = 'one' WHERE seq = 6",
            "event 6: Invalid column type Text",
        ),
        (
            "DELETE FROM events WHERE seq = 7",
            "event 7: is missing, the log goes on with event 8",
        ),
        (
            "UPDATE latest SET seq = seq - 1 WHERE asset = 'shop/flaky'",
            "table latest, row \"shop/flaky \": ",
        ),
        (
            "DELETE FROM checks",
            "table checks, row \"shop/report  counts\": is missing, expected ",
        ),
        (
            "INSERT INTO observations VALUES ('a', '', 1, 1)",
            "table observations, row \"a \": 1 1, expected by the log: no such row",
        ),
        (
            "UPDATE observations SET first_seq = seq WHERE first_seq < seq",
            "table observations, row \"shop/source 2013-01-01\": ",
        ),
        (
            "UPDATE automations SET cursor = '1'",
            "table automations, row \"sensor\": ",
        ),
        (
            "UPDATE automations SET note = x'74776f'",
            "table automations, row \"sensor\": ",
        ),
        (
            "UPDATE runs SET status = 'success' WHERE run = 'fail'",
            "table runs, row \"fail\": ",
        ),
        (
            "UPDATE meta SET value = 0 WHERE name = 'epoch'",
            "epoch: 0, expected at least 1, that of the newest event",
        ),
    ];
    let connection = rusqlite::Connection::open(&path).unwrap();
    let catalog = Catalog::open(&path).unwrap();
    let whole = catalog.verify(None).unwrap();
    for (sql, expected) in changes {
        // Each change is seen through a copy, as it would be by another process.
        let copy = place(dir.path(), 0);
        connection
            .execute("VACUUM INTO ?1", [copy.to_str().unwrap()])
            .unwrap();
        let changed = rusqlite::Connection::open(&copy).unwrap();
        assert!(changed.execute(sql, []).unwrap() > 0, "{sql}");
        let error = Catalog::open(&copy).unwrap().verify(None).unwrap_err();
        assert!(matches!(error, CatalogError::Corrupt { .. }), "{error}");
        assert!(error.to_string().contains(expected), "{sql}: {error}");
        drop(changed);
        std::fs::remove_file(&copy).unwrap();
    }
    assert_eq!(catalog.verify(Some(&whole.head)).unwrap(), whole);
}

#[test]
fn another_history_is_told_from_the_noted_one() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("catalog.db");
    let (executor, heads) = record(&path);
    let noted = &heads[1];
    let verified = executor.catalog().verify(Some(noted)).unwrap();
    assert_eq!(
        (&verified.head, verified.missing),
        (heads.last().unwrap(), 0)
    );
    let other = crate::Head {
        digest: "00".repeat(32),
        ..noted.clone()
    };
    let error = executor.catalog().verify(Some(&other)).unwrap_err();
    let expected = format!("event {}: digest {}, noted 0000", noted.seq, noted.digest);
    assert!(error.to_string().contains(&expected), "{error}");
    // The chain is the same whoever keeps it.
    let events = executor.catalog().all_events().unwrap();
    assert_eq!(events.len() as u64, verified.head.seq);
    assert!(executor.catalog().checks_of(&key("shop/report")).unwrap()[0].blocks());
}
