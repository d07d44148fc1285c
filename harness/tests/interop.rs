//! Every workflow pattern from outside Rust: `pipelines/temporal/interop` drives them by the
//! `temporal` command line and by the Python SDK, on `orchbench worker temporal`.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use orchbench_lab::server::{Choice, LocalServer, ServerSpec, command_line, provision};

const SCRIPT: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../pipelines/temporal/interop/interop.sh"
);

/// Ends the worker when the test does, however it ends.
struct Worker(Child);

impl Drop for Worker {
    fn drop(&mut self) {
        // Already gone is as good.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start_worker(address: &str, work_dir: &Path) -> Result<Worker> {
    let log = std::fs::File::create(work_dir.join("worker.log"))?;
    let child = Command::new(env!("CARGO_BIN_EXE_orchbench"))
        .args([
            "worker",
            "temporal",
            "--temporal-address",
            address,
            "--work-dir",
        ])
        .arg(work_dir.join("data"))
        .stdin(Stdio::null())
        .stdout(log)
        .spawn()?;
    let worker = Worker(child);
    let deadline = Instant::now() + Duration::from_secs(60);
    while !std::fs::read_to_string(work_dir.join("worker.log"))?.contains("ready") {
        ensure!(Instant::now() < deadline, "the worker is not ready");
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(worker)
}

fn main() -> Result<()> {
    // Children are started through this program, as `orchbench` starts its own.
    orchbench::cli::serve_if_child();
    every_pattern_answers_the_command_line_and_python()?;
    println!("1 passed, 0 failed");
    Ok(())
}

fn every_pattern_answers_the_command_line_and_python() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let provisioned = provision(&Choice::Cache, &|what, _| println!("{what}"))?;
    let cli = command_line().map_err(anyhow::Error::msg)?;
    let server = LocalServer::start(&provisioned, &ServerSpec::new(folder.path().join("server")))?;
    let worker = start_worker(server.address(), folder.path())?;

    // The script finds the command line on PATH, as its users do.
    let bin = cli.parent().context("the folder of the command line")?;
    let others = std::env::var_os("PATH").unwrap_or_default();
    let path = std::iter::once(bin.to_owned()).chain(std::env::split_paths(&others));
    let status = Command::new("bash")
        .arg(SCRIPT)
        .env("PATH", std::env::join_paths(path)?)
        .env("TEMPORAL_ADDRESS", server.address())
        .stdin(Stdio::null())
        .status()?;
    ensure!(status.success(), "interop.sh: {status}");
    drop(worker);
    server.stop()?;
    Ok(())
}
