//! The order in which a backfill makes what has partitions and what has none.

use std::collections::BTreeMap;
use std::num::NonZero;

use crate::event::{BackfillRecord, Stage};
use crate::graph::{AssetGraph, marked};
use crate::key::AssetKey;
use crate::selection::{Selection, SelectionError};

/// The stages of a backfill of a selection: each asset in the first stage of its kind that comes
/// after all that it reads. Empty when everything selected has partitions, or nothing.
pub(super) fn stages(
    graph: &AssetGraph,
    selection: &Selection,
) -> Result<Vec<Stage>, SelectionError> {
    let mut selected = selection.resolve(graph)?;
    graph.complete_outputs(&mut selected);
    for (index, mark) in (0..).zip(&mut selected) {
        *mark &= !graph.kind(index).external;
    }
    // Stages are even without partitions and odd with them.
    let mut level = vec![0_u32; graph.len()];
    for &index in graph.order() {
        let own = u32::from(graph.kind(index).partitioned);
        let reads = graph.deps(index).map(|(_, edge)| edge.upstream);
        let read = reads.filter(|upstream| selected[*upstream as usize]);
        let after = read.map(|upstream| level[upstream as usize]).max();
        level[index as usize] = after.map_or(own, |after| after + (after + own) % 2);
    }
    let mut stages: BTreeMap<u32, Vec<AssetKey>> = BTreeMap::new();
    for index in marked(&selected) {
        let keys = stages.entry(level[index as usize]).or_default();
        keys.push(graph.asset(index).key.clone());
    }
    if stages.len() < 2 {
        return Ok(Vec::new());
    }
    let stage = |(level, keys): (u32, Vec<AssetKey>)| Stage {
        selection: Selection::assets(keys),
        partitioned: level % 2 == 1,
    };
    Ok(stages.into_iter().map(stage).collect())
}

/// A backfill one partition after the other, the earlier ones first, where something selected reads
/// earlier partitions of its own; else as it is.
pub(super) fn in_order(
    graph: &AssetGraph,
    record: BackfillRecord,
) -> Result<BackfillRecord, SelectionError> {
    let mut selected = record.selection.resolve(graph)?;
    graph.complete_outputs(&mut selected);
    let Some(index) = marked(&selected).find(|index| graph.reads_own_past(*index)) else {
        return Ok(record);
    };
    let mut partitions = record.partitions;
    partitions.sort_by_key(|key| graph.asset(index).partitions.position(Some(key)));
    Ok(BackfillRecord {
        partitions,
        at_once: NonZero::<usize>::MIN,
        in_order: true,
        ..record
    })
}
