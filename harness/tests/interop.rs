//! `DataPipelineWorkflow` from outside Rust: the `temporal` command line and the Python SDK
//! start it by name on `orchbench worker temporal`.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use orchbench::server::{Choice, LocalServer, Provisioned, ServerSpec, provision};

const PYTHON: &str = r#"
import asyncio, json, sys
from temporalio.client import Client

async def main():
    client = await Client.connect(sys.argv[1])
    for _ in range(2):
        result = await client.execute_workflow(
            "DataPipelineWorkflow", "my-source", id="pipeline-run-1", task_queue="data-pipeline-queue")
        print(json.dumps(result))

asyncio.run(main())
"#;

/// Ends the worker when the test does, however it ends.
struct Worker(Child);

impl Drop for Worker {
    fn drop(&mut self) {
        // Already gone is as good.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start_worker(address: &str, work_dir: &std::path::Path) -> Result<Worker> {
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

fn execute(command: &mut Command) -> Result<String> {
    let output = command.stdin(Stdio::null()).output()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(
        output.status.success(),
        "{command:?}: {said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(said)
}

fn main() -> Result<()> {
    // Children are started through this program, as `orchbench` starts its own.
    orchbench::cli::serve_if_child();
    the_command_line_and_python_start_the_pipeline_by_name()?;
    println!("1 passed, 0 failed");
    Ok(())
}

fn the_command_line_and_python_start_the_pipeline_by_name() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let provisioned = provision(&Choice::Cache, &|line| println!("{line}"))
        .or_else(|_| provision(&Choice::Path, &|line| println!("{line}")))?;
    let Provisioned::Program { path: cli, .. } = &provisioned else {
        anyhow::bail!("expected the temporal command line, found {provisioned}");
    };
    let server = LocalServer::start(&provisioned, &ServerSpec::new(folder.path().join("server")))?;
    let address = server.address().to_owned();
    let worker = start_worker(&address, folder.path())?;

    let mut changed = Vec::new();
    for number in 1..=2 {
        let said = execute(
            Command::new(cli)
                .args(["workflow", "execute", "--type", "DataPipelineWorkflow"])
                .args([
                    "--task-queue",
                    "data-pipeline-queue",
                    "--workflow-id",
                    &format!("cli-{number}"),
                ])
                .args([
                    "--input",
                    "\"my-source\"",
                    "--output",
                    "json",
                    "--address",
                    &address,
                ]),
        )?;
        let answer: serde_json::Value =
            serde_json::from_str(&said).with_context(|| said.clone())?;
        changed.push(
            answer["result"]["changed"]
                .as_u64()
                .with_context(|| said.clone())?,
        );
    }
    ensure!(changed[0] > 0 && changed[1] == 0, "changed: {changed:?}");
    python(&address)?;
    drop(worker);
    server.stop()?;
    Ok(())
}

fn python(address: &str) -> Result<()> {
    let python = std::env::var("ORCHBENCH_PYTHON").unwrap_or_else(|_| "python3".into());
    let has_sdk = Command::new(&python)
        .args(["-c", "import temporalio"])
        .output()
        .is_ok_and(|output| output.status.success());
    if !has_sdk {
        println!("not run: {python} has no temporalio (pip install temporalio; ORCHBENCH_PYTHON)");
        return Ok(());
    }
    let said = execute(Command::new(&python).args(["-c", PYTHON, address]))?;
    let summaries: Vec<serde_json::Value> = said
        .lines()
        .map(serde_json::from_str)
        .collect::<Result<_, _>>()?;
    ensure!(summaries.len() == 2, "expected two summaries, found {said}");
    for summary in summaries {
        ensure!(summary["source"] == "my-source", "{summary}");
        ensure!(summary["partitions"] == 7, "{summary}");
        ensure!(summary["loaded"] == summary["accepted"], "{summary}");
        ensure!(summary["changed"] == 0, "{summary}");
    }
    Ok(())
}
