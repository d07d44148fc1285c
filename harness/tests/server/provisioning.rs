//! The ways to a server, and what each one lacked.

use std::net::TcpListener;

use anyhow::{Result, ensure};
use orchbench_lab::process::TempFolder;
use orchbench_lab::server::{Choice, find, provision};

use crate::role::{Role, has_role, say};

const ROLE: &str = "provisioning::role_without_any_way";

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
