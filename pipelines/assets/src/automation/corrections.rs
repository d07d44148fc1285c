//! The sensor of corrections: days that were loaded and are not fresh any more, as their input was
//! seen in another version or something that was made of it is gone.
//!
//! A day that was never loaded is for the schedule, for the sensor of arrivals or for a backfill.

use std::collections::BTreeSet;
use std::fmt::Display;

use asset_engine::{
    AssetKey, Evaluation, EvaluationContext, Order, Plan, Selection, StaleStep, staleness,
};
use orchbench_etl::journal::hex;
use sha2::{Digest as _, Sha256};

/// The cursor while nothing is to be corrected; else it is a digest of what is.
const NOTHING: &str = "fresh";

/// Orders one run for all such days. As long as the same is stale for the same reasons as when a run
/// was last ordered, that run has failed, and another one would too.
pub(super) fn corrected(
    own_name: &str,
    warehouse: &AssetKey,
    up_to_warehouse: &Selection,
    cx: &EvaluationContext<'_>,
    order: impl Fn(&[String], String) -> Order,
) -> Result<Evaluation, String> {
    let is_own = |run: &str| {
        let key = run.strip_prefix(own_name);
        key.is_some_and(|key| key.starts_with('/'))
    };
    let open = cx.catalog.open_runs().map_err(told)?;
    if open.iter().any(|info| is_own(&info.record.run)) {
        return Ok(Evaluation::default());
    }
    let loaded = cx.catalog.latest_of(warehouse).map_err(told)?;
    let loaded = loaded.iter().filter_map(|made| made.partition.as_deref());
    let loaded: BTreeSet<&str> = loaded.collect();
    let plan = Plan::new(cx.graph, up_to_warehouse).map_err(told)?;
    let mut stale = staleness(cx.graph, cx.catalog, &plan).map_err(told)?;
    // What every day reads concerns all of them; nothing does where none was loaded.
    let concerns = |step: &StaleStep| match &step.partition {
        Some(day) => loaded.contains(day.as_str()),
        None => !loaded.is_empty(),
    };
    stale.retain(concerns);
    let cursor = if stale.is_empty() {
        NOTHING.to_owned()
    } else {
        describe(&stale)
    };
    if cx.cursor.unwrap_or(NOTHING) == cursor {
        return Ok(Evaluation::default());
    }
    let days: BTreeSet<&str> = if stale.iter().any(|step| step.partition.is_none()) {
        loaded
    } else {
        stale
            .iter()
            .filter_map(|step| step.partition.as_deref())
            .collect()
    };
    let days: Vec<String> = days.into_iter().map(str::to_owned).collect();
    let orders = (!days.is_empty()).then(|| order(&days, cx.now.to_string()));
    Ok(Evaluation::new(orders).cursor(cursor))
}

fn describe(stale: &[StaleStep]) -> String {
    let mut digest = Sha256::new();
    for step in stale {
        let partition = step.partition.as_deref().unwrap_or_default();
        digest.update(format!("{} {partition}: {}\n", step.asset, step.reason));
    }
    hex(&digest.finalize())
}

fn told(error: impl Display) -> String {
    error.to_string()
}
