//! Dying with the parent, seen from the child.
//!
//! The child asks the kernel for SIGKILL at its parent's death and then compares
//! `getppid` with the parent that was named: had the parent died before the request,
//! no signal would ever come.

use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use rustix::process::{Signal, getppid, set_parent_process_death_signal};

use super::ProcessError;

/// The environment variable in which a parent names itself to its own workers.
pub const PARENT_ENV: &str = "ORCHBENCH_PARENT";

/// Asks for SIGKILL when the parent dies, and checks that it is `expected_parent`.
///
/// # Errors
/// [`ProcessError::Orphaned`] when the parent is another one already: the caller
/// should exit at once. [`ProcessError::Signal`] when the kernel refuses.
pub fn die_with_parent(expected_parent: u32) -> Result<(), ProcessError> {
    set_parent_process_death_signal(Some(Signal::KILL)).map_err(|e| ProcessError::Signal {
        role: "this process".to_owned(),
        pid: std::process::id(),
        action: "asking for the parent-death signal",
        source: e.into(),
    })?;
    let found = getppid().map_or(0, |pid| pid.as_raw_nonzero().get().unsigned_abs());
    if found == expected_parent {
        Ok(())
    } else {
        Err(ProcessError::Orphaned {
            expected: expected_parent,
            found,
        })
    }
}

/// [`die_with_parent`] for a process started by [`super::Child::spawn`], which names
/// itself in [`PARENT_ENV`]. Started by hand, without that variable, it does nothing.
/// A grandchild inherits the variable but not the parent: whoever starts one otherwise
/// than by [`super::Child::spawn`] names itself, by [`die_with_parent`].
///
/// # Errors
/// As [`die_with_parent`].
pub fn adopt_parent() -> Result<(), ProcessError> {
    match std::env::var(PARENT_ENV).ok().and_then(|v| v.parse().ok()) {
        Some(parent) => die_with_parent(parent),
        None => Ok(()),
    }
}

/// Becomes `program`, bound to the life of `parent`: the way a program that knows
/// nothing of parent-death signals is started. The signal survives the exec.
///
/// # Errors
/// Returns only on failure: [`ProcessError::Orphaned`], or [`ProcessError::Spawn`]
/// when the program cannot be executed.
pub fn exec_child(parent: u32, program: &Path, args: &[OsString]) -> ProcessError {
    if let Err(error) = die_with_parent(parent) {
        return error;
    }
    let source = Command::new(program)
        .args(args)
        .env_remove(PARENT_ENV)
        .exec();
    ProcessError::Spawn {
        program: program.display().to_string(),
        source,
    }
}
