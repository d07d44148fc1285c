//! The server by hand: `orchbench server start [--detach] | status | stop`.
//!
//! One such server a user at a time; it stands in `server.json` in the state folder, whose
//! lock is held for as long as the process that serves lives.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde::{Deserialize, Serialize};

use crate::process::{
    OWNER_ENV, ProcessError, ProcessIdentity, orchbench_binary, state_folder, take_abandoned,
    write_locked,
};

use super::error::log_tail;
use super::{LocalServer, Progress, ServerError, ServerSpec, provision};

/// Tells the served process that it was detached, so that it leaves its session.
const DETACHED_ENV: &str = "ORCHBENCH_DETACHED";
/// Pause between two looks at a process or file.
const LOOK_PAUSE: Duration = Duration::from_millis(50);

/// A server that was started by hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Running {
    /// The process that serves and owns the server.
    pub process: ProcessIdentity,
    /// `127.0.0.1:port`.
    pub address: String,
    /// What was provisioned, as text.
    pub provisioned: String,
    /// The server's own version.
    pub server_version: String,
    /// The name of its settings.
    pub settings: String,
    /// Its database and log.
    pub data_dir: PathBuf,
}

/// What `server status` finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// It runs.
    Running(Running),
    /// None was started, or it has ended.
    Stopped,
}

/// `server` in the state folder: where a server started by hand keeps its database.
///
/// # Errors
/// As [`state_folder`].
pub fn default_data_dir() -> Result<PathBuf, ServerError> {
    Ok(state_folder()?.join("server"))
}

/// Provisions and starts a server, tells `on_ready`, and serves until SIGINT or SIGTERM.
///
/// # Errors
/// [`ServerError::AlreadyRunning`], [`ServerError::Unavailable`], or a start that
/// failed; [`ServerError::Ended`] when the server ends by itself.
pub fn serve_foreground(
    spec: &ServerSpec,
    progress: &Progress,
    on_ready: &mut dyn FnMut(&Running),
) -> Result<(), ServerError> {
    if std::env::var_os(DETACHED_ENV).is_some() {
        // Fails only for the leader of a group, which then has what it needs.
        let _ = rustix::process::setsid();
    }
    let asked_to_end = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&asked_to_end)).map_err(
            ProcessError::file("registering a signal handler for", "serve"),
        )?;
    }
    if let Status::Running(running) = status()? {
        return Err(ServerError::AlreadyRunning {
            process: running.process,
            address: running.address,
        });
    }
    let provisioned = provision(&spec.choice, progress)?;
    let mut server = LocalServer::start(&provisioned, spec)?;
    let running = Running {
        process: ProcessIdentity::current()?,
        address: server.address().to_owned(),
        provisioned: provisioned.to_string(),
        server_version: server.versions().server.clone(),
        settings: spec.settings.name.clone(),
        data_dir: spec.data_dir.clone(),
    };
    let record = Record::write(&running)?;
    on_ready(&running);
    while !asked_to_end.load(Ordering::SeqCst) {
        server.still_alive()?;
        thread::sleep(LOOK_PAUSE);
    }
    drop(record);
    server.stop()
}

/// Starts `orchbench ARGS…` (a `server start` without `--detach`) as a process of its
/// own and waits until its server is ready. There is no limit but its own end, since
/// provisioning may take minutes; `progress` gets the last line of its log.
///
/// # Errors
/// [`ServerError::AlreadyRunning`], or [`ServerError::DetachedEnded`] with its log.
pub fn detach(args: &[OsString], progress: &Progress) -> Result<Running, ServerError> {
    if let Status::Running(running) = status()? {
        return Err(ServerError::AlreadyRunning {
            process: running.process,
            address: running.address,
        });
    }
    let log = state_folder()?.join("server.log");
    let open = || {
        OpenOptions::new()
            .create(true)
            .append(true)
            .open(&log)
            .map_err(ProcessError::file("opening log", &log))
    };
    fs::write(&log, b"").map_err(ProcessError::file("emptying log", &log))?;
    let mut served = Command::new(orchbench_binary()?)
        .args(args)
        .env(DETACHED_ENV, "1")
        .env_remove(OWNER_ENV)
        .stdin(Stdio::null())
        .stdout(open()?)
        .stderr(open()?)
        .spawn()
        .map_err(|source| ProcessError::Spawn {
            program: "orchbench server start".to_owned(),
            source,
        })?;
    let begun = Instant::now();
    loop {
        if let Status::Running(running) = status()?
            && running.process.pid == served.id()
        {
            return Ok(running);
        }
        let ended = served
            .try_wait()
            .map_err(ProcessError::file("waiting for", "server start"))?;
        if let Some(status) = ended {
            let tail = log_tail(&log, 20);
            return Err(ServerError::DetachedEnded { status, log, tail });
        }
        progress(&log_tail(&log, 1), begun.elapsed());
        thread::sleep(LOOK_PAUSE);
    }
}

/// Whether a server started by hand runs.
///
/// # Errors
/// [`ServerError::Process`] when there is no state folder.
pub fn status() -> Result<Status, ServerError> {
    let path = Record::path()?;
    let running = fs::read(&path)
        .ok()
        .and_then(|text| serde_json::from_slice::<Running>(&text).ok())
        .filter(|_| take_abandoned(&path).is_none());
    Ok(running.map_or(Status::Stopped, Status::Running))
}

/// Ends a server that was started by hand and waits until its process is gone; `None`
/// when none runs.
///
/// # Errors
/// [`ServerError::Elsewhere`] when its process cannot be seen from here;
/// [`ServerError::Process`] when it does not end within `limit`.
pub fn stop(limit: Duration) -> Result<Option<Running>, ServerError> {
    let Status::Running(running) = status()? else {
        return Ok(None);
    };
    if !running.process.alive() {
        return Err(ServerError::Elsewhere {
            process: running.process,
            address: running.address,
        });
    }
    let failed = |source: std::io::Error| ProcessError::Signal {
        role: "server".to_owned(),
        pid: running.process.pid,
        action: "stopping",
        source,
    };
    let pid = i32::try_from(running.process.pid)
        .ok()
        .and_then(Pid::from_raw)
        .ok_or_else(|| failed(std::io::ErrorKind::InvalidData.into()))?;
    kill_process(pid, Signal::TERM).map_err(|e| failed(e.into()))?;
    let deadline = Instant::now() + limit;
    while running.process.alive() {
        if Instant::now() >= deadline {
            return Err(failed(std::io::ErrorKind::TimedOut.into()).into());
        }
        thread::sleep(LOOK_PAUSE);
    }
    Ok(Some(running))
}

/// `server.json`, held until it is removed on drop.
struct Record {
    path: PathBuf,
    _locked: File,
}

impl Record {
    fn path() -> Result<PathBuf, ServerError> {
        Ok(state_folder()?.join("server.json"))
    }

    fn write(running: &Running) -> Result<Record, ServerError> {
        let path = Self::path()?;
        let _locked = write_locked(&path, running)?;
        Ok(Record { path, _locked })
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}
