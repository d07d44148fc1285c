//! Runs that wait, for a person's word or for a time.

use std::time::{Duration, Instant};

use orchbench_etl::{StepName, monotonic_ns};

use crate::engine::{Session, Trial, TrialError, Work};
use orchbench_evidence::record::EventBody;

/// Who says the word.
pub(super) const PERSON: &str = "ada";
/// How often it is looked whether a run waits.
const LOOK: Duration = Duration::from_millis(50);

/// Waits until a run waits; false where it does not within the deadline.
pub(super) fn awaited(
    trial: &Trial<'_>,
    session: &dyn Session,
    work: &Work,
    within: Duration,
) -> Result<bool, TrialError> {
    seen(trial, within, || session.waits(work))
}

/// Waits until a run that waited does no longer; false where it still does at the deadline.
pub(super) fn given_up(
    trial: &Trial<'_>,
    session: &dyn Session,
    work: &Work,
    within: Duration,
) -> Result<bool, TrialError> {
    seen(trial, within, || Ok(!session.waits(work)?))
}

/// Lets time pass in which something could happen that must not.
pub(super) fn watched(trial: &Trial<'_>, time: Duration) -> Result<(), TrialError> {
    seen(trial, time, || Ok(false)).map(drop)
}

/// Looks again and again; false where it is not so within the deadline.
fn seen(
    trial: &Trial<'_>,
    within: Duration,
    so: impl Fn() -> Result<bool, TrialError>,
) -> Result<bool, TrialError> {
    let deadline = Instant::now() + within;
    while !so()? {
        if trial.interrupted() {
            return Err(TrialError::Interrupted);
        }
        if Instant::now() > deadline {
            return Ok(false);
        }
        std::thread::sleep(LOOK);
    }
    Ok(true)
}

/// Says the word, as the engine's users would; false where there is no way to.
pub(super) fn say(
    trial: &Trial<'_>,
    session: &dyn Session,
    work: &Work,
) -> Result<bool, TrialError> {
    let sent_ns = monotonic_ns();
    if !session.approve(work, PERSON)? {
        return Ok(false);
    }
    trial.record(EventBody::SignalAcknowledged {
        run: work.run.clone(),
        signal: "approve".to_owned(),
        releases: StepName::Announce,
        sent_ns,
    })?;
    Ok(true)
}
