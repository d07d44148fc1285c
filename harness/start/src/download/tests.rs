use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::*;

type Pages = Vec<(&'static str, Vec<u8>)>;

/// Serves pages by their path until the process ends; the URL to put before them.
fn serve(pages: Pages) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let base = format!("http://{}", listener.local_addr().expect("its address"));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let mut lines = BufReader::new(stream.try_clone().expect("a clone")).lines();
            let request = lines.next().expect("a request").expect("its line");
            lines
                .by_ref()
                .take_while(|line| line.as_ref().is_ok_and(|line| !line.is_empty()))
                .for_each(drop);
            let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
            let page = pages.iter().find(|(name, _)| *name == path);
            let (status, body) = page.map_or(("404 Not Found", &[][..]), |(_, body)| {
                ("200 OK", body.as_slice())
            });
            let head = format!(
                "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                body.len()
            );
            stream.write_all(head.as_bytes()).expect("the head");
            stream.write_all(body).expect("the body");
        }
    });
    base
}

fn archive(name: &str, content: &[u8]) -> Vec<u8> {
    let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    let mut header = tar::Header::new_gnu();
    header.set_size(content.len() as u64);
    header.set_mode(0o644);
    builder
        .append_data(&mut header, name, content)
        .expect("an entry");
    builder
        .into_inner()
        .and_then(GzEncoder::finish)
        .expect("an archive")
}

fn listed(packed: &[u8]) -> Vec<u8> {
    let digest = Sha256::digest(packed);
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{}  other.tar.gz\n{hex}  a.tar.gz\n", "0".repeat(64)).into_bytes()
}

fn fetched(pages: Pages) -> (Result<(), String>, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let fresh = tempfile::tempdir_in(&folder).expect("a folder");
    let target = folder.path().join("server");
    let got = fetch(&serve(pages), "a.tar.gz", &fresh, &target, &|_, _| {});
    (got, folder)
}

#[test]
fn the_program_of_a_listed_archive_is_kept_executable() {
    let packed = archive("temporal-server", b"#!/bin/true");
    let (got, folder) = fetched(vec![
        ("/checksums.txt", listed(&packed)),
        ("/a.tar.gz", packed),
    ]);
    assert_eq!(got, Ok(()));
    let target = folder.path().join("server");
    assert_eq!(std::fs::read(&target).ok(), Some(b"#!/bin/true".to_vec()));
    let mode = target.metadata().expect("its mode").permissions().mode();
    assert_eq!(mode & 0o111, 0o111);
    let files = std::fs::read_dir(folder.path()).expect("a folder").count();
    assert_eq!(files, 1, "the archive stayed");
}

#[test]
fn another_archive_than_the_listed_one_is_refused_and_not_kept() {
    let packed = archive("temporal-server", b"#!/bin/true");
    let other = archive("temporal-server", b"#!/bin/false");
    let (got, folder) = fetched(vec![
        ("/checksums.txt", listed(&packed)),
        ("/a.tar.gz", other),
    ]);
    let why = got.expect_err("refused");
    assert!(why.contains("expected SHA-256"), "{why}");
    assert_eq!(
        std::fs::read_dir(folder.path()).expect("a folder").count(),
        0
    );
}

#[test]
fn an_archive_that_is_not_listed_or_lacks_the_program_says_so() {
    let (got, _) = fetched(vec![("/checksums.txt", b"00  other.tar.gz\n".to_vec())]);
    let why = got.expect_err("not listed");
    assert!(why.contains("no line for a.tar.gz"), "{why}");
    let packed = archive("README", b"");
    let (got, _) = fetched(vec![
        ("/checksums.txt", listed(&packed)),
        ("/a.tar.gz", packed),
    ]);
    let why = got.expect_err("no program");
    assert!(why.contains("no temporal-server in the archive"), "{why}");
}

/// A listener that takes no connection would otherwise hold the command up for ever.
#[test]
fn a_network_that_is_silent_is_given_up() {
    let silent = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let base = format!("http://{}", silent.local_addr().expect("its address"));
    let folder = tempfile::tempdir().expect("a folder");
    let target = folder.path().join("server");
    let got = fetch(&base, "a.tar.gz", &folder, &target, &|_, _| {});
    let why = got.expect_err("given up");
    assert!(why.contains("checksums.txt: timeout"), "{why}");
}
