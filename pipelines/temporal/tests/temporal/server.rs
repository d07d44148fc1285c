//! The Temporal server of the tests: one dev server for the whole test process, which dies with it.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc;
use std::thread;

/// The address of the server, which the first caller starts.
pub fn address() -> &'static str {
    static ADDRESS: OnceLock<String> = OnceLock::new();
    ADDRESS.get_or_init(start)
}

fn start() -> String {
    let cli = cli();
    let dir = folder();
    // Free at this moment; the server is given another second to take it.
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let (spawned, is_spawned) = mpsc::channel();
    // The parent-death signal follows the thread that spawned the child, not the process: a test's
    // own thread ends with its test, this one with the process.
    thread::spawn(move || {
        let mut child = Command::new("setpriv")
            .args(["--pdeathsig", "KILL", "--"])
            .arg(cli)
            .args(["server", "start-dev", "--headless", "--ip", "127.0.0.1"])
            .args(["--log-level", "error", "--port", &port.to_string()])
            .arg("--db-filename")
            .arg(dir.join("temporal.sqlite"))
            // Otherwise each task waits for the next 50 ms and each retry for the next second.
            .args([
                "--dynamic-config-value",
                "history.transferProcessorMaxPollRPS=2000",
            ])
            .args([
                "--dynamic-config-value",
                "history.timerProcessorMaxTimeShift=\"5ms\"",
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .expect("setpriv (util-linux) starts the server so that it dies with the tests");
        spawned.send(()).unwrap();
        let status = child.wait();
        eprintln!("the temporal dev server ended: {status:?}");
    });
    is_spawned.recv().unwrap();
    format!("127.0.0.1:{port}")
}

/// The `temporal` command line: named by the environment, on PATH, or in the harness's cache.
pub fn cli() -> PathBuf {
    if let Some(path) = std::env::var_os("ORCHBENCH_TEMPORAL_CLI") {
        return path.into();
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let cache = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")));
    std::env::split_paths(&path)
        .chain(cache.map(|cache| cache.join("orchbench/bin")))
        .map(|dir| dir.join("temporal"))
        .find(|file| file.is_file())
        .unwrap_or_else(|| {
            panic!(
                "no `temporal` command line in ORCHBENCH_TEMPORAL_CLI, on PATH or in the cache: run `orchbench server provision`"
            )
        })
}

/// A folder for the server's database, after a sweep of those whose test process is gone: the server
/// outlives every destructor of the tests, so that nobody else could remove it.
fn folder() -> PathBuf {
    let base = Path::new(env!("CARGO_TARGET_TMPDIR")).join("temporal-server");
    for entry in std::fs::read_dir(&base).into_iter().flatten().flatten() {
        let owner = Path::new("/proc").join(entry.file_name());
        if !owner.exists() {
            std::fs::remove_dir_all(entry.path()).unwrap();
        }
    }
    let dir = base.join(std::process::id().to_string());
    std::fs::create_dir_all(&dir).unwrap();
    dir
}
