//! A run killed in the middle of a trial in containers: the next one removes what it left.

use std::process::{Command, Stdio};

use anyhow::{Result, ensure};
use orchbench_lab::process::{ProcessIdentity, TempFolder};

use crate::eventually;
use crate::images::images;
use crate::postgres::{kill_guard, owned};

/// One trial on each engine: the one on containers is killed, the other is the next run.
const PROFILE: &str = r#"
description = "the test's own"
seed = 7

[[scenario]]
name = "overhead"
blocks = 1
parameters = { shapes = ["chain"], steps = [1, 2], samples = 1 }
"#;

#[test]
fn the_next_run_removes_the_containers_of_a_killed_one() -> Result<()> {
    if images().is_none() {
        return Ok(());
    }
    let folder = TempFolder::create("test-killed-run")?;
    std::fs::write(folder.path().join("small.toml"), PROFILE)?;
    let orchbench = |words: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_orchbench"));
        command
            .args(["run", "small.toml"])
            .args(words)
            .env("XDG_STATE_HOME", folder.path())
            .current_dir(folder.path())
            .stdin(Stdio::null());
        command
    };
    let mut killed = orchbench(&["--engine", "temporal", "--server", "docker", "--out", "1"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let tag = ProcessIdentity::of(killed.id())?.to_string();
    let up = eventually("the trial's containers are up", || {
        ensure!(killed.try_wait()?.is_none(), "the run ended by itself");
        Ok(owned(&tag)?.len() >= 3)
    });
    let guard = up.and_then(|()| kill_guard(killed.id()));
    killed.kill()?;
    killed.wait()?;
    guard?;
    ensure!(owned(&tag)?.len() >= 2, "nobody is left to remove them");

    let next = orchbench(&["--engine", "asset-engine", "--out", "2"]).output()?;
    let said = String::from_utf8_lossy(&next.stderr);
    ensure!(next.status.code() == Some(0), "{}: {said}", next.status);
    ensure!(said.contains("left by a run that was killed"), "{said}");
    let left = owned(&tag)?;
    ensure!(left.is_empty(), "left: {left:?}: {said}");
    Ok(())
}
