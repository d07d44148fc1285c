//! Data in memory, gone with the process.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::{Address, DataStore, StoreError};
use crate::key::AssetKey;

/// What an address names, owned.
type Name = (AssetKey, Option<String>, String);

/// A store in memory.
#[derive(Debug, Default)]
pub struct MemoryStore {
    data: Mutex<HashMap<Name, Vec<u8>>>,
}

impl DataStore for MemoryStore {
    fn put(&self, address: &Address<'_>, bytes: &[u8]) -> Result<(), StoreError> {
        // An insertion is whole or has not begun, so a panic elsewhere has torn nothing.
        let mut data = self.data.lock().unwrap_or_else(PoisonError::into_inner);
        data.insert(name(address), bytes.to_vec());
        Ok(())
    }

    fn get(&self, address: &Address<'_>) -> Result<Vec<u8>, StoreError> {
        let data = self.data.lock().unwrap_or_else(PoisonError::into_inner);
        data.get(&name(address))
            .cloned()
            .ok_or_else(|| StoreError::Missing {
                place: format!("{address:?}"),
            })
    }
}

fn name(address: &Address<'_>) -> Name {
    (
        address.asset.clone(),
        address.partition.map(str::to_owned),
        address.data_version.to_owned(),
    )
}
