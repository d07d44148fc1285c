//! Going on after a person's word, as the model lets it be built: a sensor that starts a run of the gate
//! and of the announcement for every run that found no word, once there is one. It is a run of its own,
//! after the other's end, by another process if need be, and never when no daemon runs.

use std::time::Duration;

use asset_engine::{
    AssetKey, Automation, Catalog, Evaluation, EvaluationContext, Event, Order, RunOutcome,
    Selection, Sensor,
};
use orchbench_etl::StepName;
use serde_json::{Value, json};

use crate::AssetsError;
use crate::approval::{NOT_APPROVED, gate_key, is_approved};
use crate::embargo::made_ms;
use crate::graph::asset_key;

// user code: approval
/// The name of the sensor.
const SENSOR: &str = "approved";

/// The run that a run goes on with, by its configuration; `None` of any other run.
#[must_use]
pub fn continued_by(config: &Value) -> Option<&str> {
    config["continues"].as_str()
}

/// The run in which a run that found no word goes on.
#[must_use]
pub fn continuing_run(run: &str) -> String {
    format!("{SENSOR}/{run}")
}

// end of user code

/// What a sensor's second order on a run is called by.
fn late(run: &str) -> String {
    format!("{run}.late")
}

/// The run in which somebody is told that no word came in time on a run that found none.
#[must_use]
pub fn expired_run(run: &str) -> String {
    continuing_run(&late(run))
}

/// What a run makes of a graph that tells somebody: all but that.
///
/// # Errors
/// The source's name cannot be part of an asset key.
pub fn unexpired(source: &str) -> Result<Selection, AssetsError> {
    let told = asset_key(source, StepName::Escalate)?;
    Ok(Selection::parse(&format!("not {told}"))?)
}

// user code: approval
/// Whether a run that is over found no word at the gate of a source.
///
/// # Errors
/// The catalog cannot be read, or the source's name cannot be part of an asset key.
pub fn found_no_word(catalog: &Catalog, source: &str, run: &str) -> Result<bool, AssetsError> {
    let gate = gate_key(source)?;
    let events = catalog.events(run)?;
    Ok(events.iter().any(|record| {
        matches!(&record.event, Event::AttemptFailed { attempt, failure, .. }
            if attempt.asset == gate && failure.error_type == NOT_APPROVED)
    }))
}

/// What became of a run and of the one that went on with it, as of one run.
#[must_use]
pub fn continued(run: RunOutcome, after: RunOutcome) -> RunOutcome {
    let mut whole = run;
    whole.status = after.status;
    whole.failures = after.failures;
    whole.materializations.extend(after.materializations);
    whole
}

/// The sensor that lets the runs of a source go on once their marts are approved; or, where a word counts only
/// within a time, has somebody told that none came. One sensor for both, so that it is one of them.
///
/// # Errors
/// The source's name cannot be part of an asset key.
pub fn approval_automations(
    source: &str,
    within: Option<Duration>,
) -> Result<Vec<Box<dyn Automation>>, AssetsError> {
    let rest = vec![gate_key(source)?, asset_key(source, StepName::Announce)?];
    let told = asset_key(source, StepName::Escalate)?;
    let waits = Waits {
        source: source.to_owned(),
        marts: asset_key(source, StepName::Publish)?,
        rest: Selection::assets(rest),
        told: Selection::assets([told]),
        within,
    };
    let sensor = Sensor::new(SENSOR, move |cx| {
        waits.evaluate(cx).map_err(|error| error.to_string())
    });
    Ok(vec![Box::new(sensor)])
}

/// The runs of a source that wait for a word.
struct Waits {
    source: String,
    marts: AssetKey,
    /// What comes after a word, and what where there was none.
    rest: Selection,
    told: Selection,
    within: Option<Duration>,
}

impl Waits {
    /// Orders what comes next of every run that found no word, once each. It needs no cursor: the runs that go on
    /// are in the catalog.
    fn evaluate(&self, cx: &EvaluationContext<'_>) -> Result<Evaluation, AssetsError> {
        let mut evaluation = Evaluation::default();
        let approved = is_approved(cx.catalog, &self.source)?;
        if !approved && self.within.is_none() {
            return Ok(evaluation);
        }
        for ended in cx.catalog.unsuccessful(0)? {
            let run = ended.run.as_ref();
            let over = cx.catalog.status(&continuing_run(run))?.is_some()
                || cx.catalog.status(&expired_run(run))?.is_some();
            if over || !found_no_word(cx.catalog, &self.source, run)? {
                continue;
            }
            let order = if approved {
                Order::new(run, self.rest.clone())
            } else if self.has_expired(cx, run)? {
                Order::new(late(run), self.told.clone())
            } else {
                continue;
            };
            evaluation
                .orders
                .push(order.config(json!({ "continues": run })));
        }
        Ok(evaluation)
    }
}
// end of user code

impl Waits {
    /// Whether no word on a run counts any more.
    fn has_expired(&self, cx: &EvaluationContext<'_>, run: &str) -> Result<bool, AssetsError> {
        let Some(within) = self.within else {
            return Ok(false);
        };
        let within_ms = i128::try_from(within.as_millis()).unwrap_or(i128::MAX);
        let made_ms = made_ms(cx.catalog, run, &self.marts)?.map(i128::from);
        let now_ms = i128::from(cx.now.as_millisecond());
        Ok(made_ms.is_some_and(|made_ms| now_ms >= made_ms.saturating_add(within_ms)))
    }
}
