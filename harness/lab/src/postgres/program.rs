//! PostgreSQL's programs: where they are, as which user they run, how they are started.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::LocalPostgresError;

/// Starts the server on the data in its folder.
pub(super) fn serve(
    bin: &Path,
    user: Option<&str>,
    folder: &Path,
    port: u16,
) -> Result<Child, LocalPostgresError> {
    let log = folder.join("server.log");
    let log = std::fs::File::create(&log)
        .map_err(|error| LocalPostgresError(format!("{}: {error}", log.display())))?;
    command(user, &bin.join("postgres"))
        .arg("-D")
        .arg(folder.join("data"))
        .args(["-p", &port.to_string(), "-c"])
        .args(["listen_addresses=127.0.0.1", "-k"])
        .arg(folder)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .map_err(|error| LocalPostgresError(format!("postgres cannot be started: {error}")))
}

pub(super) fn find_binaries() -> Option<PathBuf> {
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

pub(super) fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
        .local_addr()?
        .port())
}

/// The user that the server runs as; `None` means this one. The folder is given to that user.
pub(super) fn server_user(folder: &Path) -> Result<Option<String>, LocalPostgresError> {
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
pub(super) fn command(user: Option<&str>, program: &Path) -> Command {
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
