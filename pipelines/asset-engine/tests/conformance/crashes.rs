//! B4, B5, B10 and B68: what is left of a run that died, failed or was cancelled, and how it goes on.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use asset_engine::{
    Asset, AssetGraph, Catalog, Event, Execution, Executor, ExecutorOptions, Lock, Mode,
    StepContext, Subprocess,
};
use rustix::process::{Signal, getpid, kill_process};
use serde_json::{Value, json};

use crate::Outcome;
use crate::scenario::{Trail, graph, key, made, planned_failure, request, status};

/// The word that makes this program an executor that can be killed.
pub const EXECUTOR: &str = "execute";

const CATALOG: &str = "catalog.db";

/// Runs the graph that the words name in the folder that they name.
pub fn execute(words: &[String]) -> Outcome<()> {
    let [folder, what] = words else {
        return Err(format!("expected a folder and a graph, found {words:?}").into());
    };
    let folder = Path::new(folder);
    let graph = match what.as_str() {
        "killed" => killed(true)?,
        "orphaned" => orphaned(folder)?,
        other => return Err(format!("expected killed or orphaned, found {other}").into()),
    };
    open(folder)?.run(request("run", &graph, &[], Mode::All)?)?;
    Ok(())
}

fn worker(folder: &Path, what: &str) -> Outcome<Child> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(EXECUTOR).arg(folder).arg(what);
    Ok(command.stdin(Stdio::null()).spawn()?)
}

fn open(folder: &Path) -> Outcome<Executor> {
    Ok(Executor::open(
        folder.join(CATALOG),
        ExecutorOptions::default().lock(Lock::Wait),
    )?)
}

/// An asset whose step kills the process that it is in.
fn killed(kill: bool) -> Outcome<Arc<AssetGraph>> {
    let step = move |_: &StepContext<'_>| {
        if kill {
            // Nothing comes after this, unless it fails; then the run ends well and the test does not.
            let _ = kill_process(getpid(), Signal::KILL);
        }
        Ok(made("1"))
    };
    graph(vec![Asset::new(key("killed")?, step)])
}

/// B4. The process of a run is killed; the next process opens the same catalog and does what every
/// worker does first: it submits again what was left open.
pub fn killed_run() -> Outcome<Value> {
    let folder = tempfile::tempdir()?;
    worker(folder.path(), "killed")?.wait()?;
    let state = |catalog: &Catalog| -> Outcome<&'static str> {
        let run = catalog.run("run")?.ok_or("the run is not in the catalog")?;
        Ok(run.status.as_str())
    };
    let after_kill = state(&Catalog::open(folder.path().join(CATALOG))?)?;
    let executor = open(folder.path())?;
    for left in executor.unfinished() {
        executor.run(request(&left.run, &killed(false)?, &[], left.mode)?)?;
    }
    Ok(json!({"after_kill": after_kill, "after_the_next_start": state(executor.catalog())?}))
}

/// B5. A run fails in the middle; a run of what is missing follows.
pub fn from_failure() -> Outcome<Value> {
    let trail = Trail::default();
    let mut broken = true;
    let mut assets = || -> Outcome<Arc<AssetGraph>> {
        let fails = std::mem::take(&mut broken);
        let step = |name: &'static str| {
            let trail = trail.clone();
            move |_: &StepContext<'_>| {
                trail.leave(name);
                if fails && name == "middle" {
                    return Err(planned_failure());
                }
                Ok(made("1"))
            }
        };
        graph(vec![
            Asset::new(key("first")?, step("first")),
            Asset::new(key("middle")?, step("middle")).depends_on(key("first")?),
            Asset::new(key("last")?, step("last")).depends_on(key("middle")?),
            Asset::new(key("apart")?, step("apart")),
        ])
    };
    let executor = Executor::memory(ExecutorOptions::default());
    executor.run(request("run", &assets()?, &[], Mode::All)?)?;
    let mut first = trail.take();
    first.sort();
    let outcome = executor.run(request("again", &assets()?, &[], Mode::Stale)?)?;
    Ok(json!({"executed_first": first, "executed_then": trail.take(), "run": status(&outcome)}))
}

/// An asset whose first process goes on until the second has begun. The program does not meet its
/// duty to die with the executor (see [`Subprocess`]): the worst case.
fn orphaned(folder: &Path) -> Outcome<Arc<AssetGraph>> {
    let script = r#"cd "$0"
        read -r request || test -n "$request"
        echo orphaned >> trail
        case "$request" in
          *'"attempt":1'*)
            touch begun
            for _ in $(seq 3000); do test -e overlapped && break; sleep 0.02; done
            touch orphan-ended;;
          *) touch overlapped;;
        esac
        echo '{"ok": {"data_version": "1"}}'"#;
    let folder = folder.to_str().ok_or("the folder's path is no text")?;
    let step = Subprocess::new("/bin/sh", ["-c", script, folder]);
    let asset = Asset::new(key("orphaned")?, step).execution(Execution::Subprocess);
    graph(vec![asset])
}

/// B10. The executor is killed while a step of it runs in a process of its own; the next one resumes
/// the run.
pub fn orphan() -> Outcome<Value> {
    let folder = tempfile::tempdir()?;
    let mut worker = worker(folder.path(), "orphaned")?;
    await_file(&folder.path().join("begun"))?;
    worker.kill()?;
    worker.wait()?;
    let executor = open(folder.path())?;
    let outcome = executor.run(request("run", &orphaned(folder.path())?, &[], Mode::All)?)?;
    await_file(&folder.path().join("orphan-ended"))?;
    let trail = std::fs::read_to_string(folder.path().join("trail"))?;
    let of_orphan = |event: &Event| matches!(event, Event::Materialized(made) if made.attempt == 1);
    let events = executor.catalog().events("run")?;
    Ok(json!({
        "step_overlaps_its_retry": trail == "orphaned\norphaned\n",
        "orphan_is_recorded_as_success": events.iter().any(|record| of_orphan(&record.event)),
        "retry": status(&outcome),
    }))
}

fn await_file(path: &Path) -> Outcome<()> {
    if await_that(|| path.exists()) {
        return Ok(());
    }
    Err(format!("{} was not written within 50 s", path.display()).into())
}

/// Whether something comes to be so within 50 seconds.
fn await_that(is_so: impl Fn() -> bool) -> bool {
    let deadline = Instant::now() + Duration::from_secs(50);
    while !is_so() {
        if Instant::now() > deadline {
            return false;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    true
}

/// An asset whose step, in a process of its own, says which process that is and does not end.
fn endless(folder: &Path) -> Outcome<Arc<AssetGraph>> {
    let script = r#"cd "$0"; echo $$ > began; mv began begun; exec sleep 3600"#;
    let folder = folder.to_str().ok_or("the folder's path is no text")?;
    let step = Subprocess::new("/bin/sh", ["-c", script, folder]);
    let asset = Asset::new(key("endless")?, step).execution(Execution::Subprocess);
    graph(vec![asset])
}

/// B68. A run is cancelled while a step of it runs in a process of its own.
pub fn cancelled_at_once() -> Outcome<Value> {
    let folder = tempfile::tempdir()?;
    let executor = Executor::memory(ExecutorOptions::default());
    let graph = endless(folder.path())?;
    executor.submit(request("run", &graph, &[], Mode::All)?)?;
    await_file(&folder.path().join("begun"))?;
    executor.abort("run")?;
    let outcome = executor.wait("run")?;
    let step = std::fs::read_to_string(folder.path().join("begun"))?;
    // A process that has ended has no command line, also before it is reaped.
    let command_line = Path::new("/proc").join(step.trim()).join("cmdline");
    let has_ended = || std::fs::read(&command_line).is_ok_and(|words| words.is_empty());
    let ended = await_that(|| has_ended() || !command_line.exists());
    Ok(json!({
        "run": status(&outcome),
        "step_goes_on": !ended,
        "materializations": outcome.materializations.len(),
    }))
}
