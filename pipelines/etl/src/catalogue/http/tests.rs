#![expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::catalogue::CatalogueService;
use crate::http::{KEY_HEADER, MAX_BODY_BYTES, READ_TIMEOUT};

fn service() -> (tempfile::TempDir, CatalogueService) {
    let folder = tempfile::tempdir().unwrap();
    let service = CatalogueService::start(&folder.path().join("receipts.jsonl")).unwrap();
    (folder, service)
}

/// The status of the answer to what it is there for.
fn announce(service: &CatalogueService) -> u16 {
    let answer = ureq::post(format!("{}/announcements", service.url()))
        .header(KEY_HEADER, "r1/announce/-")
        .send(r#"{"source": "EWR", "version": "v1", "run": "r1"}"#);
    answer.unwrap().status().as_u16()
}

/// What the service answers to bytes that no client of ours would send.
fn raw(service: &CatalogueService, request: &str) -> String {
    let mut stream = TcpStream::connect(&service.url()["http://".len()..]).unwrap();
    stream.set_read_timeout(Some(2 * READ_TIMEOUT)).unwrap();
    // A service that does not want the rest may end the connection before or after its answer.
    let _ = stream.write_all(request.as_bytes());
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    answer
}

#[test]
fn a_request_without_measure_is_refused_and_ends_nothing() {
    let (_folder, service) = service();
    let post = |headers: &str, body: &str| {
        let head = "POST /announcements HTTP/1.1\r\nHost: x\r\nIdempotency-Key: k\r\n";
        raw(&service, &format!("{head}{headers}\r\n{body}"))
    };
    let more = MAX_BODY_BYTES + 1;
    let chunk = format!("{more:x}\r\n{}\r\n0\r\n\r\n", "x".repeat(more));
    for (headers, body, status) in [
        ("Content-Length: 99999999999999\r\n".to_owned(), "", " 413 "),
        (format!("Content-Length: {}\r\n", u64::MAX), "", " 4"),
        (format!("Content-Length: {more}\r\n"), "", " 413 "),
        (
            "Content-Length: 99999999999999999999999\r\n".to_owned(),
            "",
            " 400 ",
        ),
        ("Content-Length: -1\r\n".to_owned(), "", " 400 "),
        (
            "Transfer-Encoding: chunked\r\n".to_owned(),
            chunk.as_str(),
            " 413 ",
        ),
        (format!("X: {}\r\n", "x".repeat(1 << 20)), "", " 431 "),
        ("X: x\r\n".repeat(10_000), "", " 431 "),
    ] {
        let answer = post(&headers, body);
        let begin = &headers[..headers.len().min(40)];
        // The head's own limit may close the connection before the answer has been read.
        let refused = answer.contains(status) || (status == " 431 " && answer.is_empty());
        assert!(refused, "{begin:?}: {answer:?}");
        assert_eq!(announce(&service), 200, "after {begin:?}");
    }
}

#[test]
fn clients_that_stall_keep_nobody_waiting_and_are_sent_away() {
    let (_folder, service) = service();
    let address = &service.url()["http://".len()..];
    let stalled: Vec<TcpStream> = (0..20)
        .map(|number| {
            let mut stream = TcpStream::connect(address).unwrap();
            let head = "POST /announcements HTTP/1.1\r\nHost: x\r\nIdempotency-Key: k\r\n";
            let body = if number % 2 == 0 {
                ""
            } else {
                "Content-Length: 10\r\n\r\n{"
            };
            stream
                .write_all(format!("{head}{body}").as_bytes())
                .unwrap();
            stream
        })
        .collect();
    let begun = Instant::now();
    assert_eq!(announce(&service), 200);
    assert!(begun.elapsed() < READ_TIMEOUT / 2, "{:?}", begun.elapsed());
    for mut stream in stalled {
        stream.set_read_timeout(Some(2 * READ_TIMEOUT)).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.is_empty() || answer.contains(" 408 "), "{answer}");
    }
    assert_eq!(service.deliveries().len(), 1);
    // Ending waits for no client either.
    let _idle = TcpStream::connect(address).unwrap();
    let begun = Instant::now();
    drop(service);
    assert!(
        begun.elapsed() < Duration::from_secs(2),
        "{:?}",
        begun.elapsed()
    );
}
