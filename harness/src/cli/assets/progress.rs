//! Waiting for a run with a bar on a terminal; Ctrl-C, or `orchbench assets cancel` elsewhere, cancels
//! the run and waits for its end.

use std::sync::atomic::Ordering;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use asset_engine::{Catalog, EngineError, Event, Executor, RunOutcome};

use crate::cli::run::interrupt_flag;
use crate::output::Progress;

/// How often the bar moves and the signal is looked at.
const LOOK: Duration = Duration::from_millis(200);

/// How a run that was waited for ended.
pub(in crate::cli) struct Waited {
    pub outcome: RunOutcome,
    /// Whether the user asked for its end.
    pub interrupted: bool,
}

/// Waits for a submitted run of about so many steps.
pub(in crate::cli) fn wait(executor: &Executor, run: &str, steps: usize) -> anyhow::Result<Waited> {
    let interrupted = interrupt_flag()?;
    let progress = Progress::over(steps, "steps");
    let mut asked = false;
    let outcome = std::thread::scope(|scope| -> Result<RunOutcome, EngineError> {
        let (ended, end) = channel();
        scope.spawn(move || {
            // The receiver waits for this, whatever it is.
            let _ = ended.send(executor.wait(run));
        });
        loop {
            match end.recv_timeout(LOOK) {
                Ok(outcome) => return outcome,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(EngineError::Stopped("the waiting thread ended".into()));
                }
            }
            if interrupted.load(Ordering::Relaxed) && !asked {
                asked = true;
                executor.cancel(run)?;
            }
            executor.heed()?;
            if progress.is_shown() {
                progress.at(ended_steps(executor.catalog(), run)?);
            }
        }
    });
    progress.finish();
    Ok(Waited {
        outcome: outcome?,
        interrupted: asked,
    })
}

/// The steps of a run that have ended so far.
pub(in crate::cli) fn ended_steps(catalog: &Catalog, run: &str) -> Result<usize, EngineError> {
    let ends = |event: &Event| match event {
        Event::Materialized(_) | Event::Observed(_) | Event::Skipped { .. } => true,
        Event::AttemptFailed { retry_delay_ns, .. } => retry_delay_ns.is_none(),
        _ => false,
    };
    let events = catalog.events(run)?;
    Ok(events.iter().filter(|record| ends(&record.event)).count())
}
