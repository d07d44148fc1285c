//! The journal as witness: what it records, and what shows when it was tampered with.

use std::path::{Path, PathBuf};

use orchbench_etl::journal::{Entry, Kind, ProblemKind, Writer, read, read_dir};
use orchbench_etl::{CrashPoint, ErrorType, Etl, EtlConfig, FailurePlan, StepInputs};

use crate::fixture::{FLIGHTS, FLIGHTS_HEADER, Inputs, call};

/// A journal of five records: open, three, close.
fn written(dir: &Path) -> (PathBuf, Vec<String>) {
    let writer = Writer::create(dir, "1-100", 1).unwrap();
    for run in ["a", "b", "c"] {
        let entry = Entry {
            run: Some(run.to_owned()),
            ..Entry::default()
        };
        writer.append(Kind::Ack, entry).unwrap();
    }
    let path = writer.path().to_owned();
    drop(writer);
    let lines = std::fs::read_to_string(&path)
        .unwrap()
        .lines()
        .map(|line| format!("{line}\n"))
        .collect();
    (path, lines)
}

/// The problems after a change of the lines: kind, line and message.
fn problems(change: impl FnOnce(&mut Vec<String>)) -> Vec<(ProblemKind, u64, String)> {
    let dir = tempfile::tempdir().unwrap();
    let (path, mut lines) = written(dir.path());
    change(&mut lines);
    std::fs::write(&path, lines.concat()).unwrap();
    let problems = read(&path).unwrap().problems;
    for problem in &problems {
        assert!(problem.to_string().starts_with(&format!(
            "{}: line {}: ",
            path.display(),
            problem.line
        )));
    }
    problems
        .into_iter()
        .map(|problem| (problem.kind, problem.line, problem.message))
        .collect()
}

#[test]
fn an_untouched_journal_has_no_problems() {
    let dir = tempfile::tempdir().unwrap();
    written(dir.path());
    let journal = read_dir(dir.path()).unwrap();
    assert_eq!(journal.problems, []);
    let kinds: Vec<Kind> = journal.records.iter().map(|record| record.kind).collect();
    assert_eq!(
        kinds,
        [Kind::Open, Kind::Ack, Kind::Ack, Kind::Ack, Kind::Close]
    );
    assert!(
        journal
            .records
            .is_sorted_by_key(|record| (record.seq, record.t_ns))
    );
    // A second writer of the same name would make the file ambiguous.
    assert!(Writer::create(dir.path(), "1-100", 1).is_err());
}

/// The process that starts a journal dies at its first write, of the limit on the size of its files.
#[test]
fn a_process_killed_before_its_first_record_has_no_journal() {
    const DIR: &str = "ORCHBENCH_TEST_KILLED_JOURNAL";
    if let Some(dir) = std::env::var_os(DIR) {
        let limit = rustix::process::Rlimit {
            current: Some(0),
            maximum: Some(0),
        };
        rustix::process::setrlimit(rustix::process::Resource::Fsize, limit).unwrap();
        drop(Writer::create(Path::new(&dir), "1-100", 1));
        unreachable!("it outlived its limit");
    }
    let dir = tempfile::tempdir().unwrap();
    let killed = std::process::Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "journal::a_process_killed_before_its_first_record_has_no_journal",
        ])
        .env(DIR, dir.path())
        .stdout(std::process::Stdio::null())
        .status()
        .unwrap();
    let signal = std::os::unix::process::ExitStatusExt::signal(&killed);
    assert_eq!(signal, Some(rustix::process::Signal::XFSZ.as_raw()));
    let journal = read_dir(dir.path()).unwrap();
    assert_eq!((journal.records, journal.problems), (vec![], vec![]));
}

#[test]
fn a_removed_line_is_a_gap() {
    let found = problems(|lines| drop(lines.remove(2)));
    assert_eq!(
        found,
        [(ProblemKind::Gap, 3, "expected seq 3, found 4".to_owned())]
    );
    let found = problems(|lines| drop(lines.remove(0)));
    assert_eq!(
        found,
        [(ProblemKind::Gap, 1, "expected seq 1, found 2".to_owned())]
    );
    assert_eq!(problems(Vec::clear)[0].0, ProblemKind::Gap);
}

#[test]
fn an_edited_line_is_a_bad_checksum() {
    let found = problems(|lines| lines[2] = lines[2].replace("\"b\"", "\"x\""));
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].0, found[0].1), (ProblemKind::BadChecksum, 3));
    // Renumbered after a removal: the chain tells.
    let found = problems(|lines| {
        lines.remove(2);
        lines[2] = lines[2].replace("\"seq\":4", "\"seq\":3");
        lines[3] = lines[3].replace("\"seq\":5", "\"seq\":4");
    });
    assert!(
        found
            .iter()
            .all(|problem| problem.0 == ProblemKind::BadChecksum)
    );
    assert_eq!(found[0].1, 3);
}

#[test]
fn a_cut_line_is_truncated_and_a_strange_one_foreign() {
    let found = problems(|lines| {
        let last = lines.pop().unwrap();
        lines.push(last[..40].to_owned());
    });
    assert_eq!(
        (found.len(), found[0].0, found[0].1),
        (1, ProblemKind::TruncatedLine, 5)
    );
    let found = problems(|lines| lines.insert(1, "not a record\n".to_owned()));
    assert_eq!(
        (found.len(), found[0].0, found[0].1),
        (1, ProblemKind::ForeignFile, 2)
    );
    let found = problems(|lines| lines[1] = lines[1].replace("1-100", "1-200"));
    assert_eq!((found[0].0, found[0].1), (ProblemKind::ForeignFile, 2));
}

#[test]
fn a_newer_version_is_told_as_such() {
    let future = |line: &str| line.replace("\"format_version\":1", "\"format_version\":2");
    let found = problems(|lines| lines[1] = future(&lines[1]));
    assert_eq!(found[0].0, ProblemKind::FutureVersion);
    assert_eq!(found[0].2, "expected format_version up to 1, found 2");
    let found = problems(|lines| {
        lines[1] = future(&lines[1]).replace("\"kind\":\"ack\"", "\"kind\":\"dream\"")
    });
    assert_eq!(found[0].0, ProblemKind::FutureVersion);
}

#[test]
fn calls_leave_invoke_and_ok_or_error() {
    let inputs = Inputs::new(&format!("{FLIGHTS_HEADER}{FLIGHTS}"));
    let etl = Etl::open(EtlConfig {
        journal_dir: Some(inputs.path().join("journal")),
        worker_epoch: 3,
        failure: Some(FailurePlan {
            seed: 1,
            fail_first: 1,
            point: CrashPoint::AfterEffect,
            ..FailurePlan::default()
        }),
        ..inputs.config()
    })
    .unwrap();
    let mut extract = call(Some("2013-01-01"), StepInputs::ExtractFlights);
    let error = etl.call(&extract).unwrap_err();
    assert_eq!(error.error_type, ErrorType::Injected);
    extract.attempt = 2;
    let extracted = etl.call(&extract).unwrap().try_into_extracted().unwrap();
    let path = etl.journal().unwrap().path().to_owned();
    assert_eq!(
        path.file_name().unwrap().to_str().unwrap(),
        format!("3-{}.jsonl", std::process::id())
    );
    drop(etl);
    let journal = read(&path).unwrap();
    assert_eq!(journal.problems, []);
    let kinds: Vec<Kind> = journal.records.iter().map(|record| record.kind).collect();
    assert_eq!(
        kinds,
        [
            Kind::Open,
            Kind::Invoke,
            Kind::Error,
            Kind::Invoke,
            Kind::Ok,
            Kind::Close
        ]
    );
    let ok = &journal.records[4];
    assert_eq!(ok.key.as_deref(), Some("run-1/extract_flights/2013-01-01"));
    assert_eq!(
        ok.output_digest.as_deref(),
        Some(extracted.artifact.digest.as_str())
    );
    assert_eq!((ok.attempt, ok.rows, ok.epoch), (Some(2), Some(3), 3));
    assert_eq!(ok.input_digest, journal.records[1].input_digest);
    assert!(
        journal.records[2]
            .error
            .as_deref()
            .unwrap()
            .starts_with("Injected: planned failure after_effect")
    );
}
