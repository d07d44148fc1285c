//! Children, their parents, and what is left when a parent is killed.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use orchbench_lab::process::{
    self, Child, CommandSpec, PARENT_ENV, ProcessError, ProcessIdentity, Stream, TempFolder, sweep,
};

use crate::role::{Role, has_role, say, wait_to_be_killed};
use crate::{LIMIT, eventually, use_built_binary};

const OWNER_ROLE: &str = "processes::role_owner_of_children";
pub(crate) const SWEEPER_ROLE: &str = "processes::role_sweeper";
const ORPHAN_ROLE: &str = "processes::role_orphan";

#[test]
fn children_die_with_their_parent_and_the_sweep_removes_the_rest() -> Result<()> {
    let state = TempFolder::create("test-state")?;
    let mut owner = Role::start(OWNER_ROLE, state.path())?;
    let child = ProcessIdentity::of(owner.line("child ")?.parse()?)?;
    let grandchild = ProcessIdentity::of(owner.line("grandchild ")?.parse()?)?;
    let folder = owner.line("folder ")?;
    ensure!(child.alive() && grandchild.alive(), "both run");
    ensure!(Path::new(&folder).is_dir(), "the temp folder exists");

    // A sweep beside a living owner takes nothing.
    let swept = Role::start(SWEEPER_ROLE, state.path())?.rest()?;
    ensure!(
        child.alive() && Path::new(&folder).is_dir(),
        "swept a living owner: {swept:?}"
    );

    owner.kill()?;
    eventually("the child dies with its parent", || Ok(!child.alive()))?;
    ensure!(
        grandchild.alive(),
        "this test needs a grandchild that knows no parent"
    );
    let swept = Role::start(SWEEPER_ROLE, state.path())?.rest()?;
    ensure!(
        !grandchild.alive(),
        "the sweep left the grandchild: {swept:?}"
    );
    ensure!(
        !Path::new(&folder).exists(),
        "the sweep left the folder: {swept:?}"
    );
    ensure!(swept.len() == 2, "expected two removals, found {swept:?}");
    let records = state.path().join("orchbench").join("owners");
    ensure!(
        records.read_dir()?.next().is_none(),
        "the owner's record stays"
    );
    Ok(())
}

#[test]
fn role_owner_of_children() -> Result<()> {
    if !has_role(OWNER_ROLE) {
        return Ok(());
    }
    use_built_binary();
    let folder = TempFolder::create("test")?;
    let script = "sleep 600 & echo $!; wait";
    let spec = CommandSpec::foreign("/bin/sh", ["-c", script]).stdout(Stream::Piped);
    // From a thread that ends: the parent-death signal must not follow it.
    let spawned = std::thread::spawn(move || Child::spawn(&spec, "shell")).join();
    let mut child = spawned.map_err(|_| anyhow::anyhow!("the spawning thread panicked"))??;
    let mut line = String::new();
    let stdout = child.take_stdout().context("a piped stdout")?;
    BufReader::new(stdout).read_line(&mut line)?;
    say("child ", &child.id().to_string())?;
    say("grandchild ", line.trim())?;
    say("folder ", &folder.path().display().to_string())?;
    wait_to_be_killed()
}

#[test]
fn role_sweeper() -> Result<()> {
    if has_role(SWEEPER_ROLE) {
        for swept in sweep()? {
            say("swept ", &swept.to_string())?;
        }
    }
    Ok(())
}

#[test]
fn an_orphan_is_told_so() -> Result<()> {
    let state = TempFolder::create("test-state")?;
    let mut orphan = Role::command(ORPHAN_ROLE, state.path())?;
    // Process 1 is nobody's expected parent here.
    let said = Role::spawn(orphan.env(PARENT_ENV, "1"))?.rest()?;
    ensure!(
        said.iter().any(|l| l.contains("expected parent 1")),
        "{said:?}"
    );
    Ok(())
}

#[test]
fn role_orphan() -> Result<()> {
    if !has_role(ORPHAN_ROLE) {
        return Ok(());
    }
    match process::adopt_parent() {
        Err(error @ ProcessError::Orphaned { .. }) => say("", &error.to_string()),
        other => say("", &format!("expected an orphan, found {other:?}")),
    }
}

#[test]
fn a_child_can_be_stopped_resumed_terminated_and_waited_for() -> Result<()> {
    use_built_binary();
    let mut child = Child::spawn(&CommandSpec::foreign("/bin/sleep", ["600"]), "sleeper")?;
    child.stop()?;
    child.resume()?;
    ensure!(
        child.wait_for(Duration::from_millis(50))?.is_none(),
        "it ended by itself"
    );
    let status = child.terminate(LIMIT)?;
    ensure!(
        !status.success(),
        "SIGTERM ends sleep with a signal, found {status}"
    );
    let mut deaf = Child::spawn(
        &CommandSpec::foreign(
            "/bin/sh",
            ["-c", "trap '' TERM; echo; while :; do sleep 1; done"],
        )
        .stdout(Stream::Piped),
        "deaf",
    )?;
    // The trap is set when the line has come.
    let stdout = deaf.take_stdout().context("a piped stdout")?;
    BufReader::new(stdout).read_line(&mut String::new())?;
    let status = deaf.terminate(Duration::from_millis(200))?;
    ensure!(!status.success(), "SIGKILL after the grace, found {status}");
    let missing = CommandSpec::foreign("/no/such/program", [""; 0]);
    let status = Child::spawn(&missing, "missing")?.wait()?;
    ensure!(!status.success(), "a missing program cannot succeed");
    Ok(())
}

/// The same command where no process outside can be seen; `None`, said aloud, where that cannot be
/// had.
pub(crate) fn elsewhere(here: &Command) -> Option<Command> {
    let words = ["--pid", "--fork", "--mount-proc", "--kill-child"];
    let possible = Command::new("unshare").args(words).arg("true").output();
    if !possible.is_ok_and(|output| output.status.success()) {
        println!("not run: no PID namespace can be made here");
        return None;
    }
    let mut there = Command::new("unshare");
    there
        .args(words)
        .arg(here.get_program())
        .args(here.get_args());
    for (name, value) in here.get_envs() {
        match value {
            Some(value) => there.env(name, value),
            None => there.env_remove(name),
        };
    }
    there.stdin(Stdio::null()).stdout(Stdio::piped());
    Some(there)
}

#[test]
fn a_sweep_takes_nothing_of_an_owner_that_lives_where_it_cannot_see_it() -> Result<()> {
    let state = TempFolder::create("test-state")?;
    let there =
        |role| -> Result<Option<Command>> { Ok(elsewhere(&Role::command(role, state.path())?)) };
    let (Some(mut sweeper), Some(mut owner)) = (there(SWEEPER_ROLE)?, there(OWNER_ROLE)?) else {
        return Ok(());
    };
    // An owner here and one there; a sweeper there and one here.
    let mut owners = [
        Role::start(OWNER_ROLE, state.path())?,
        Role::spawn(&mut owner)?,
    ];
    let mut folders = Vec::new();
    for owner in &mut owners {
        folders.push(owner.line("folder ")?);
    }
    for sweeper in [
        Role::spawn(&mut sweeper)?,
        Role::start(SWEEPER_ROLE, state.path())?,
    ] {
        let swept = sweeper.rest()?;
        ensure!(swept.is_empty(), "swept of living owners: {swept:?}");
    }
    ensure!(folders.iter().all(|folder| Path::new(folder).is_dir()));
    // What the dead leave is taken as before, also by who could not have seen them live.
    for owner in &mut owners {
        owner.kill()?;
    }
    eventually("both locks are free, and both folders swept", || {
        Role::start(SWEEPER_ROLE, state.path())?.rest()?;
        Ok(folders.iter().all(|folder| !Path::new(folder).exists()))
    })
}
