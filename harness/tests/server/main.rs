//! Servers and processes for real: a dev server killed and restarted, children that die
//! with their parent, the sweep after a SIGKILL, the ways to a server and what they lack,
//! Temporal on PostgreSQL in containers and faults on these, what a killed run leaves of it, and the newcomer's way by docker-compose.yml.
//!
//! Where a test needs a process to kill or another environment, this test program runs
//! itself again with one of the `role_…` tests, which do nothing otherwise.

#[path = "../fixtures/events.rs"]
mod events;
#[path = "../fixtures/images.rs"]
mod images;
#[path = "../fixtures/unpacked.rs"]
mod unpacked;

mod container_faults;
mod dagster_on_postgres;
mod killed_run;
mod lifecycle;
mod newcomer;
mod postgres;
mod processes;
mod provisioning;
mod role;

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use orchbench_lab::process::TempFolder;

/// How long anything that is waited for may take.
const LIMIT: Duration = Duration::from_secs(30);

fn use_built_binary() {
    orchbench_lab::process::set_orchbench_binary(env!("CARGO_BIN_EXE_orchbench"));
}

/// The folder of a run of a profile on containers, with its `results`; one that does not end well is an
/// error with what it said.
fn run_on_docker(profile: &str) -> Result<TempFolder> {
    let folder = TempFolder::create("test-on-docker")?;
    std::fs::write(folder.path().join("profile.toml"), profile)?;
    let run = Command::new(env!("CARGO_BIN_EXE_orchbench"))
        .args(["run", "profile.toml", "--server", "docker"])
        .args(["--out", "results"])
        .env("XDG_STATE_HOME", folder.path())
        .current_dir(folder.path())
        .output()?;
    let said = String::from_utf8_lossy(&run.stderr);
    ensure!(run.status.code() == Some(0), "{}: {said}", run.status);
    Ok(folder)
}

fn eventually(what: &str, mut holds: impl FnMut() -> Result<bool>) -> Result<()> {
    let deadline = Instant::now() + LIMIT;
    while !holds()? {
        ensure!(Instant::now() < deadline, "not within {LIMIT:?}: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}
