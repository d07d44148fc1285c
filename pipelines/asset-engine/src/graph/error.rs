//! Why a set of assets is no graph.

use thiserror::Error;

use crate::key::AssetKey;
use crate::partition::PartitionError;

/// Why a set of assets is no graph.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum GraphError {
    /// Assets that depend on each other in circles.
    #[error("asset cycle: {}{}", join(path), entangled(others))]
    Cycle {
        /// A circle: each is read by the next one, the last by the first.
        path: Vec<AssetKey>,
        /// What else lies on circles with these.
        others: Vec<AssetKey>,
    },
    /// A dependency that is not in the graph.
    #[error("asset {asset}: dependency {dep} is not in the graph")]
    MissingDependency {
        /// The asset.
        asset: AssetKey,
        /// What it depends on.
        dep: AssetKey,
    },
    /// Two assets of one name.
    #[error("asset {0} is defined twice")]
    DuplicateName(AssetKey),
    /// The same dependency twice in one asset.
    #[error("asset {asset}: dependency {dep} is listed twice")]
    DuplicateDependency {
        /// The asset.
        asset: AssetKey,
        /// What it depends on.
        dep: AssetKey,
    },
    /// Two checks of one name in one asset.
    #[error("asset {asset}: check {check} is defined twice")]
    DuplicateCheck {
        /// The asset.
        asset: AssetKey,
        /// The check.
        check: String,
    },
    /// A partition that its identity mapping does not find upstream.
    #[error("asset {asset}, partition {partition}: dependency {dep} has no such partition")]
    PartitionMismatch {
        /// The asset.
        asset: AssetKey,
        /// What it depends on.
        dep: AssetKey,
        /// The first key that is missing there.
        partition: String,
    },
    /// A key in the list of a mapping that the asset it is of has not.
    #[error(
        "asset {asset}: dependency {dep} is mapped by key, but {of} has no partition {partition}"
    )]
    UnknownKey {
        /// The asset.
        asset: AssetKey,
        /// What it depends on.
        dep: AssetKey,
        /// The one of them without the key.
        of: AssetKey,
        /// The key.
        partition: String,
    },
    /// A time window mapping between partitions that stand for no time.
    #[error(
        "asset {asset}: dependency {dep} is mapped by time, expected partitions of time in both, found others in {untimed}"
    )]
    NoTime {
        /// The asset.
        asset: AssetKey,
        /// What it depends on.
        dep: AssetKey,
        /// The one of them without.
        untimed: AssetKey,
    },
    /// Partitions that could be those of several dimensions of a product, so that it is not said which
    /// is meant.
    #[error(
        "asset {asset}: dependency {dep} has the keys of the dimensions {}, expected those of one",
        dimensions.join(" and ")
    )]
    AmbiguousDimension {
        /// The asset.
        asset: AssetKey,
        /// What it depends on.
        dep: AssetKey,
        /// The dimensions that have the same keys, by name.
        dimensions: Vec<String>,
    },
    /// An asset whose step makes another one as well that is not in the graph.
    #[error("asset {asset}: its step makes {missing} as well, which is not in the graph")]
    MissingOutput {
        /// The asset.
        asset: AssetKey,
        /// The other one.
        missing: AssetKey,
    },
    /// Assets of one step that differ in what the step has only one of.
    #[error("assets {asset} and {other} are made by one step, expected the same {what} in both")]
    UnlikeOutputs {
        /// One asset.
        asset: AssetKey,
        /// Another one.
        other: AssetKey,
        /// `dependencies` or `partitions`.
        what: &'static str,
    },
    /// An asset whose step makes several partitions at once, one of which reads another.
    #[error(
        "asset {asset} reads earlier partitions of its own, expected a step that makes one at a time, found one of a range"
    )]
    RangeOfOwnPast {
        /// The asset.
        asset: AssetKey,
    },
    /// Keys that came at run time make no partitions.
    #[error(transparent)]
    Partitions(#[from] PartitionError),
    /// An external asset that depends on something: nothing here makes it.
    #[error("asset {asset} is external, expected no dependencies, found {dep}")]
    ExternalDependency {
        /// The asset.
        asset: AssetKey,
        /// What it depends on.
        dep: AssetKey,
    },
    /// More assets or edges than an index can count.
    #[error("graph of {found} {what}, expected at most {max}")]
    TooLarge {
        /// Assets or edges.
        what: &'static str,
        /// How many.
        found: usize,
        /// The limit.
        max: u32,
    },
}

/// As many names as a message has.
const NAMED: usize = 10;

fn entangled(others: &[AssetKey]) -> String {
    let named: Vec<&str> = others.iter().take(NAMED).map(AssetKey::as_str).collect();
    let rest = match others.len().saturating_sub(NAMED) {
        0 => String::new(),
        rest => format!(" and {rest} more"),
    };
    if named.is_empty() {
        return String::new();
    }
    format!("; in circles with them: {}{rest}", named.join(", "))
}

fn join(keys: &[AssetKey]) -> String {
    let mut names: Vec<&str> = keys.iter().map(AssetKey::as_str).collect();
    names.extend(keys.first().map(AssetKey::as_str));
    names.join(" -> ")
}
