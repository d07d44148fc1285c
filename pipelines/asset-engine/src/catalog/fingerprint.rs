//! Fingerprints: 64 bits that stand for a version of a piece, and for all the versions that were
//! read to make it.
//!
//! They are kept beside the newest materialization of each piece, so that staleness is judged by
//! comparing numbers. A difference is looked into by name, so only two versions of one fingerprint
//! could be taken for each other: with SHA-256 cut to 64 bits, one pair in 2^64.

use sha2::{Digest, Sha256};

use super::{Catalog, CatalogError};
use crate::event::{InputVersion, Materialization};
use crate::key::AssetKey;

/// The newest version of a piece, as far as staleness looks at it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Version<'a> {
    pub partition: Option<&'a str>,
    pub code_version: &'a str,
    /// Of the data.
    pub piece: u64,
    /// Of what was read.
    pub inputs: u64,
}

/// What is called with each of many versions.
pub(crate) type EachVersion<'a> = &'a mut dyn FnMut(Version<'_>);

impl<'a> Version<'a> {
    /// That of a materialization.
    pub fn of(made: &'a Materialization) -> Self {
        let partition = made.partition.as_deref();
        Self {
            partition,
            code_version: &made.code_version,
            piece: piece(made.asset.as_str(), partition, &made.data_version),
            inputs: inputs(&made.inputs),
        }
    }
}

impl Catalog {
    /// Calls for the newest version of each piece of an asset, by partition key.
    pub(crate) fn each_version(
        &self,
        asset: &AssetKey,
        call: EachVersion<'_>,
    ) -> Result<(), CatalogError> {
        self.with(|store| store.each_version(asset, call))
    }
}

/// The fingerprint of a version of a piece; never 0.
pub(crate) fn piece(asset: &str, partition: Option<&str>, data_version: &str) -> u64 {
    let mut hasher = Sha256::new();
    // Neither a key nor a partition has a zero byte in front of what could be taken for the rest.
    for part in [
        asset,
        "\0",
        partition.unwrap_or_default(),
        "\0",
        data_version,
    ] {
        hasher.update(part);
    }
    let digest = hasher.finalize();
    let first = digest.iter().take(8);
    first
        .fold(0, |number: u64, byte| number << 8 | u64::from(*byte))
        .max(1)
}

/// The fingerprint of what a piece read: a fold over its dependencies of a fold over their pieces,
/// so that what many pieces read of one dependency has to be folded only once.
fn inputs(inputs: &[InputVersion]) -> u64 {
    let mut all = 0;
    for group in inputs.chunk_by(|a, b| a.asset == b.asset) {
        let version = |input: &InputVersion| {
            piece(
                input.asset.as_str(),
                input.partition.as_deref(),
                &input.data_version,
            )
        };
        all = fold(all, group.iter().map(version).fold(0, fold));
    }
    all
}

/// Adds a number to a sequence: the polynomial hash over 2^64 with an odd base (Knuth's multiplier
/// of linear congruential generators, TAOCP 3.3.4).
pub(crate) fn fold(sequence: u64, next: u64) -> u64 {
    sequence
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(next)
}
