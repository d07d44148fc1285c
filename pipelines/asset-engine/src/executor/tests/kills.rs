//! SIGKILL of a real process at random instants, until it was killed 300 times.
//!
//! Each story is one run on one catalog: a process executes it, is killed, another takes it up, is
//! killed, until one comes through. After each kill the catalog must hold all that it held before,
//! in the same versions, and nothing of it may be executed again.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::crash::{resume_and_check, run, witness};
use super::fixture::piece;
use crate::{Catalog, Durability, Event, Executor, ExecutorOptions, Head};

const KILLS: u32 = 300;
const SEED: u64 = 7;
const CHILD_DIR: &str = "ASSET_ENGINE_TEST_KILL_DIR";
const READY: &str = "about to open the catalog";
const CHILD_FSYNC: &str = "ASSET_ENGINE_TEST_KILL_FSYNC";

/// The part of the process that is killed; does nothing in an ordinary test run.
#[test]
fn kill_child() {
    let Some(dir) = std::env::var_os(CHILD_DIR) else {
        return;
    };
    println!("{READY}");
    let durability = match std::env::var(CHILD_FSYNC).as_deref() {
        Ok("yes") => Durability::PowerLoss,
        _ => Durability::ProcessCrash,
    };
    let options = ExecutorOptions::default()
        .concurrency(3)
        .durability(durability);
    let executor = Executor::open(Path::new(&dir).join("catalog.db"), options).unwrap();
    run(&executor, Path::new(&dir)).unwrap();
}

/// Starts a process on a story, and returns when it is about to open the catalog. SIGKILL takes nothing that the kernel has, so only every fourth
/// story is as durable as against power loss: there, kills fall into fsync as well.
fn start(dir: &Path, story: u32) -> Child {
    let fsync = if story.is_multiple_of(4) { "yes" } else { "no" };
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "executor::tests::kills::kill_child",
            "--nocapture",
        ])
        .env(CHILD_DIR, dir)
        .env(CHILD_FSYNC, fsync)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.ends_with(READY) {
        line.clear();
        let read = output.read_line(&mut line).unwrap();
        assert!(read > 0, "the process ended before it began");
        line.truncate(line.trim_end().len());
    }
    // What it says after that goes nowhere, but not into a closed pipe.
    child.stdout = Some(output.into_inner());
    child
}

/// What a catalog holds, and how much the witness had seen when it was looked at.
struct Held {
    head: Head,
    versions: BTreeMap<String, String>,
    executed: usize,
}

/// Looks at the catalog after a kill, and holds it against the look before.
fn look(dir: &Path, before: Option<&Held>) -> Held {
    let path = dir.join("catalog.db");
    if !path.exists() {
        // The kill came before there was one.
        drop(Executor::open(&path, ExecutorOptions::default()).unwrap());
    }
    let catalog = Catalog::open(&path).unwrap();
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

/// Lets a process come to a random place, by what the witness sees and a little further, and kills
/// it there; false when it came to its end before.
fn kill_somewhere(mut child: Child, dir: &Path, rng: &mut StdRng) -> bool {
    let executions =
        || std::fs::read_to_string(witness(dir)).map_or(0, |text| text.lines().count());
    let place = executions() + rng.random_range(0..5);
    let deadline = Instant::now() + Duration::from_secs(20);
    while executions() < place && child.try_wait().unwrap().is_none() {
        assert!(
            Instant::now() < deadline,
            "the process does not come to execution {place}"
        );
        std::thread::yield_now();
    }
    // The instant of the kill is the experiment, not a wait for a condition.
    std::thread::sleep(Duration::from_micros(rng.random_range(0..3000)));
    child.kill().unwrap();
    let status = child.wait().unwrap();
    assert!(status.success() || status.signal() == Some(9), "{status}");
    !status.success()
}

#[test]
fn three_hundred_kills_at_random_instants_lose_and_double_nothing() {
    let mut rng = StdRng::seed_from_u64(SEED);
    let (mut kills, mut stories, mut progressed) = (0, 0_u32, 0);
    while kills < KILLS {
        let dir = tempfile::tempdir().unwrap();
        let mut held: Option<Held> = None;
        while kill_somewhere(start(dir.path(), stories), dir.path(), &mut rng) {
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
    // Kills that fall before anything is written would show nothing.
    assert!(
        progressed * 2 > kills && stories > 10,
        "{progressed} of {kills} processes wrote anything, {stories} stories"
    );
}
