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
    let deadline = Instant::now() + within;
    while !session.waits(work)? {
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
