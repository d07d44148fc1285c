//! A person's word that has to come within a time, on assets.
//!
//! # What the model lacks
//! What waits is no run ([`crate::continuation`]), so nothing of it can give up. The sensor that looks for words
//! also looks how old what is to be approved is, and starts a run that tells somebody when there was no word; one
//! that comes later finds nothing that waits. It is one sensor for both, as two could each start their own. How
//! exact the time is, is a matter of how often the sensor looks: a word that is there at its next look counts.

use std::time::Duration;

use asset_engine::{AssetKey, Automation, Evaluation, EvaluationContext, Order, Selection, Sensor};
use orchbench_etl::StepName;
use serde_json::json;

use crate::AssetsError;
use crate::approval::{gate_key, is_approved};
use crate::continuation::{SENSOR, continuing_run, found_no_word};
use crate::embargo::{has_passed, made_ms};
use crate::graph::asset_key;

/// What the sensor's second order on a run is called by.
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

/// The sensor that lets the runs of a source go on once their marts are approved; or, when they are as old as this
/// without, has somebody told.
///
/// # Errors
/// The source's name cannot be part of an asset key.
pub fn expiring_automations(
    source: &str,
    within: Duration,
) -> Result<Vec<Box<dyn Automation>>, AssetsError> {
    let rest = vec![gate_key(source)?, asset_key(source, StepName::Announce)?];
    let waits = Waits {
        source: source.to_owned(),
        marts: asset_key(source, StepName::Publish)?,
        rest: Selection::assets(rest),
        told: Selection::assets([asset_key(source, StepName::Escalate)?]),
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
    within: Duration,
}

impl Waits {
    /// Orders what comes next of every run that found no word, once each. It needs no cursor: the runs that go on
    /// are in the catalog.
    fn evaluate(&self, cx: &EvaluationContext<'_>) -> Result<Evaluation, AssetsError> {
        let mut evaluation = Evaluation::default();
        let approved = is_approved(cx.catalog, &self.source)?;
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

    /// Whether no word on a run counts any more.
    fn has_expired(&self, cx: &EvaluationContext<'_>, run: &str) -> Result<bool, AssetsError> {
        let made_ms = made_ms(cx.catalog, run, &self.marts)?;
        Ok(made_ms.is_some_and(|made_ms| has_passed(cx, made_ms, self.within)))
    }
}
