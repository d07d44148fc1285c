//! Crash points, in a child process of this test binary.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixListener;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, ExitStatus};

use orchbench_etl::journal::{Kind, read_dir};
use orchbench_etl::{
    CrashAction, CrashPlan, CrashPoint, CrashRule, Etl, EtlConfig, Rendezvous, StepInputs, StepName,
};

use crate::fixture::{FLIGHTS, FLIGHTS_HEADER, Inputs, call, day};

const CONFIG: &str = "ORCHBENCH_ETL_CRASH_CONFIG";

/// Not a test by itself: what the child process does.
#[test]
fn child() {
    let Ok(config) = std::env::var(CONFIG) else {
        return;
    };
    let etl = Etl::open(serde_json::from_str(&config).unwrap()).unwrap();
    etl.call(&call(Some("2013-01-01"), StepInputs::ExtractFlights))
        .unwrap();
}

fn run_child(config: &EtlConfig) -> ExitStatus {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "crash::child", "--quiet"])
        .env(CONFIG, serde_json::to_string(config).unwrap())
        .output()
        .unwrap()
        .status
}

fn config(inputs: &Inputs, point: CrashPoint, action: CrashAction) -> EtlConfig {
    EtlConfig {
        journal_dir: Some(inputs.path().join("journal")),
        crash: Some(CrashPlan {
            rules: vec![CrashRule {
                id: "rule-1".to_owned(),
                step: StepName::ExtractFlights,
                partition: Some(day("2013-01-01")),
                attempt: Some(1),
                point,
                action,
            }],
            dir: inputs.path().join("crash"),
        }),
        ..inputs.config()
    }
}

#[test]
fn each_point_kills_once_and_leaves_its_trace() {
    for (point, artifact, kinds) in [
        (
            CrashPoint::BeforeEffect,
            false,
            vec![Kind::Open, Kind::Invoke, Kind::Crash],
        ),
        (
            CrashPoint::AfterEffect,
            true,
            vec![Kind::Open, Kind::Invoke, Kind::Crash],
        ),
        (
            CrashPoint::BeforeReturn,
            true,
            vec![Kind::Open, Kind::Invoke, Kind::Ok, Kind::Crash],
        ),
    ] {
        let inputs = Inputs::new(&format!("{FLIGHTS_HEADER}{FLIGHTS}"));
        let config = config(&inputs, point, CrashAction::KillSelf);
        assert_eq!(run_child(&config).signal(), Some(9), "{point}");
        let journal = read_dir(&inputs.path().join("journal")).unwrap();
        assert_eq!(journal.problems, []);
        let found: Vec<Kind> = journal.records.iter().map(|record| record.kind).collect();
        assert_eq!(found, kinds, "{point}");
        let last = journal.records.last().unwrap();
        assert_eq!(
            (last.point, last.error.as_deref()),
            (Some(point), Some("rule-1"))
        );
        let artifacts = std::fs::read_dir(inputs.path().join("work/artifacts/flights"))
            .unwrap()
            .count();
        assert_eq!(artifacts > 0, artifact, "{point}");
        // The rule has fired: the next process gets through.
        assert!(run_child(&config).success(), "{point}");
    }
}

#[test]
fn a_rendezvous_waits_for_its_answer() {
    let inputs = Inputs::new(&format!("{FLIGHTS_HEADER}{FLIGHTS}"));
    let socket = inputs.path().join("meet.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    let config = config(
        &inputs,
        CrashPoint::AfterEffect,
        CrashAction::Rendezvous { socket },
    );
    let journal = inputs.path().join("journal");
    let kinds = || -> Vec<Kind> {
        let journal = read_dir(&journal).unwrap();
        journal.records.iter().map(|record| record.kind).collect()
    };
    std::thread::scope(|scope| {
        let child = scope.spawn(|| run_child(&config));
        let (stream, _) = listener.accept().unwrap();
        let mut line = String::new();
        BufReader::new(&stream).read_line(&mut line).unwrap();
        let met: Rendezvous = serde_json::from_str(&line).unwrap();
        assert_eq!(
            (met.rule.as_str(), met.step, met.attempt),
            ("rule-1", StepName::ExtractFlights, 1)
        );
        assert_eq!(
            (met.point, met.partition),
            (CrashPoint::AfterEffect, Some(day("2013-01-01")))
        );
        assert!(met.t_ns > 0 && met.pid > 0);
        assert_eq!(kinds(), [Kind::Open, Kind::Invoke, Kind::Crash]);
        (&stream).write_all(b"go\n").unwrap();
        assert!(child.join().unwrap().success());
    });
    assert_eq!(
        kinds(),
        [Kind::Open, Kind::Invoke, Kind::Crash, Kind::Ok, Kind::Close]
    );
}

#[test]
fn a_plan_that_cannot_work_is_refused() {
    let inputs = Inputs::new(&format!("{FLIGHTS_HEADER}{FLIGHTS}"));
    let mut config = config(&inputs, CrashPoint::AfterEffect, CrashAction::KillSelf);
    config.crash.as_mut().unwrap().rules[0].id = "../rule".to_owned();
    let error = Etl::open(config).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("crash rule id: expected letters"),
        "{error}"
    );
}
