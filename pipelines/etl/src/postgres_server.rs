//! A PostgreSQL server of this process's own, for tests and trials, from the binaries that are
//! there.
//!
//! The server lives in a temporary folder, listens on a free port of the loopback interface, and
//! dies with the thread that started it (parent-death signal) or when the handle is dropped.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

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
    // Removed after the server is dead.
    _folder: tempfile::TempDir,
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
        let log_file = std::fs::File::create(&log).map_err(|error| failed("server log", &error))?;
        let server = command(user.as_deref(), &bin.join("postgres"))
            .arg("-D")
            .arg(&data)
            .args([
                "-p",
                &port.to_string(),
                "-c",
                "listen_addresses=127.0.0.1",
                "-k",
            ])
            .arg(folder.path())
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log_file)
            .spawn()
            .map_err(|error| failed("postgres cannot be started", &error))?;
        let mut started = Self {
            server,
            url: format!("postgres://postgres@127.0.0.1:{port}/postgres"),
            bin,
            _folder: folder,
        };
        started.wait_until_ready(&log)?;
        Ok(Some(started))
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
        if let Ok(pid) = i32::try_from(self.server.id())
            && let Some(pid) = rustix::process::Pid::from_raw(pid)
        {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::QUIT);
        }
        let deadline = Instant::now() + Duration::from_secs(5);
        while matches!(self.server.try_wait(), Ok(None)) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn find_binaries() -> Option<PathBuf> {
    let mut folders: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|version| version.path().join("bin"))
        .collect();
    let version = |path: &PathBuf| {
        let name = path.parent().and_then(Path::file_name)?.to_str()?;
        name.parse::<u32>().ok()
    };
    folders.sort_by_key(|path| std::cmp::Reverse(version(path)));
    let path = std::env::var_os("PATH").unwrap_or_default();
    folders.extend(std::env::split_paths(&path));
    let found = folders.into_iter().find(|folder| {
        ["initdb", "postgres"]
            .iter()
            .all(|name| folder.join(name).is_file())
    })?;
    // A link on PATH may point into a folder that has the rest of the installation beside it.
    let target = std::fs::canonicalize(found.join("initdb")).ok()?;
    target.parent().map(Path::to_owned)
}

fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
        .local_addr()?
        .port())
}

/// The user that the server runs as; `None` means this one. The folder is given to that user.
fn server_user(folder: &Path) -> Result<Option<String>, LocalPostgresError> {
    if !rustix::process::geteuid().is_root() {
        return Ok(None);
    }
    let passwd = std::fs::read_to_string("/etc/passwd")
        .map_err(|error| LocalPostgresError(format!("/etc/passwd: {error}")))?;
    let ids = |name: &str| {
        let line = passwd
            .lines()
            .find(|line| line.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2);
        let uid = fields.next()?.parse::<u32>().ok()?;
        let gid = fields.next()?.parse::<u32>().ok()?;
        Some((uid, gid))
    };
    for name in ["postgres", "nobody"] {
        if let Some((uid, gid)) = ids(name) {
            std::os::unix::fs::chown(folder, Some(uid), Some(gid)).map_err(|error| {
                LocalPostgresError(format!("{}: chown to {name}: {error}", folder.display()))
            })?;
            return Ok(Some(name.to_owned()));
        }
    }
    Err(LocalPostgresError(
        "root cannot run PostgreSQL: expected a user postgres or nobody, found neither".to_owned(),
    ))
}

/// A command that dies with this thread, as another user when one is given. `setpriv` sets the
/// parent-death signal behind the change of user, which would clear it.
fn command(user: Option<&str>, program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    if let Some(user) = user {
        command.args(["--reuid", user, "--init-groups"]);
        command.args(["--regid", &primary_group(user)]);
    }
    command.args(["--pdeathsig", "KILL"]).arg(program);
    command
}

/// The numeric primary group of a user that [`server_user`] found.
fn primary_group(user: &str) -> String {
    let passwd = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    passwd
        .lines()
        .find(|line| line.split(':').next() == Some(user))
        .and_then(|line| line.split(':').nth(3))
        .unwrap_or("65534")
        .to_owned()
}
