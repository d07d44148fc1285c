//! A wait on assets: what comes after it is made when a time has passed, and not before.
//!
//! # What the model lacks
//! A run is a batch, and has no timer: one that waited would hold a process, and be lost with it. So the run
//! ends with what comes before the wait, and a sensor looks again and again whether some of that is old
//! enough; then it starts a run of what comes after. Nothing lists what waits or until when, and how late the
//! second run begins is a matter of how often somebody looks, and whether a daemon runs at all.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use asset_engine::{
    AssetGraph, AssetKey, Automation, Catalog, CatalogError, Evaluation, EvaluationContext, Event,
    Order, RunStatus, Selection, Sensor,
};
use orchbench_etl::{Etl, StepName};
use serde_json::json;

use crate::graph::{asset_below, asset_key};
use crate::undo::run_of;
use crate::{AssetsError, GraphOptions};

/// The name of the sensor.
const SENSOR: &str = "due";

/// The run that goes on with a run, when its time has come.
#[must_use]
pub fn due_run(run: &str) -> String {
    run_of(SENSOR, run)
}

/// A wait between two assets.
#[derive(Clone, Debug)]
pub struct Embargo {
    before: AssetKey,
    after: AssetKey,
}

impl Embargo {
    /// Between the marts of a source and their announcement.
    ///
    /// # Errors
    /// The source's name cannot be part of an asset key.
    pub fn of_marts(source: &str) -> Result<Self, AssetsError> {
        Self::between(source, StepName::Publish, StepName::Announce)
    }

    /// Between the two assets of [`reminder_graph`].
    ///
    /// # Errors
    /// The source's name cannot be part of an asset key.
    pub fn of_reminder(source: &str) -> Result<Self, AssetsError> {
        Self::between(source, StepName::ExtractAirlines, StepName::Escalate)
    }

    fn between(source: &str, before: StepName, after: StepName) -> Result<Self, AssetsError> {
        Ok(Self {
            before: asset_key(source, before)?,
            after: asset_key(source, after)?,
        })
    }

    /// What a run makes before the wait: all but what comes after.
    ///
    /// # Errors
    /// None that a key could cause.
    pub fn selection(&self) -> Result<Selection, AssetsError> {
        Ok(Selection::parse(&format!("not {}", self.after))?)
    }

    /// Whether a run has made what comes before the wait, and none goes on with it yet.
    ///
    /// # Errors
    /// The catalog cannot be read.
    pub fn waits(&self, catalog: &Catalog, run: &str) -> Result<bool, AssetsError> {
        let over = catalog.status(run)? == Some(RunStatus::Success);
        let gone_on = catalog.status(&due_run(run))?.is_some();
        Ok(over && !gone_on && made_ms(catalog, run, &self.before)?.is_some())
    }

    /// The sensor that has made what comes after, when what comes before is as old as this.
    #[must_use]
    pub fn automations(self, time: Duration) -> Vec<Box<dyn Automation>> {
        let sensor = Sensor::new(SENSOR, move |cx| {
            self.go_on(cx, time).map_err(|error| error.to_string())
        });
        vec![Box::new(sensor)]
    }

    /// Orders what comes after for every run that has waited its time, once each. It needs no cursor: the
    /// runs that go on are in the catalog.
    fn go_on(
        &self,
        cx: &EvaluationContext<'_>,
        time: Duration,
    ) -> Result<Evaluation, CatalogError> {
        let mut due = BTreeSet::new();
        for made in cx.catalog.history_of(&self.before)? {
            let run = made.event.run().as_ref();
            if has_passed(cx, made.at_ms, time)
                && cx.catalog.status(&due_run(run))?.is_none()
                && cx.catalog.status(run)? == Some(RunStatus::Success)
            {
                due.insert(run.to_owned());
            }
        }
        let rest = Selection::assets([self.after.clone()]);
        let order = |run| Order::new(run, rest.clone()).config(json!({ "continues": run }));
        let mut evaluation = Evaluation::default();
        evaluation
            .orders
            .extend(due.iter().map(|run| order(run.as_str())));
        Ok(evaluation)
    }
}

/// The assets of a reminder on a source: hardly any work before the wait, and a call for somebody after it.
///
/// # Errors
/// The source's name cannot be part of an asset key, the retry policy has no match, or the program of a
/// subprocess step cannot be found.
pub fn reminder_graph(
    etl: &Arc<Etl>,
    source: &str,
    options: &GraphOptions,
) -> Result<AssetGraph, AssetsError> {
    let looked = asset_below(Some(etl), source, StepName::ExtractAirlines, options)?;
    let told = asset_below(Some(etl), source, StepName::Escalate, options)?;
    let told = told.depends_on(looked.key.clone());
    Ok(AssetGraph::new(vec![looked, told])?)
}

/// Whether a time has passed since an instant, milliseconds since 1970.
pub(crate) fn has_passed(cx: &EvaluationContext<'_>, since_ms: u64, time: Duration) -> bool {
    let time_ms = i128::try_from(time.as_millis()).unwrap_or(i128::MAX);
    i128::from(cx.now.as_millisecond()) >= i128::from(since_ms).saturating_add(time_ms)
}

/// When a run made an asset, in milliseconds since 1970.
pub(crate) fn made_ms(
    catalog: &Catalog,
    run: &str,
    asset: &AssetKey,
) -> Result<Option<u64>, CatalogError> {
    let events = catalog.events(run)?;
    let made = events
        .iter()
        .find(|record| matches!(&record.event, Event::Materialized(made) if made.asset == *asset));
    Ok(made.map(|record| record.at_ms))
}
