//! What the engines of a run need from outside, found or made before the first trial.

use std::collections::{BTreeMap, BTreeSet};

use super::Args;
use crate::engine::{self, TrialError};
use crate::output;
use orchbench_evidence::record::TrialPlan;
use orchbench_lab::server::{self, Choice, Provisioned};

/// What was found.
#[derive(Default)]
pub(super) struct Found {
    /// The server, where an engine needs one and it is there.
    pub server: Option<Provisioned>,
    /// The version of each engine that is there.
    pub versions: BTreeMap<String, String>,
    /// The engines that are not, each with the reason.
    pub unreachable: BTreeMap<String, String>,
}

/// Finds or makes what the engines of these trials need, and says so.
///
/// # Errors
/// When none of the engines is to be had.
pub(super) fn provision<'a>(
    args: &Args,
    trials: impl Iterator<Item = &'a TrialPlan>,
) -> anyhow::Result<Found> {
    let names: BTreeSet<&str> = trials.map(|trial| trial.engine.as_str()).collect();
    let engines: Vec<_> = names
        .iter()
        .filter_map(|name| engine::named(name))
        .collect();
    let mut found = Found::default();
    let mut first_error = None;
    let mut lost = |found: &mut Found, name: &str, error: anyhow::Error| {
        let reason = format!("{error:#}");
        found.unreachable.insert(name.to_owned(), reason);
        first_error.get_or_insert(error);
    };
    let choice = args.server.choice()?;
    let any_server = engines.iter().any(|engine| engine.server);
    // In containers it is the database of every engine that is on one, and of each warehouse.
    if any_server || choice == Choice::Docker {
        match server::provision(&choice, &output::waiting()) {
            Ok(server) => {
                output::note(&format!("Temporal server: {server}"));
                found.server = Some(server);
            }
            Err(unavailable) => {
                output::note(&format!("error: {unavailable}"));
                for engine in engines.iter().filter(|engine| engine.server || !any_server) {
                    lost(&mut found, engine.name, unavailable.clone().into());
                }
            }
        }
    }
    for engine in engines {
        if found.unreachable.contains_key(engine.name) {
            continue;
        }
        match (engine.provision)(&output::waiting()) {
            Ok(version) => {
                found.versions.insert(engine.name.to_owned(), version);
            }
            Err(reason) => {
                output::note(&format!("error: engine {}: {reason}", engine.name));
                let engine = engine.name.to_owned();
                let error = TrialError::Unreachable {
                    engine: engine.clone(),
                    reason,
                };
                lost(&mut found, &engine, error.into());
            }
        }
    }
    match first_error {
        Some(error) if found.unreachable.len() == names.len() => Err(error),
        _ => Ok(found),
    }
}
