//! Artifacts on a real protocol: S3 as its server has it.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::path::Path;

use super::{Objects, Place as _};

#[path = "../../../tests/fixtures/s3.rs"]
mod s3;

use s3::S3;

const URL: &str = "s3://artifacts/some/prefix";

fn open(server: &S3, url: &str) -> Result<Objects, String> {
    Objects::open_with(url, server.environment())
}

#[test]
fn an_object_appears_whole_and_the_first_one_counts() {
    let server = S3::start().unwrap();
    let store = open(&server, URL).unwrap();
    let path = Path::new("flights/abc.parquet");
    assert!(!store.has(path));
    assert_eq!(
        store.get(path).unwrap_err().kind(),
        std::io::ErrorKind::NotFound
    );
    store.put(path, b"first".to_vec()).unwrap();
    // Who comes second has made the same, and is told that all is well.
    store.put(path, b"second".to_vec()).unwrap();
    assert_eq!(&store.get(path).unwrap()[..], b"first");
    assert!(store.has(path));
    assert!(
        server
            .bucket()
            .join("some/prefix/flights/abc.parquet")
            .exists()
    );
    // What is damaged makes way for what is not.
    store.put_aside(path);
    assert!(!store.has(path));
    store.put(path, b"again".to_vec()).unwrap();
    assert_eq!(&store.get(path).unwrap()[..], b"again");
    assert_eq!(
        &store.get(Path::new("flights/abc.damaged")).unwrap()[..],
        b"first"
    );
}

#[test]
fn a_store_that_is_away_for_a_moment_is_waited_for() {
    let mut server = S3::start().unwrap();
    let store = open(&server, URL).unwrap();
    let path = Path::new("flights/abc.parquet");
    server.kill();
    std::thread::scope(|scope| {
        let put = scope.spawn(|| store.put(path, b"late".to_vec()));
        // It has nobody to tell it yet.
        std::thread::sleep(std::time::Duration::from_millis(300));
        assert!(!put.is_finished());
        server.restart().unwrap();
        put.join().unwrap().unwrap();
    });
    assert_eq!(&store.get(path).unwrap()[..], b"late");
}

#[test]
fn many_writers_of_the_same_end_with_one() {
    let server = S3::start().unwrap();
    let store = open(&server, URL).unwrap();
    let path = Path::new("planes/same.parquet");
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| store.put(path, vec![7; 100_000]).unwrap());
        }
    });
    assert_eq!(store.get(path).unwrap().len(), 100_000);
}

#[test]
fn a_shared_folder_is_a_store_as_well() {
    let dir = tempfile::tempdir().unwrap();
    let url = format!("file://{}", dir.path().display());
    let store = Objects::open_with(&url, []).unwrap();
    let path = Path::new("weather/abc.parquet");
    store.put(path, b"first".to_vec()).unwrap();
    store.put(path, b"second".to_vec()).unwrap();
    assert_eq!(&store.get(path).unwrap()[..], b"first");
}

#[test]
fn what_cannot_be_used_is_said_by_name_and_without_a_secret() {
    let server = S3::start().unwrap();
    for (url, told) in [
        ("no url", "expected a URL such as s3://bucket/prefix"),
        ("ftp://host/folder", "ftp://host/folder"),
        (
            "s3://somebody:secret@artifacts/x",
            "expected a URL without user",
        ),
    ] {
        let refused = open(&server, url).unwrap_err();
        assert!(
            refused.contains(told) && !refused.contains("secret"),
            "{refused}"
        );
    }
    let mut wrong = server.environment();
    wrong.retain(|(name, _)| name != "AWS_SECRET_ACCESS_KEY");
    wrong.push((
        "AWS_SECRET_ACCESS_KEY".to_owned(),
        "wrong-password".to_owned(),
    ));
    let refused = Objects::open_with(URL, wrong).unwrap_err();
    assert!(
        refused.starts_with("s3://artifacts/some/prefix: "),
        "{refused}"
    );
    assert!(!refused.contains("wrong-password"), "{refused}");
}
