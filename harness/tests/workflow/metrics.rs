//! A worker's Prometheus endpoint.

use std::io::{Read, Write};
use std::net::TcpStream;

use anyhow::{Context, Result, ensure};

use crate::stage::{Stage, Worker, orchbench, said};

/// A worker as a user starts it, serving metrics at `address`.
fn worker(stage: &Stage, dir: &std::path::Path, address: &str) -> std::process::Command {
    let mut command = orchbench();
    command
        .args(["worker", "temporal", "--tuned", "--task-queue", "metrics"])
        .args(["--temporal-address", stage.address(), "--metrics", address])
        .arg("--work-dir")
        .arg(dir);
    command
}

pub fn served(stage: &Stage) -> Result<()> {
    let dir = stage.dir("metrics")?;
    let mut command = worker(stage, &dir, "127.0.0.1:0");
    let worker = Worker::start(&mut command, dir.join("worker.log"))?;
    let log = worker.log()?;
    ensure!(log.contains("\"name\":\"tuned\""), "{log}");
    ensure!(log.contains("\"sticky_timeout_ms\":1000"), "{log}");
    let url = log
        .lines()
        .find_map(|line| line.strip_prefix("metrics at http://"))
        .with_context(|| log.clone())?;
    let words = [
        "start",
        "DataPipelineWorkflow",
        "\"one-day\"",
        "--wait",
        "--id",
        "measured",
    ];
    stage.json(&[&words[..], &["--task-queue", "metrics"]].concat())?;
    let metrics = get(url.trim_end_matches("/metrics"))?;
    let value = |name: &str, label: &str| -> Result<f64> {
        metrics
            .lines()
            .filter(|line| line.starts_with(name) && line.contains(label))
            .map(|line| Ok(line.rsplit(' ').next().context("a value")?.parse::<f64>()?))
            .sum()
    };
    let executed = value(
        "temporal_activity_execution_latency_count",
        "activity_type=\"transform\"",
    )?;
    ensure!(
        executed == 1.0,
        "transform was executed {executed} times: {metrics}"
    );
    let slots = value(
        "temporal_worker_task_slots_available",
        "worker_type=\"ActivityWorker\"",
    )?;
    ensure!(slots == 100.0, "{slots} free activity slots: {metrics}");
    Ok(())
}

pub fn in_use(stage: &Stage) -> Result<()> {
    let taken = std::net::TcpListener::bind("127.0.0.1:0")?;
    let address = taken.local_addr()?.to_string();
    let dir = stage.dir("metrics-in-use")?;
    let said = said(&mut worker(stage, &dir, &address))?;
    said.refused(2, &[&format!("metrics at {address}: "), "in use"])
}

fn get(address: &str) -> Result<String> {
    let mut stream = TcpStream::connect(address)?;
    write!(
        stream,
        "GET /metrics HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    ensure!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    Ok(answer)
}
