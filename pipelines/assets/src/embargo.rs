//! An embargo on assets: what is published is announced when a time has passed, and not before.
//!
//! # What the model lacks
//! A run is a batch, and has no timer: one that waited would hold a process, and be lost with it. So the run
//! ends with the marts, and a sensor looks again and again whether some of them are old enough; then it
//! starts a run of the announcement. Nothing lists what waits or until when, and how late the second run
//! begins is a matter of how often somebody looks, and whether a daemon runs at all.

use std::collections::BTreeSet;
use std::time::Duration;

use asset_engine::{
    AssetKey, Automation, Catalog, CatalogError, Evaluation, EvaluationContext, Event, Order,
    RunStatus, Selection, Sensor,
};
use orchbench_etl::StepName;
use serde_json::json;

use crate::AssetsError;
use crate::graph::asset_key;
use crate::undo::run_of;

/// The name of the sensor.
const SENSOR: &str = "due";

/// The run that announces what a run has published, when its time has come.
#[must_use]
pub fn due_run(run: &str) -> String {
    run_of(SENSOR, run)
}

/// What a run makes before the embargo: all but the announcement.
///
/// # Errors
/// The source's name cannot be part of an asset key.
pub fn embargoed(source: &str) -> Result<Selection, AssetsError> {
    let announcement = asset_key(source, StepName::Announce)?;
    Ok(Selection::parse(&format!("not {announcement}"))?)
}

/// Whether a run has published, and nothing has announced that yet.
///
/// # Errors
/// The catalog cannot be read, or the source's name cannot be part of an asset key.
pub fn awaits_its_time(catalog: &Catalog, source: &str, run: &str) -> Result<bool, AssetsError> {
    let over = catalog.status(run)? == Some(RunStatus::Success);
    let marts = asset_key(source, StepName::Publish)?;
    let announced = catalog.status(&due_run(run))?.is_some();
    Ok(over && !announced && made_ms(catalog, run, &marts)?.is_some())
}

/// The sensor that announces what was published an embargo ago.
///
/// # Errors
/// The source's name cannot be part of an asset key.
pub fn embargo_automations(
    source: &str,
    embargo: Duration,
) -> Result<Vec<Box<dyn Automation>>, AssetsError> {
    let marts = asset_key(source, StepName::Publish)?;
    let rest = Selection::assets([asset_key(source, StepName::Announce)?]);
    let sensor = Sensor::new(SENSOR, move |cx| {
        announce_due(cx, &marts, &rest, embargo).map_err(|error| error.to_string())
    });
    Ok(vec![Box::new(sensor)])
}

/// Orders the announcement of every run that has published for as long as the embargo takes, once each. It
/// needs no cursor: the runs that announce are in the catalog.
fn announce_due(
    cx: &EvaluationContext<'_>,
    marts: &AssetKey,
    rest: &Selection,
    embargo: Duration,
) -> Result<Evaluation, CatalogError> {
    let now_ms = i128::from(cx.now.as_millisecond());
    let embargo_ms = i128::try_from(embargo.as_millis()).unwrap_or(i128::MAX);
    let mut due = BTreeSet::new();
    for made in cx.catalog.history_of(marts)? {
        let run = made.event.run().as_ref();
        let is_due = now_ms >= i128::from(made.at_ms).saturating_add(embargo_ms);
        if is_due
            && cx.catalog.status(&due_run(run))?.is_none()
            && cx.catalog.status(run)? == Some(RunStatus::Success)
        {
            due.insert(run.to_owned());
        }
    }
    let order = |run| Order::new(run, rest.clone()).config(json!({ "continues": run }));
    let mut evaluation = Evaluation::default();
    evaluation
        .orders
        .extend(due.iter().map(|run| order(run.as_str())));
    Ok(evaluation)
}

/// When a run made an asset, in milliseconds since 1970.
fn made_ms(catalog: &Catalog, run: &str, asset: &AssetKey) -> Result<Option<u64>, CatalogError> {
    let events = catalog.events(run)?;
    let made = events
        .iter()
        .find(|record| matches!(&record.event, Event::Materialized(made) if made.asset == *asset));
    Ok(made.map(|record| record.at_ms))
}
