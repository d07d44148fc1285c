//! The recorded trials that come with orchbench, on a real Temporal server: an approval and a
//! saga, each with its worker killed on the way (`harness/tests/workflow/record.rs` made them),
//! an open loop of the experiment throughput, and two orders at three services, of which one asks to come
//! again later or refuses for good.

use std::path::Path;

use anyhow::Context;
use include_dir::{Dir, include_dir};

use crate::record::ResultsFolder;

static RECORDED: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/tests/fixtures/recorded");

/// Writes the recorded folder to `place`, seals and opens it.
///
/// # Errors
/// When it cannot be written.
pub fn recorded(place: &Path) -> anyhow::Result<ResultsFolder> {
    RECORDED
        .extract(place)
        .with_context(|| format!("cannot write to {}", place.display()))?;
    let folder = ResultsFolder::open(place)?;
    folder.seal()?;
    Ok(folder)
}

/// Has the engine's history say that every step was made in another run than its own.
#[cfg(test)]
pub(crate) fn in_another_run(trial: &mut crate::measure::TrialEvidence) {
    for event in &mut trial.events {
        if let crate::record::EventBody::EngineHistory { steps, .. } = &mut event.body {
            steps.iter_mut().for_each(|step| step.in_another_run = true);
        }
    }
}

/// Has the journal say that somebody was called for where something was announced.
#[cfg(test)]
pub(crate) fn escalates_instead(trial: &mut crate::measure::TrialEvidence) {
    use orchbench_journal::{StepName, idempotency_key};

    for record in trial.journal.iter_mut().flat_map(|file| &mut file.records) {
        if record.step == Some(StepName::Announce) {
            record.step = Some(StepName::Escalate);
            let key = |run: &str| idempotency_key(run, StepName::Escalate, None::<&str>);
            record.key = record.run.as_deref().map(key);
        }
    }
}

/// The evidence of one of the recorded trials.
#[cfg(test)]
pub(crate) fn recorded_trial(id: &str) -> anyhow::Result<crate::measure::TrialEvidence> {
    let place = tempfile::tempdir()?;
    let folder = recorded(place.path())?;
    let plan = folder.plan()?;
    let trial = plan.trials.iter().find(|trial| trial.id == id);
    let trial = trial.with_context(|| format!("no recorded trial {id}"))?;
    Ok(crate::measure::Evidence::new(&folder, &plan.engines).trial(trial))
}
