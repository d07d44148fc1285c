//! Going on after a person's word, as the model lets it be built: a sensor that starts a run of the gate
//! and of the announcement for every run that found no word, once there is one. It is a run of its own,
//! after the other's end, by another process if need be, and never when no daemon runs.

use asset_engine::{
    Automation, Catalog, Evaluation, EvaluationContext, Event, Order, RunOutcome, Selection, Sensor,
};
use orchbench_etl::StepName;
use serde_json::{Value, json};

use crate::AssetsError;
use crate::approval::{NOT_APPROVED, gate_key, is_approved};
use crate::graph::asset_key;

// user code: approval
/// The name of the sensor.
pub(crate) const SENSOR: &str = "approved";

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

/// The sensor that lets the runs of a source go on once their marts are approved.
///
/// # Errors
/// The source's name cannot be part of an asset key.
pub fn approval_automations(source: &str) -> Result<Vec<Box<dyn Automation>>, AssetsError> {
    let rest = vec![gate_key(source)?, asset_key(source, StepName::Announce)?];
    let (source, rest) = (source.to_owned(), Selection::assets(rest));
    let sensor = Sensor::new(SENSOR, move |cx| {
        go_on(cx, &source, &rest).map_err(|error| error.to_string())
    });
    Ok(vec![Box::new(sensor)])
}

/// Orders the rest of every run that found no word and now has one, once each. It needs no cursor: the
/// runs that go on are in the catalog.
fn go_on(
    cx: &EvaluationContext<'_>,
    source: &str,
    rest: &Selection,
) -> Result<Evaluation, Box<dyn std::error::Error>> {
    let mut evaluation = Evaluation::default();
    if !is_approved(cx.catalog, source)? {
        return Ok(evaluation);
    }
    for ended in cx.catalog.unsuccessful(0)? {
        let run = ended.run.as_ref();
        let known = cx.catalog.status(&continuing_run(run))?.is_some();
        if !known && found_no_word(cx.catalog, source, run)? {
            let order = Order::new(run, rest.clone());
            let order = order.config(json!({ "continues": run }));
            evaluation.orders.push(order);
        }
    }
    Ok(evaluation)
}
// end of user code
