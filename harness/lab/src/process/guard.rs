//! The guard: a small process that cleans up after a SIGKILL of its owner at once.
//!
//! Child processes die by the parent-death signal, but a container knows no parent.
//! The guard holds the read end of a pipe whose only write end is in the owner; when
//! it reads the end of the file, the owner is gone, and it sweeps. So it outlives its
//! owner by the time that a sweep takes, and no longer.

use std::io::Read as _;
use std::path::PathBuf;
use std::process::ChildStdin;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::command::{OWNER_ENV, orchbench_binary};
use super::registry::own_record;
use super::{ProcessError, Swept, spawner, sweep};

/// The variable that names the owner's record to its guard.
const GUARDED_ENV: &str = "ORCHBENCH_GUARDED";
/// How long the guard goes on trying to sweep what its owner left.
const SWEEP_LIMIT: Duration = Duration::from_secs(10);
/// Pause between two tries.
const PAUSE: Duration = Duration::from_millis(20);

/// Starts this process's guard, once.
///
/// # Errors
/// [`ProcessError::Spawn`] when it cannot be started.
pub fn ensure_guard() -> Result<(), ProcessError> {
    static PIPE: Mutex<Option<ChildStdin>> = Mutex::new(None);
    let mut pipe = PIPE.lock().unwrap_or_else(PoisonError::into_inner);
    if pipe.is_some() {
        return Ok(());
    }
    let failed = |source| ProcessError::Spawn {
        program: "orchbench guard".to_owned(),
        source,
    };
    let mut command = std::process::Command::new(orchbench_binary()?);
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command
        .arg("guard")
        .env(GUARDED_ENV, own_record()?)
        // Should the owner be a child itself, its own owner's sweep must not end the guard.
        .env_remove(OWNER_ENV)
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null());
    let mut guard = spawner::spawn(command).map_err(failed)?;
    *pipe = guard.stdin.take();
    // The guard ends after its owner, so it is not waited for: init reaps it.
    Ok(())
}

/// What `orchbench guard` does: waits until the owner's end of standard input closes, then
/// sweeps until the owner's record is gone (at most 10 s).
///
/// Once is not enough: the kernel closes the files of a dying process one after the other, so
/// the owner's lock may be held for a moment after its end of the pipe is closed.
///
/// # Errors
/// As [`sweep`].
pub fn run_guard() -> Result<Vec<Swept>, ProcessError> {
    let record = std::env::var_os(GUARDED_ENV).map(PathBuf::from);
    let mut buffer = [0_u8; 64];
    let mut stdin = std::io::stdin();
    while matches!(stdin.read(&mut buffer), Ok(n) if n > 0) {}
    let deadline = Instant::now() + SWEEP_LIMIT;
    let mut swept = sweep()?;
    while record.as_ref().is_some_and(|path| path.exists()) && Instant::now() < deadline {
        std::thread::sleep(PAUSE);
        swept.extend(sweep()?);
    }
    Ok(swept)
}
