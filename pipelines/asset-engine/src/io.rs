//! Typed data at the edge of a step: values in, a value out, kept by a store.
//!
//! The engine itself passes versions, never data. [`typed`] makes a step of a function over values:
//! it reads the inputs in the very versions that the engine hands to the step, keeps the result
//! under the digest of its bytes, and returns that digest as the data version. So equal data has an
//! equal version, an older version can still be read, and data that is not what it was is told when
//! it is read.

mod folder;
mod memory;

use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::event::Materialization;
use crate::key::AssetKey;
use crate::step::{Materialized, Step, StepContext, StepFailure};

pub use folder::FolderStore;
pub use memory::MemoryStore;

/// Where the data of materializations is kept.
pub trait DataStore: Send + Sync {
    /// Keeps data, durably when this returns, whole or not at all. The same address always gets the
    /// same bytes.
    ///
    /// # Errors
    /// The data cannot be kept.
    fn put(&self, address: &Address<'_>, bytes: &[u8]) -> Result<(), StoreError>;

    /// What was kept.
    ///
    /// # Errors
    /// Nothing was kept there, or it cannot be read.
    fn get(&self, address: &Address<'_>) -> Result<Vec<u8>, StoreError>;
}

/// Names one version of one piece of data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Address<'a> {
    /// The asset.
    pub asset: &'a AssetKey,
    /// Its partition.
    pub partition: Option<&'a str>,
    /// The version of the data.
    pub data_version: &'a str,
}

/// Why a store failed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Nothing was kept under this address.
    #[error("{place}: no such data")]
    Missing {
        /// The address, or the file.
        place: String,
    },
    /// The system refused.
    #[error("{place}: {doing}: {source}")]
    Io {
        /// The file.
        place: String,
        /// What was being done.
        doing: &'static str,
        /// The system's word.
        source: std::io::Error,
    },
}

/// What a typed step is given.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Values<'a> {
    /// The engine's context.
    pub cx: &'a StepContext<'a>,
    store: &'a dyn DataStore,
}

/// A value with the partition that it is of.
pub type Keyed<V> = (Option<Arc<str>>, V);

impl StepFailure {
    /// Error type of a typed step whose store failed (retryable).
    pub const STORE: &'static str = "Store";
    /// Error type of a typed step whose input or result is of another type (fatal).
    pub const WRONG_TYPE: &'static str = "WrongType";
}

/// A step that computes a value from values.
pub fn typed<T, F>(store: Arc<dyn DataStore>, compute: F) -> impl Step
where
    T: Serialize,
    F: Fn(&Values<'_>) -> Result<T, StepFailure> + Send + Sync,
{
    move |cx: &StepContext<'_>| -> Result<Materialized, StepFailure> {
        let value = compute(&Values {
            cx,
            store: store.as_ref(),
        })?;
        let bytes = serde_json::to_vec(&value).map_err(|error| {
            StepFailure::fatal(StepFailure::WRONG_TYPE, format!("result: {error}"))
        })?;
        let data_version = hex(&Sha256::digest(&bytes));
        let address = Address {
            asset: cx.asset,
            partition: cx.partition,
            data_version: &data_version,
        };
        store.put(&address, &bytes).map_err(failed)?;
        Ok(Materialized::new(data_version).metadata(json!({ "bytes": bytes.len() })))
    }
}

impl Values<'_> {
    /// The one piece of an asset that this step reads.
    ///
    /// # Errors
    /// It reads none of it or several, or the data cannot be read as a `V`.
    pub fn one<V: DeserializeOwned>(&self, asset: &str) -> Result<V, StepFailure> {
        let mut pieces = self.pieces(asset);
        match (pieces.next(), pieces.next()) {
            (Some(made), None) => self.read(made),
            _ => Err(StepFailure::fatal(
                StepFailure::WRONG_TYPE,
                format!(
                    "input {asset}: expected 1 piece, found {}",
                    self.pieces(asset).count()
                ),
            )),
        }
    }

    /// All pieces of an asset that this step reads, with their partitions, in their order.
    ///
    /// # Errors
    /// The data cannot be read as `V`s.
    pub fn all<V: DeserializeOwned>(&self, asset: &str) -> Result<Vec<Keyed<V>>, StepFailure> {
        self.pieces(asset)
            .map(|made| Ok((made.partition.clone(), self.read(made)?)))
            .collect()
    }

    fn pieces<'b>(&'b self, asset: &'b str) -> impl Iterator<Item = &'b Materialization> {
        let inputs = self.cx.inputs.iter().map(AsRef::as_ref);
        inputs.filter(move |made| made.asset.as_str() == asset)
    }

    fn read<V: DeserializeOwned>(&self, made: &Materialization) -> Result<V, StepFailure> {
        let address = Address {
            asset: &made.asset,
            partition: made.partition.as_deref(),
            data_version: &made.data_version,
        };
        let bytes = self.store.get(&address).map_err(failed)?;
        let found = hex(&Sha256::digest(&bytes));
        if found != made.data_version {
            let what = format!(
                "input {}: expected data of version {}, found {found}",
                made.asset, made.data_version
            );
            return Err(StepFailure::retryable(StepFailure::STORE, what));
        }
        serde_json::from_slice(&bytes).map_err(|error| {
            let what = format!("input {}: {error}", made.asset);
            StepFailure::fatal(StepFailure::WRONG_TYPE, what)
        })
    }
}

fn failed(error: StoreError) -> StepFailure {
    StepFailure::retryable(StepFailure::STORE, error.to_string())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
