//! Tables by piece, as a catalog in memory keeps them.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::sync::Arc;

use crate::catalog::Pieces;
use crate::key::AssetKey;

/// Rows of the pieces of assets, by partition and perhaps more.
pub(super) type Table<K, T> = HashMap<AssetKey, BTreeMap<K, T>>;

/// The rows of some pieces of an asset: those of all in order, else piece by piece those whose keys
/// lie between the first and the last that a piece can have.
pub(super) fn rows<K: Ord, T: Clone>(
    table: &Table<K, T>,
    asset: &AssetKey,
    pieces: Pieces<'_>,
    keys: impl Fn(&Option<Arc<str>>) -> (Bound<K>, Bound<K>),
    is_of: impl Fn(&K, &Option<Arc<str>>) -> bool,
) -> Vec<T> {
    let Some(table) = table.get(asset) else {
        return Vec::new();
    };
    match pieces {
        Pieces::All => table.values().cloned().collect(),
        Pieces::These(partitions) => {
            let of_piece = |partition| {
                let range = table.range(keys(partition));
                let own = range.take_while(|(key, _)| is_of(key, partition));
                own.map(|(_, row)| row.clone())
            };
            partitions.iter().flat_map(of_piece).collect()
        }
    }
}

/// The same of a table with one row a piece.
pub(super) fn newest<T: Clone>(
    table: &Table<Option<Arc<str>>, T>,
    asset: &AssetKey,
    pieces: Pieces<'_>,
) -> Vec<T> {
    let keys = |partition: &Option<Arc<str>>| {
        let key = Bound::Included(partition.clone());
        (key.clone(), key)
    };
    rows(table, asset, pieces, keys, |_, _| true)
}
