//! `temporal`: a worker that polls a task queue until SIGTERM or Ctrl-C, then drains.

use std::io::Write;
use std::sync::Arc;

use anyhow::Context as _;
use orchbench_etl::{Etl, StepCommand};
use orchbench_temporal::{SettingsName, WorkerOptions, WorkerSettings};
use tokio::signal::unix::{SignalKind, signal};

use super::TemporalWorker;
use crate::engine::protocol::Reply;
use crate::engine::{StepExecution, WorkerConfig};
use crate::output;

/// Polls until it is told to stop.
pub(super) fn run(config: WorkerConfig) -> anyhow::Result<()> {
    output::warnings();
    let temporal: TemporalWorker = config.own_part()?;
    let build_id = temporal
        .versioned
        .then(|| config.etl.release.name().to_owned());
    let etl = Arc::new(Etl::open(config.etl)?);
    let default = WorkerOptions::new("");
    let options = WorkerOptions {
        server: temporal.server,
        task_queue: temporal.task_queue,
        settings: if temporal.tuned {
            SettingsName::Tuned
        } else {
            SettingsName::Default
        },
        connect_timeout_ms: temporal
            .connect_timeout_ms
            .unwrap_or(default.connect_timeout_ms),
        drain_ms: temporal.drain_ms.unwrap_or(default.drain_ms),
        activity_slots: temporal.activity_slots,
        metrics: temporal.metrics,
        step_command: step_command(config.execution)?,
        build_id,
        ..default
    };
    orchbench_temporal::worker::run_blocking(options, etl, ready, stop())?;
    Ok(())
}

/// The program of a step's process; `None` for steps in this one.
fn step_command(execution: StepExecution) -> anyhow::Result<Option<StepCommand>> {
    if execution == StepExecution::InProcess {
        return Ok(None);
    }
    let own = StepCommand::own().context("program of a step's process")?;
    Ok(Some(own))
}

/// Says that a worker polls, to the harness or whoever reads its standard output.
pub(crate) fn ready(settings: &WorkerSettings) {
    say(settings);
    let reply = Reply::Ready {
        pid: std::process::id(),
        journal: true,
    };
    // A harness that is gone needs no word; this process ends with it.
    if let Ok(line) = serde_json::to_string(&reply) {
        let _ = writeln!(std::io::stdout().lock(), "{line}");
    }
}

/// Every setting, for whoever reads the worker's log.
fn say(settings: &WorkerSettings) {
    if let Ok(settings) = serde_json::to_string(settings) {
        output::note(&format!("worker settings: {settings}"));
    }
    if let Some(address) = settings.metrics {
        output::note(&format!("metrics at http://{address}/metrics"));
    }
}

/// Ends at the first SIGTERM or SIGINT. Where signals cannot be heard, never: the process
/// can then still be killed.
pub(crate) async fn stop() {
    let (Ok(mut terminate), Ok(mut interrupt)) = (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
    ) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}
