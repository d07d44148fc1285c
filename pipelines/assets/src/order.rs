//! A saga, emulated on assets: an order is reserved, charged and shipped, or none of it.
//!
//! # What the model lacks
//! An asset has no compensation, and a run that fails leaves what it made. So each step has an asset
//! beside it that undoes it, these depend on each other in reverse, and a sensor starts a run of
//! them for every run that failed: after its end, by another process if need be, and never when no
//! daemon runs. Until then everybody sees half an order. An undo that fails is a failed run that
//! waits for an operator. The catalog goes on calling the undone assets materialized, since what is
//! undone is the effect outside, not the record; and the undo of a step that never began is a
//! materialization as well, one that did nothing.
//!
//! The effects are lines in a ledger, one `O_APPEND` write each, outside the engine and its catalog.
//! A run's configuration may name a step that fails for good, after its effect: the hard case, as
//! its effect must be undone although it is recorded as failed.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use asset_engine::{Asset, AssetGraph, AssetKey, Materialized, Sensor, StepContext, StepFailure};

use crate::AssetsError;
use crate::graph::key;
use crate::undo::{UNDO_TAG, undoing, undone_by};

/// The name of the example: the first segment of its keys.
pub const ORDER: &str = "order";

/// The steps in order, each with the name of its asset.
const STEPS: [(&str, &str); 3] = [
    ("reserve", "reserved"),
    ("charge", "charged"),
    ("ship", "shipped"),
];

/// The ledger of the orders in a work folder.
#[must_use]
pub fn order_ledger(work_dir: &Path) -> PathBuf {
    work_dir.join("orders.ledger")
}

fn undo_key(name: &str) -> Result<AssetKey, AssetsError> {
    key(ORDER, &format!("undo/{name}"))
}

/// The steps and their undoing, as two chains.
///
/// # Errors
/// None that the constants of this module could cause.
pub fn order_graph(work_dir: &Path) -> Result<AssetGraph, AssetsError> {
    let mut assets = Vec::with_capacity(2 * STEPS.len());
    let mut before: Option<AssetKey> = None;
    for (step, name) in STEPS {
        let ledger = Ledger::in_folder(work_dir);
        let act = move |cx: &StepContext<'_>| ledger.act(step, cx);
        let asset_key = key(ORDER, name)?;
        let asset = Asset::new(asset_key.clone(), act)
            .group(ORDER)
            .tag("saga", "do");
        assets.push(after(asset, before.replace(asset_key)));
    }
    let mut before = None;
    for (step, name) in STEPS.into_iter().rev() {
        let ledger = Ledger::in_folder(work_dir);
        let undo = move |cx: &StepContext<'_>| ledger.undo(step, cx);
        let asset_key = undo_key(name)?;
        let asset = Asset::new(asset_key.clone(), undo)
            .group(ORDER)
            .tag(UNDO_TAG.0, UNDO_TAG.1);
        assets.push(after(asset, before.replace(asset_key)));
    }
    Ok(AssetGraph::new(assets)?)
}

fn after(asset: Asset, before: Option<AssetKey>) -> Asset {
    match before {
        Some(before) => asset.depends_on(before),
        None => asset,
    }
}

/// The sensor that undoes orders.
pub(crate) fn undo() -> Sensor {
    undoing("order-undo", |key| {
        let mut steps = STEPS.iter();
        steps.any(|(_, name)| key.as_str() == format!("{ORDER}/{name}"))
    })
}

/// What happened to orders: a line `do STEP ORDER` or `undo STEP ORDER` each.
struct Ledger(PathBuf);

impl Ledger {
    fn in_folder(work_dir: &Path) -> Self {
        Self(order_ledger(work_dir))
    }

    /// A step's effect, once an order; then the planned failure.
    fn act(&self, step: &str, cx: &StepContext<'_>) -> Result<Materialized, StepFailure> {
        // An order whose run is opened again after its undoing would be half an order for ever.
        for (done, _) in STEPS {
            if self.has(&format!("undo {done} {}", cx.run))? {
                let message = format!(
                    "order {}: {done} was undone, expected another order",
                    cx.run
                );
                return Err(StepFailure::fatal("Undone", message));
            }
        }
        self.write_once(&format!("do {step} {}", cx.run))?;
        if cx.config["fails"] == step {
            let message = format!(
                "{step}: fails for good, after its effect, as the run's configuration says"
            );
            return Err(StepFailure::fatal("Planned", message));
        }
        Ok(made(cx.run))
    }

    /// Undoes a step's effect, once, if there is one.
    fn undo(&self, step: &str, cx: &StepContext<'_>) -> Result<Materialized, StepFailure> {
        let Some(order) = undone_by(cx.config) else {
            let message = format!("config: expected {{\"undoes\": RUN}}, found {}", cx.config);
            return Err(StepFailure::fatal("BadInput", message));
        };
        if self.has(&format!("do {step} {order}"))? {
            self.write_once(&format!("undo {step} {order}"))?;
        }
        Ok(made(order))
    }

    fn write_once(&self, line: &str) -> Result<(), StepFailure> {
        let append = || {
            let mut file = OpenOptions::new().create(true).append(true).open(&self.0)?;
            // Whoever else writes the same line waits, and then finds it; closing lets go.
            file.lock()?;
            let text = self.lines()?;
            // A line without its end was never acknowledged.
            let whole = text.rfind('\n').map_or(0, |at| at + 1);
            if whole < text.len() {
                file.set_len(whole as u64)?;
            }
            if !text[..whole].lines().any(|each| each == line) {
                file.write_all(format!("{line}\n").as_bytes())?;
                file.sync_data()?;
            }
            Ok(())
        };
        append().map_err(|error| self.failed(&error))
    }

    fn has(&self, line: &str) -> Result<bool, StepFailure> {
        let text = self.lines().map_err(|error| self.failed(&error))?;
        Ok(text.lines().any(|each| each == line))
    }

    fn lines(&self) -> std::io::Result<String> {
        match std::fs::read_to_string(&self.0) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
            read => read,
        }
    }

    fn failed(&self, error: &std::io::Error) -> StepFailure {
        StepFailure::retryable("Ledger", format!("{}: {error}", self.0.display()))
    }
}

fn made(order: &str) -> Materialized {
    Materialized::new(order)
}
