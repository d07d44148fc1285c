//! A run whose harness was killed, interrupted, or taken up again.

use std::fs;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::folder::{Folder, find, text};
use crate::unpacked::unpack;

/// A run that ends with the test, also when that fails.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // One that has ended by itself is gone already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a run and waits until a trial on Temporal has a worker.
fn run_until_temporal_works(folder: &Folder, profile: &str) -> Result<Running> {
    fs::write(folder.path("long.toml"), profile)?;
    let log = fs::File::create(folder.path("run.log"))?;
    let child = Running(
        folder
            .command()
            .args([
                "run",
                "long.toml",
                "--engine",
                "temporal",
                "--out",
                "results",
            ])
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()?,
    );
    let deadline = Instant::now() + Duration::from_secs(120);
    while Instant::now() < deadline {
        let open = folder.path("results").join("open");
        let ready = fs::read_dir(&open).is_ok_and(|entries| {
            entries.flatten().any(|entry| {
                fs::read_to_string(entry.path().join("events.jsonl"))
                    .is_ok_and(|text| text.contains("worker_ready"))
            })
        });
        if ready {
            return Ok(child);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    anyhow::bail!("no worker: {}", fs::read_to_string(folder.path("run.log"))?)
}

const LONG: &str = r#"
description = "long enough to be stopped"
seed = 7

[[scenario]]
name = "overhead"
blocks = 5
parameters = { shapes = ["chain"], steps = [200], samples = 50 }
"#;

/// Processes whose command line names the folder, apart from the test itself.
fn processes_of(folder: &Folder) -> Result<Vec<String>> {
    let needle = folder.path("state");
    let own = std::process::id().to_string();
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc")?.flatten() {
        let pid = entry.file_name().to_string_lossy().into_owned();
        if pid == own || !pid.bytes().all(|byte| byte.is_ascii_digit()) {
            continue;
        }
        // Every child inherits the state folder's variable, servers included.
        let environment = fs::read(entry.path().join("environ")).unwrap_or_default();
        let state = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        let zombie = state
            .rsplit(") ")
            .next()
            .is_some_and(|rest| rest.starts_with('Z'));
        if !zombie && String::from_utf8_lossy(&environment).contains(&*needle.to_string_lossy()) {
            found.push(format!("{pid}: {state}"));
        }
    }
    Ok(found)
}

fn all_gone(folder: &Folder) -> Result<()> {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let left = processes_of(folder)?;
        if left.is_empty() {
            return Ok(());
        }
        ensure!(Instant::now() < deadline, "still there: {left:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_killed_harness_leaves_nothing_and_the_next_run_starts_clean() -> Result<()> {
    let folder = Folder::new()?;
    let mut child = run_until_temporal_works(&folder, LONG)?;
    ensure!(
        processes_of(&folder)?.len() >= 3,
        "harness, server and worker were to be alive"
    );
    child.0.kill()?;
    child.0.wait()?;
    all_gone(&folder)?;
    let next = folder.orchbench(&[
        "run",
        "small.toml",
        "--experiment",
        "overhead",
        "--engine",
        "asset-engine",
        "--out",
        "next",
    ])?;
    ensure!(next.status.code() == Some(0), "{}", text(&next));
    all_gone(&folder)
}

#[test]
fn an_interrupted_run_keeps_and_reports_what_it_measured() -> Result<()> {
    let folder = Folder::new()?;
    let mut child = run_until_temporal_works(&folder, LONG)?;
    let pid = rustix::process::Pid::from_raw(i32::try_from(child.0.id())?).context("a pid")?;
    rustix::process::kill_process(pid, rustix::process::Signal::INT)?;
    let status = child.0.wait()?;
    let log = fs::read_to_string(folder.path("run.log"))?;
    ensure!(status.code() == Some(130), "{status:?}: {log}");
    let report = fs::read_to_string(folder.path("results").join("report.md"))?;
    ensure!(
        report.contains("partial"),
        "the report does not say that it is partial"
    );
    all_gone(&folder)
}

/// A run that lost its last trial makes that one, and only that one, when it is resumed.
#[test]
fn a_resumed_run_makes_what_is_missing() -> Result<()> {
    let folder = Folder::new()?;
    let words = [
        "run",
        "small.toml",
        "--experiment",
        "restart-survival",
        "--engine",
        "asset-engine",
        "--out",
        "results",
    ];
    let run = folder.orchbench(&words)?;
    ensure!(run.status.code() == Some(0), "{}", text(&run));
    unpack(&folder.path("results"))?;
    let trials = folder.path("results/open");
    let kept = find(&trials, &["unsupervised", "events"])?;
    let lost = find(&trials, &[".supervised", "events"])?;
    let before = fs::read_to_string(&kept)?;
    fs::remove_file(&lost)?;
    let resumed = folder.orchbench(&["run", "--resume", "--out", "results"])?;
    ensure!(resumed.status.code() == Some(0), "{}", text(&resumed));
    unpack(&folder.path("results"))?;
    ensure!(lost.is_file(), "the lost trial was not made again");
    ensure!(
        before == fs::read_to_string(&kept)?,
        "a complete trial was made again"
    );
    Ok(())
}
