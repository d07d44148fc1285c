//! Wipes that were asked for, held against what there is to wipe.

use std::collections::HashMap;
use std::sync::Arc;

use super::{CatalogError, Pieces, Store};
use crate::event::{Event, Materialization};
use crate::key::AssetKey;

/// Checks that each wipe among some events meets something that was made, in the catalog or by an
/// event before it.
pub(crate) fn check_wipes(store: &dyn Store, events: &[Event]) -> Result<(), CatalogError> {
    // By piece, whether the events before make it or wipe it.
    let mut here: HashMap<(&AssetKey, Option<&str>), bool> = HashMap::new();
    for event in events {
        match event {
            Event::Materialized(one) => {
                here.insert((&one.asset, one.partition.as_deref()), true);
            }
            Event::Wiped {
                asset, partition, ..
            } => {
                let partition = partition.as_deref();
                let is_made = match here.insert((asset, partition), false) {
                    Some(is_made) => is_made,
                    None => store.latest(asset, partition)?.is_some(),
                };
                if !is_made {
                    return Err(CatalogError::NothingToWipe {
                        asset: asset.clone(),
                        partition: partition.map(str::to_owned),
                        made: told(&store.latest_of(asset, Pieces::All)?),
                    });
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// What there is of an asset.
fn told(made: &[Arc<Materialization>]) -> String {
    let keys: Vec<&str> = made
        .iter()
        .filter_map(|one| one.partition.as_deref())
        .collect();
    match keys[..] {
        [] if made.is_empty() => "nothing of it is made".to_owned(),
        [] => "it is made without partitions".to_owned(),
        [only] => format!("made is partition {only}"),
        [first, .., last] => format!("made are {} partitions, {first} to {last}", keys.len()),
    }
}
