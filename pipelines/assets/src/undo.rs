//! Undoing, as the model lets it be built: a sensor that starts a run of compensations for every run
//! that failed with an act begun. It is a run of its own, after the other's end, by another process if
//! need be, and never when no daemon runs.

use asset_engine::{
    AssetKey, Catalog, CatalogError, Evaluation, EvaluationContext, Event, Order, Selection, Sensor,
};
use serde_json::{Value, json};

// user code: undoing
/// The tag of what undoes, name and value.
pub(crate) const UNDO_TAG: (&str, &str) = ("saga", "undo");

/// The run that a run of compensations undoes, by its configuration; `None` of any other run.
#[must_use]
pub fn undone_by(config: &Value) -> Option<&str> {
    config["undoes"].as_str()
}

/// The run in which a sensor of this name has a run undone.
pub(crate) fn run_of(sensor: &str, undone: &str) -> String {
    format!("{sensor}/{undone}")
}

/// Orders the undoing of every run that failed with one of the acts begun, once each. It needs no
/// cursor: the runs that undo are in the catalog, and a run that does not end is in no other's way.
pub(crate) fn undoing(
    name: impl Into<String>,
    is_act: impl Fn(&AssetKey) -> bool + Send + 'static,
) -> Sensor {
    let name = name.into();
    let own = name.clone();
    Sensor::new(name, move |cx| {
        undo_of_failed(cx, &own, &is_act).map_err(|error| error.to_string())
    })
}

fn undo_of_failed(
    cx: &EvaluationContext<'_>,
    sensor: &str,
    is_act: impl Fn(&AssetKey) -> bool,
) -> Result<Evaluation, Box<dyn std::error::Error>> {
    let (tag, value) = UNDO_TAG;
    let undo = Selection::parse(&format!("tag:{tag}={value}"))?;
    let mut evaluation = Evaluation::default();
    for ended in cx.catalog.unsuccessful(0)? {
        let undone = ended.run.as_ref();
        let known = cx.catalog.status(&run_of(sensor, undone))?.is_some();
        if !known && has_begun(cx.catalog, undone, &is_act)? {
            let order = Order::new(undone, undo.clone());
            let order = order.config(json!({ "undoes": undone }));
            evaluation.orders.push(order);
        }
    }
    Ok(evaluation)
}

/// Whether a run has begun an act, which may have had its effect.
pub(crate) fn has_begun(
    catalog: &Catalog,
    run: &str,
    is_act: impl Fn(&AssetKey) -> bool,
) -> Result<bool, CatalogError> {
    let events = catalog.events(run)?;
    Ok(events.iter().any(
        |record| matches!(&record.event, Event::AttemptStarted(attempt) if is_act(&attempt.asset)),
    ))
}
// end of user code
