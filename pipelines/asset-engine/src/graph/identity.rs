//! What a graph is of: a run that was asked for on one graph is not carried on on another.

use std::collections::BTreeMap;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::AssetGraph;
use crate::asset::Asset;
use crate::partition::Mapping;

/// What a run was asked on, part by part: what [`AssetGraph::identified_by`] was told, and `graph`,
/// a digest of the definitions as far as they lay out steps: keys, partitions and dependencies. The
/// version of the code is none of it: mended code may carry a run on.
///
/// Parts whose names begin with [`INPUT`] are versions of what the steps read. A run that is open goes
/// on on the same ones only, as it would mix two inputs; one that failed is opened again on mended
/// ones.
pub type Identity = BTreeMap<String, String>;

/// What the names of an identity's parts begin with that are versions of what the steps read.
pub const INPUT: &str = "input ";

impl AssetGraph {
    /// Says what the steps of the graph work on (which source, input, warehouse), part by part.
    #[must_use]
    pub fn identified_by(mut self, parts: impl IntoIterator<Item = (String, String)>) -> Self {
        self.parts = parts.into_iter().collect();
        self.identity = std::sync::OnceLock::new();
        self
    }

    /// What runs on this graph are recorded with.
    #[must_use]
    pub fn identity(&self) -> &Arc<Identity> {
        self.identity.get_or_init(|| {
            let mut identity = self.parts.clone();
            identity.insert("graph".to_owned(), self.structure());
            Arc::new(identity)
        })
    }

    /// A digest of what lays out steps, whatever the order of the definitions.
    fn structure(&self) -> String {
        let sum = self.assets.iter().map(digest).fold(0, u64::wrapping_add);
        format!("{}-{sum:016x}", self.assets.len())
    }
}

fn digest(asset: &Asset) -> u64 {
    let mut hasher = Sha256::new();
    let partitions = &asset.partitions;
    let count = partitions.count();
    hasher.update(asset.key.as_str());
    hasher.update([0, u8::from(asset.is_external())]);
    if partitions.changes() {
        // Work goes on while keys come and go.
        hasher.update(partitions.lasting());
    } else {
        hasher.update(count.to_le_bytes());
        for at in [0, count.saturating_sub(1)] {
            hasher.update(partitions.key(at).map_or("", AsRef::as_ref));
            hasher.update([0]);
        }
    }
    for dep in &asset.deps {
        hasher.update(dep.key.as_str());
        hasher.update([0]);
        if dep.mapping != Mapping::Identity {
            hasher.update(format!("{:?}\0", dep.mapping));
        }
    }
    let digest: [u8; 32] = hasher.finalize().into();
    digest[..8]
        .iter()
        .fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// The first part in which a graph is another than the one that a run was asked on, in words;
/// `None` when it is the same.
pub(crate) fn difference(asked_on: &Identity, own: &Identity) -> Option<Difference> {
    first_difference(asked_on, own, |_| true)
}

/// The same, whatever the versions of the inputs are.
pub(crate) fn other_work(asked_on: &Identity, own: &Identity) -> Option<Difference> {
    first_difference(asked_on, own, |part| !part.starts_with(INPUT))
}

fn first_difference(
    asked_on: &Identity,
    own: &Identity,
    counts: impl Fn(&str) -> bool,
) -> Option<Difference> {
    let parts = asked_on.keys().chain(own.keys());
    let parts = parts.filter(|part| counts(part));
    let of = |identity: &Identity, part: &str| {
        let found = identity.get(part).map_or("none", String::as_str);
        found.to_owned()
    };
    // The digest says the least, so it is named only when nothing else differs.
    let mut differing: Vec<&String> = parts
        .filter(|part| asked_on.get(*part) != own.get(*part))
        .collect();
    differing.sort_by_key(|part| (part.as_str() == "graph", part.as_str() != "source"));
    let part = differing.first()?;
    Some(Difference {
        part: (*part).clone(),
        asked_on: of(asked_on, part),
        own: of(own, part),
    })
}

/// A part in which two identities differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Difference {
    pub part: String,
    pub asked_on: String,
    pub own: String,
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            part,
            asked_on,
            own,
        } = self;
        write!(f, "asked for on {part} {asked_on}, this is {part} {own}")
    }
}
