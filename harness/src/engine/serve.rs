//! The worker's half of the line protocol.

use std::io::{BufRead, Write};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;

use crate::engine::protocol::{Op, Reply, Request};
use crate::engine::{Ended, Work};
use orchbench_evidence::record::RunFailure;

/// An embedded engine, as the line protocol sees it.
pub trait Runs: Send + Sync + 'static {
    /// Takes a run over and begins it.
    fn start(&self, work: Work) -> Result<(), RunFailure>;
    /// Blocks until a run has ended.
    fn wait(&self, run: &str) -> Ended;
}

/// Says `ready`, then answers requests until standard input ends. Each request has a
/// thread of its own, as a wait may take as long as the run.
pub fn serve(runs: Arc<impl Runs>) -> anyhow::Result<()> {
    let out = Arc::new(Mutex::new(std::io::stdout()));
    say(
        &out,
        &Reply::Ready {
            pid: std::process::id(),
        },
    )?;
    for line in std::io::stdin().lock().lines() {
        let line = line.context("standard input")?;
        let request: Request = serde_json::from_str(&line)
            .with_context(|| format!("standard input: expected a request, found {line:?}"))?;
        let (runs, out) = (Arc::clone(&runs), Arc::clone(&out));
        std::thread::Builder::new()
            .name(format!("request-{}", request.id))
            .spawn(move || {
                // A harness that is gone needs no answer; this process ends with it.
                let _ = say(&out, &answer(&*runs, request));
            })
            .context("cannot start a thread")?;
    }
    Ok(())
}

fn answer(runs: &impl Runs, request: Request) -> Reply {
    let id = request.id;
    match request.op {
        Op::Start(work) => match runs.start(work) {
            Ok(()) => Reply::Started { id },
            Err(failure) => Reply::Refused { id, failure },
        },
        Op::Wait { run } => Reply::Ended {
            id,
            ended: runs.wait(&run),
        },
    }
}

fn say(out: &Mutex<std::io::Stdout>, reply: &Reply) -> anyhow::Result<()> {
    let mut line = serde_json::to_vec(reply)?;
    line.push(b'\n');
    let mut out = out.lock().unwrap_or_else(PoisonError::into_inner);
    out.write_all(&line)?;
    out.flush()?;
    Ok(())
}
