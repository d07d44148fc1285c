//! `orchbench run` as a user drives it: a small profile on the asset engine and on a real
//! Temporal server, then what the checker says of tampered results, of a killed harness
//! and of an interrupted one.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

/// Every experiment once, as small as it gets.
const PROFILE: &str = r#"
description = "the test's own"
seed = 7

[[scenario]]
name = "overhead"
blocks = 1
parameters = { shapes = ["chain"], steps = [1, 3], samples = 1 }

[[scenario]]
name = "throughput"
blocks = 1
parameters = { source = "one-day", in_flight = [1, 2], step_seconds = 0.3, open_loop_seconds = 0.5 }

[[scenario]]
name = "retries"
blocks = 1
parameters = { source = "one-day", cases = ["transient", "fatal"], rates = [] }

[[scenario]]
name = "restart-survival"
blocks = 1
parameters = { steps = ["load"], points = ["after_effect"] }
"#;

struct Folder {
    dir: tempfile::TempDir,
}

impl Folder {
    fn new() -> Result<Self> {
        let dir = tempfile::tempdir()?;
        fs::write(dir.path().join("small.toml"), PROFILE)?;
        Ok(Self { dir })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// `orchbench` with a state folder of its own, so that tests do not sweep each other.
    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_orchbench"));
        command
            .current_dir(self.dir.path())
            .env("XDG_STATE_HOME", self.path("state"))
            .stdin(Stdio::null());
        command
    }

    fn orchbench(&self, words: &[&str]) -> Result<Output> {
        Ok(self.command().args(words).output()?)
    }
}

fn text(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// The first file below a folder whose path has all the parts.
fn find(folder: &Path, parts: &[&str]) -> Result<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    files.sort();
    for path in files {
        if path.is_dir() {
            if let Ok(found) = find(&path, parts) {
                return Ok(found);
            }
        } else if parts
            .iter()
            .all(|part| path.to_string_lossy().contains(part))
        {
            return Ok(path);
        }
    }
    anyhow::bail!("{}: no file with {parts:?}", folder.display())
}

fn remove_line(path: &Path, index: usize) -> Result<String> {
    let text = fs::read_to_string(path)?;
    let mut lines: Vec<&str> = text.lines().collect();
    ensure!(lines.len() > index, "{}: too short", path.display());
    let removed = lines.remove(index).to_owned();
    fs::write(path, lines.join("\n") + "\n")?;
    Ok(removed)
}

#[test]
fn a_run_is_checked_reported_and_tamper_evident() -> Result<()> {
    let folder = Folder::new()?;
    let run = folder.orchbench(&["run", "small.toml", "--out", "results"])?;
    if run.status.code() != Some(0) {
        let verdicts = folder.orchbench(&["analyze", "results"])?;
        anyhow::bail!("run: {:?}\n{}\n{}", run.status, text(&run), text(&verdicts));
    }
    let results = folder.path("results");
    for name in [
        "environment.json",
        "plan.json",
        "measurements.json",
        "verdicts.json",
        "claims.json",
        "report.md",
        "report.html",
    ] {
        ensure!(results.join(name).is_file(), "no {name}");
    }
    report_is_rebuilt(&folder, &results)?;
    missing_row_is_broken(&folder, &results)?;
    missing_journal_line_is_unknown(&folder, &results)
}

/// Same folder, same report.
fn report_is_rebuilt(folder: &Folder, results: &Path) -> Result<()> {
    let before = fs::read_to_string(results.join("report.md"))?;
    let report = folder.orchbench(&["report", "results"])?;
    ensure!(report.status.code() == Some(0), "report: {}", text(&report));
    ensure!(
        before == fs::read_to_string(results.join("report.md"))?,
        "another report"
    );
    Ok(())
}

fn missing_row_is_broken(folder: &Folder, results: &Path) -> Result<()> {
    let tampered = folder.path("short");
    copy(results, &tampered)?;
    let rows = find(
        &tampered.join("warehouse"),
        &["restart-survival", ".rows.jsonl"],
    )?;
    remove_line(&rows, 17)?;
    let analyze = folder.orchbench(&["analyze", "short"])?;
    let said = text(&analyze);
    ensure!(
        analyze.status.code() == Some(3),
        "{:?}: {said}",
        analyze.status
    );
    ensure!(
        said.contains("2013-01-01"),
        "does not name the partition: {said}"
    );
    Ok(())
}

fn missing_journal_line_is_unknown(folder: &Folder, results: &Path) -> Result<()> {
    for from_end in [false, true] {
        let tampered = folder.path(if from_end { "gap-end" } else { "gap" });
        copy(results, &tampered)?;
        let journal = find(&tampered.join("journal"), &["retries", ".jsonl"])?;
        let last = fs::read_to_string(&journal)?.lines().count() - 1;
        remove_line(&journal, if from_end { last } else { 4 })?;
        let name = tampered.to_string_lossy().into_owned();
        let analyze = folder.orchbench(&["analyze", &name])?;
        let said = text(&analyze);
        ensure!(
            analyze.status.code() == Some(4),
            "{:?}: {said}",
            analyze.status
        );
        let file = journal
            .file_name()
            .context("a name")?
            .to_string_lossy()
            .into_owned();
        ensure!(said.contains(&file), "does not name {file}: {said}");
    }
    Ok(())
}

/// Starts a run and waits until a trial on Temporal has a worker.
fn run_until_temporal_works(folder: &Folder, profile: &str) -> Result<Child> {
    fs::write(folder.path("long.toml"), profile)?;
    let log = fs::File::create(folder.path("run.log"))?;
    let child = folder
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
        .spawn()?;
    let deadline = Instant::now() + Duration::from_secs(120);
    while Instant::now() < deadline {
        let events = folder.path("results").join("events");
        let ready = fs::read_dir(&events).is_ok_and(|entries| {
            entries.flatten().any(|entry| {
                fs::read_to_string(entry.path()).is_ok_and(|text| text.contains("worker_ready"))
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
    child.kill()?;
    child.wait()?;
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
    let pid = rustix::process::Pid::from_raw(i32::try_from(child.id())?).context("a pid")?;
    rustix::process::kill_process(pid, rustix::process::Signal::INT)?;
    let status = child.wait()?;
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
    let kept = find(&folder.path("results/events"), &["unsupervised"])?;
    let lost = find(&folder.path("results/events"), &[".supervised"])?;
    let before = fs::read_to_string(&kept)?;
    fs::remove_file(&lost)?;
    let resumed = folder.orchbench(&["run", "--resume", "--out", "results"])?;
    ensure!(resumed.status.code() == Some(0), "{}", text(&resumed));
    ensure!(lost.is_file(), "the lost trial was not made again");
    ensure!(
        before == fs::read_to_string(&kept)?,
        "a complete trial was made again"
    );
    Ok(())
}

#[test]
fn words_that_are_wrong_are_named() -> Result<()> {
    let folder = Folder::new()?;
    for (words, expected) in [
        (vec!["run", "quik"], "nearest: quick"),
        (vec!["run", "--engine", "temporall"], "nearest: temporal"),
        (vec!["analyze", "nowhere"], "plan.json"),
        (vec!["worker", "airflow"], "asset-engine"),
        (vec!["materialize", "my-sauce"], "my-source"),
    ] {
        let output = folder.orchbench(&words)?;
        let said = text(&output);
        ensure!(
            output.status.code() == Some(2),
            "{words:?}: {:?}: {said}",
            output.status
        );
        ensure!(said.contains(expected), "{words:?}: {said}");
    }
    Ok(())
}

#[test]
fn an_engine_out_of_reach_is_reported() -> Result<()> {
    let folder = Folder::new()?;
    let words = [
        "run",
        "small.toml",
        "--temporal-address",
        "127.0.0.1:1",
        "--experiment",
        "overhead",
        "--out",
        "results",
    ];
    let output = folder.orchbench(&words)?;
    let said = text(&output);
    ensure!(
        output.status.code() == Some(5),
        "{:?}: {said}",
        output.status
    );
    ensure!(said.contains("127.0.0.1:1"), "{said}");
    let report = fs::read_to_string(folder.path("results").join("report.md"))?;
    ensure!(
        report.contains("127.0.0.1:1"),
        "the report does not say what was out of reach"
    );
    Ok(())
}
