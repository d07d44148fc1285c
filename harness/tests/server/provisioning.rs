//! The ways to a server, and what each one lacked.

use std::net::TcpListener;

use anyhow::{Result, ensure};
use orchbench_lab::process::TempFolder;
use orchbench_lab::python;
use orchbench_lab::server::{Choice, find, provision};

use crate::role::{Role, has_role, say};

const ROLE: &str = "provisioning::role_without_any_way";
const PYTHON: &str = "provisioning::role_python";

#[test]
fn each_way_says_what_it_lacked() -> Result<()> {
    let state = TempFolder::create("test-state")?;
    let mut command = Role::command(ROLE, state.path())?;
    command
        .env("PATH", state.path())
        .env("HOME", state.path())
        .env("XDG_CACHE_HOME", state.path())
        .env("XDG_CONFIG_HOME", state.path())
        .env("DOCKER_HOST", "unix:///nowhere/docker.sock")
        .env("ORCHBENCH_OFFLINE", "1");
    let said = Role::spawn(&mut command)?.rest()?.join("\n");
    let ways = [
        "cache: ",
        "prebuilt release: not tried: ORCHBENCH_OFFLINE is set",
        "go install: not tried",
        "go install with Go from PyPI: not tried",
    ];
    for way in ways {
        ensure!(said.contains(way), "{way:?} is missing in:\n{said}");
    }
    Ok(())
}

#[test]
fn a_named_address_is_the_only_way() -> Result<()> {
    let state = TempFolder::create("test-state")?;
    // Bound but never listened on by a server: nobody answers there.
    let silent = TcpListener::bind(("127.0.0.1", 0))?
        .local_addr()?
        .to_string();
    let mut command = Role::command(ROLE, state.path())?;
    let said = Role::spawn(command.env("TEMPORAL_ADDRESS", &silent))?.rest()?;
    ensure!(said.len() == 2, "one line a way, found {said:?}");
    ensure!(
        said[1].contains("named address") && said[1].contains(&silent),
        "{said:?}"
    );
    Ok(())
}

#[test]
fn role_without_any_way() -> Result<()> {
    if !has_role(ROLE) {
        return Ok(());
    }
    // What is here already is a part of what can be had.
    ensure!(find(&Choice::Auto).is_err(), "found one");
    match provision(&Choice::Auto, &|_, _| {}) {
        Ok(found) => say("", &format!("expected none, found {found}")),
        Err(unavailable) => unavailable
            .to_string()
            .lines()
            .try_for_each(|line| say("", line)),
    }
}

/// The state folder is the cache of the role.
fn python_said(
    state: &TempFolder,
    offline: bool,
    path: Option<&std::path::Path>,
) -> Result<String> {
    let mut command = Role::command(PYTHON, state.path())?;
    command
        .env_remove("ORCHBENCH_PYTHON")
        .env("XDG_CACHE_HOME", state.path());
    if offline {
        command.env("ORCHBENCH_OFFLINE", "1");
    }
    if let Some(path) = path {
        command.env("PATH", path);
    }
    Ok(Role::spawn(&mut command)?.rest()?.join("\n"))
}

#[test]
fn a_python_with_dagster_is_made_in_an_empty_cache_once() -> Result<()> {
    let state = TempFolder::create("test-state")?;
    let nothing = python_said(&state, true, None)?;
    ensure!(
        nothing.contains("not made: ORCHBENCH_OFFLINE is set"),
        "{nothing}"
    );
    let none = python_said(&state, false, Some(state.path()))?;
    ensure!(none.contains("no program named python3 on PATH"), "{none}");
    let made = python_said(&state, false, None)?;
    ensure!(made.contains("made: Dagster 1.13."), "{made}");
    let found = python_said(&state, true, None)?;
    ensure!(found.contains("made: Dagster 1.13."), "{found}");
    Ok(())
}

#[test]
fn role_python() -> Result<()> {
    if !has_role(PYTHON) {
        return Ok(());
    }
    match python::provision(&|_, _| {}) {
        Ok(python) => say("made: ", &format!("Dagster {}", python.dagster)),
        Err(why) => say("not made: ", &why),
    }
}
