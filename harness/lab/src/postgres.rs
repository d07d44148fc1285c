//! A PostgreSQL server of this process's own, for tests and trials, from the binaries that are
//! there.
//!
//! The server lives in a temporary folder, listens on a free port of the loopback interface, and
//! dies with the thread that started it (parent-death signal) or when the handle is dropped.

mod program;

use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::process::children_of;
use program::{command, find_binaries, free_port, serve, server_user};

/// How long the server may take to accept connections.
const START_DEADLINE: Duration = Duration::from_secs(60);

/// Why a local server could not be started.
#[derive(Debug, thiserror::Error)]
#[error("local PostgreSQL: {0}")]
pub struct LocalPostgresError(String);

/// A PostgreSQL server that this process started; killed when dropped.
#[derive(Debug)]
pub struct LocalPostgres {
    server: Child,
    url: String,
    bin: PathBuf,
    user: Option<String>,
    port: u16,
    // Removed after the server is dead.
    folder: tempfile::TempDir,
}

impl LocalPostgres {
    /// Starts a server, or gives `None` when there are no binaries: `initdb` and `postgres` below
    /// `/usr/lib/postgresql/*/bin` (newest first) or on PATH. As PostgreSQL refuses to run as
    /// root, root starts it as the user `postgres`, or else `nobody`.
    ///
    /// # Errors
    /// When binaries are there but the server does not start.
    pub fn find_and_start() -> Result<Option<Self>, LocalPostgresError> {
        let Some(bin) = find_binaries() else {
            return Ok(None);
        };
        let failed = |what: &str, error: &dyn std::fmt::Display| {
            LocalPostgresError(format!("{what}: {error}"))
        };
        let folder = tempfile::Builder::new()
            .prefix("orchbench-postgres-")
            .tempdir()
            .map_err(|error| failed("temporary folder", &error))?;
        let user = server_user(folder.path())?;
        let data = folder.path().join("data");
        let log = folder.path().join("server.log");
        let initdb = command(user.as_deref(), &bin.join("initdb"))
            .args([
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C",
                "--no-sync",
                "--username=postgres",
                "-D",
            ])
            .arg(&data)
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .output()
            .map_err(|error| failed("initdb cannot be started", &error))?;
        if !initdb.status.success() {
            let said = String::from_utf8_lossy(&initdb.stderr).into_owned();
            return Err(failed("initdb failed", &said.trim()));
        }
        let port = free_port().map_err(|error| failed("no free port", &error))?;
        let mut started = Self {
            server: serve(&bin, user.as_deref(), folder.path(), port)?,
            url: format!("postgres://postgres@127.0.0.1:{port}/postgres"),
            bin,
            user,
            port,
            folder,
        };
        started.wait_until_ready(&log)?;
        Ok(Some(started))
    }

    /// Whether [`LocalPostgres::find_and_start`] would find binaries.
    #[must_use]
    pub fn installed() -> bool {
        find_binaries().is_some()
    }

    /// SIGKILL to the server and all its processes, as when its host dies.
    ///
    /// # Errors
    /// When it cannot be waited for.
    pub fn kill(&mut self) -> Result<(), LocalPostgresError> {
        self.signal(Signal::KILL);
        self.wait()
    }

    /// A fast shutdown (SIGINT): open transactions are rolled back, clients disconnected.
    ///
    /// # Errors
    /// When it cannot be waited for.
    pub fn stop(&mut self) -> Result<(), LocalPostgresError> {
        if let Some(pid) = pid_of(self.server.id()) {
            let _ = rustix::process::kill_process(pid, Signal::INT);
        }
        self.wait()
    }

    /// SIGSTOP to the server and all its processes.
    ///
    /// # Errors
    /// None now; a server that is gone cannot be paused and is not.
    pub fn pause(&mut self) -> Result<(), LocalPostgresError> {
        self.signal(Signal::STOP);
        Ok(())
    }

    /// SIGCONT after [`LocalPostgres::pause`].
    ///
    /// # Errors
    /// None now.
    pub fn resume(&mut self) -> Result<(), LocalPostgresError> {
        self.signal(Signal::CONT);
        Ok(())
    }

    /// Starts the server again on the same data and port, after [`LocalPostgres::kill`] or
    /// [`LocalPostgres::stop`]. It dies with the thread that calls this.
    ///
    /// # Errors
    /// When it does not start.
    pub fn restart(&mut self) -> Result<(), LocalPostgresError> {
        let folder = self.folder.path().to_owned();
        self.server = serve(&self.bin, self.user.as_deref(), &folder, self.port)?;
        self.wait_until_ready(&folder.join("server.log"))
    }

    /// To the postmaster first, so that it starts no process in place of one that is hit.
    fn signal(&self, signal: Signal) {
        let postmaster = self.server.id();
        let children = children_of(postmaster);
        for pid in std::iter::once(postmaster)
            .chain(children)
            .filter_map(pid_of)
        {
            // One that is gone already needs no signal.
            let _ = rustix::process::kill_process(pid, signal);
        }
    }

    fn wait(&mut self) -> Result<(), LocalPostgresError> {
        let waited = self.server.wait();
        waited
            .map(drop)
            .map_err(|error| LocalPostgresError(format!("waiting for its end: {error}")))
    }

    /// Polls until the server answers, or has died, or the deadline is over.
    fn wait_until_ready(&mut self, log: &Path) -> Result<(), LocalPostgresError> {
        let deadline = Instant::now() + START_DEADLINE;
        loop {
            let error = match postgres::Client::connect(&self.url, postgres::NoTls) {
                Ok(_) => return Ok(()),
                Err(error) => error,
            };
            let died = self.server.try_wait().ok().flatten();
            if died.is_some() || Instant::now() > deadline {
                let said = std::fs::read_to_string(log).unwrap_or_default();
                let state = died.map_or_else(
                    || "not ready in time".to_owned(),
                    |status| status.to_string(),
                );
                return Err(LocalPostgresError(format!(
                    "server at {}: expected it to accept connections, found {error}; {state}; it said: {}",
                    self.url,
                    said.trim()
                )));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// The URL, such as `postgres://postgres@127.0.0.1:40123/postgres`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The process id of the server, for faults that kill the database.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.server.id()
    }

    /// The folder of the binaries.
    #[must_use]
    pub fn bin(&self) -> &Path {
        &self.bin
    }
}

impl Drop for LocalPostgres {
    fn drop(&mut self) {
        // SIGQUIT is PostgreSQL's immediate shutdown: it takes its children along, which SIGKILL
        // of the postmaster alone would leave to find out by themselves.
        if let Some(pid) = pid_of(self.server.id())
            && matches!(self.server.try_wait(), Ok(None))
        {
            // A paused server hears nothing until it goes on.
            self.signal(Signal::CONT);
            let _ = rustix::process::kill_process(pid, Signal::QUIT);
        }
        let deadline = Instant::now() + Duration::from_secs(5);
        while matches!(self.server.try_wait(), Ok(None)) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn pid_of(pid: u32) -> Option<rustix::process::Pid> {
    rustix::process::Pid::from_raw(i32::try_from(pid).ok()?)
}
