//! SIGKILL of a real process at random instants, until it was killed 300 times.
//!
//! Each story is one run on one catalog: a process executes it, is killed, another takes it up, is
//! killed, until one comes through. After each kill the catalog must hold all that it held before,
//! in the same versions, and nothing of it may be executed again.

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::crash::{open, resume_and_check, run, witness};
use super::fixture::piece;
use crate::catalog::Failpoint;
use crate::{Catalog, Durability, Event, Head};

const KILLS: u32 = 300;
const SEED: u64 = 7;
const CHILD_DIR: &str = "ASSET_ENGINE_TEST_KILL_DIR";

/// The part of the process that is killed; does nothing in an ordinary test run.
#[test]
fn kill_child() {
    let Some(dir) = std::env::var_os(CHILD_DIR) else {
        return;
    };
    let executor = open(Path::new(&dir), Failpoint::default()).unwrap();
    run(&executor, Path::new(&dir)).unwrap();
}

fn start(dir: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "executor::tests::kills::kill_child"])
        .env(CHILD_DIR, dir)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// What a catalog holds, and how much the witness had seen when it was looked at.
struct Held {
    head: Head,
    versions: BTreeMap<String, String>,
    executed: usize,
}

/// Looks at the catalog after a kill, and holds it against the look before.
fn look(dir: &Path, before: Option<&Held>) -> Held {
    let catalog = Catalog::open(dir.join("catalog.db"), Durability::PowerLoss).unwrap();
    let verified = catalog.verify(before.map(|held| &held.head)).unwrap();
    assert_eq!(verified.missing, 0, "{verified}");
    let mut versions = BTreeMap::new();
    for record in catalog.all_events().unwrap() {
        if let Event::Materialized(made) = record.event {
            let piece = piece(&made.asset, made.partition.as_deref());
            let twice = versions.insert(piece.clone(), made.data_version.clone());
            assert_eq!(twice, None, "{piece} was materialized twice");
        }
    }
    let executed = std::fs::read_to_string(witness(dir)).unwrap_or_default();
    if let Some(before) = before {
        for (piece, version) in &before.versions {
            assert_eq!(versions.get(piece), Some(version), "{piece} was lost");
            let again = executed[before.executed..]
                .lines()
                .any(|line| line.split(' ').next() == Some(piece));
            assert!(!again, "{piece} ran again");
        }
    }
    Held {
        head: verified.head,
        versions,
        executed: executed.len(),
    }
}

#[test]
fn three_hundred_kills_at_random_instants_lose_and_double_nothing() {
    let mut rng = StdRng::seed_from_u64(SEED);
    // How long a process takes that is left alone: kills fall anywhere in that.
    let whole = {
        let dir = tempfile::tempdir().unwrap();
        let begun = Instant::now();
        assert!(start(dir.path()).wait().unwrap().success());
        begun.elapsed()
    };
    let (mut kills, mut stories, mut progressed) = (0, 0, 0);
    while kills < KILLS {
        let dir = tempfile::tempdir().unwrap();
        let mut held: Option<Held> = None;
        loop {
            let mut child = start(dir.path());
            // The instant of the kill is the experiment, not a wait for a condition.
            std::thread::sleep(Duration::from_secs_f64(
                whole.as_secs_f64() * rng.random_range(0.0..1.0),
            ));
            child.kill().unwrap();
            let status = child.wait().unwrap();
            if status.success() {
                break;
            }
            assert_eq!(status.signal(), Some(9), "{status}");
            kills += 1;
            let seen = look(dir.path(), held.as_ref());
            let moved = held.as_ref().map_or(0, |before| before.head.seq) < seen.head.seq;
            progressed += u32::from(moved);
            held = Some(seen);
        }
        stories += 1;
        look(dir.path(), held.as_ref());
        resume_and_check(dir.path());
    }
    // Most kills fall after the process has begun to write.
    assert!(
        progressed * 4 > kills && stories > 10,
        "{progressed} of {kills} processes wrote anything, {stories} stories"
    );
}
