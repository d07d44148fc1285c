//! `orchbench worker assets`: a host of runs that `orchbench materialize --on temporal` asks for. Any number of them share a
//! task queue and a catalog.

use std::sync::Arc;

use orchbench_assets_on_temporal::worker;
use orchbench_temporal::{SettingsName, WorkerOptions};

use super::{Args, polling};
use crate::cli::assets::location::Location;
use crate::cli::materialize::task_queue;
use crate::engine::{worker_is_ready, worker_is_stopped};
use crate::exit::{Exit, UsageError};
use crate::output;

/// The word for it in the place of an engine.
pub(super) const NAME: &str = "assets";

pub(super) fn run(args: Args) -> anyhow::Result<Exit> {
    if args.config.is_some() {
        let message = "--config: expected the name of an engine, found assets".to_owned();
        return Err(UsageError(message).into());
    }
    output::warnings();
    let server = args.connection.target();
    let endpoint = server.resolve()?;
    let location = Location::of(&args.source, args.place, args.surroundings);
    let assets = location.open(&args.source)?;
    let steps = Arc::new(assets.place.step_worker(Arc::clone(&assets.graph))?);
    let default = WorkerOptions::new("");
    let options = WorkerOptions {
        server,
        task_queue: task_queue(args.task_queue, &assets.source),
        settings: if args.tuned {
            SettingsName::Tuned
        } else {
            SettingsName::Default
        },
        connect_timeout_ms: args.connection.connect_timeout_ms(),
        drain_ms: args.drain_ms.unwrap_or(default.drain_ms),
        activity_slots: args.activity_slots.map(|slots| slots as usize),
        metrics: args.metrics,
        ..default
    };
    polling(&options.task_queue, &endpoint);
    worker::run_blocking(options, &steps, worker_is_ready, worker_is_stopped())?;
    Ok(Exit::Done)
}
