//! Links: which pieces of a dependency the pieces of an asset read, by position.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::GraphError;
use crate::asset::{Asset, Dep};
use crate::partition::{Mapping, PartitionKeys, Partitions, Shape, Stride};

/// How the pieces of two assets hang together.
#[derive(Debug)]
pub(crate) enum Link {
    /// The piece at the same position.
    Same,
    /// Every downstream piece reads the one upstream piece.
    Broadcast,
    /// Every downstream piece reads all upstream pieces from a position on.
    Gather {
        /// The position.
        first: u32,
    },
    /// Each downstream piece reads what stands in a table.
    Table(Box<Table>),
}

/// Which positions hang together, from both sides.
#[derive(Debug)]
pub(crate) struct Table {
    /// Downstream position → upstream positions.
    up: Lists,
    /// Upstream position → downstream positions.
    down: Lists,
}

/// A list of positions for each position, in one allocation.
#[derive(Debug)]
struct Lists {
    ends: Box<[u32]>,
    items: Box<[u32]>,
}

/// Positions at one end of a link, ascending.
#[derive(Debug, Clone)]
pub(crate) enum Positions<'a> {
    Range(std::ops::Range<u32>),
    List(std::slice::Iter<'a, u32>),
}

impl Iterator for Positions<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        match self {
            Self::Range(range) => range.next(),
            Self::List(list) => list.next().copied(),
        }
    }
}

impl Link {
    /// What the downstream piece at a position reads of an asset with `count` pieces.
    pub fn upstream(&self, position: u32, count: u32) -> Positions<'_> {
        match self {
            Self::Same => Positions::Range(position..position + 1),
            Self::Broadcast => Positions::Range(0..1),
            Self::Gather { first } => Positions::Range(*first..count),
            Self::Table(table) => Positions::List(table.up.of(position).iter()),
        }
    }

    /// What reads the upstream piece at a position, of an asset with `count` pieces.
    pub fn downstream(&self, position: u32, count: u32) -> Positions<'_> {
        match self {
            Self::Same => Positions::Range(position..position + 1),
            Self::Broadcast => Positions::Range(0..count),
            Self::Gather { first } if position < *first => Positions::Range(0..0),
            Self::Gather { .. } => Positions::Range(0..count),
            Self::Table(table) => Positions::List(table.down.of(position).iter()),
        }
    }
}

impl Table {
    /// From what each downstream position reads, ascending.
    fn new(reads: &[Vec<u32>], upstream_count: u32) -> Self {
        let mut readers = vec![Vec::new(); upstream_count as usize];
        for (at, read) in (0..).zip(reads) {
            for position in read {
                readers[*position as usize].push(at);
            }
        }
        Self {
            up: Lists::new(reads),
            down: Lists::new(&readers),
        }
    }
}

impl Lists {
    fn new(lists: &[Vec<u32>]) -> Self {
        let mut end = 0;
        let count = |list: &Vec<u32>| {
            end += list.len();
            // No more than a plan's steps on either side of one edge, times a short window.
            u32::try_from(end).unwrap_or(u32::MAX)
        };
        Self {
            ends: lists.iter().map(count).collect(),
            items: lists.concat().into(),
        }
    }

    fn of(&self, position: u32) -> &[u32] {
        let at = position as usize;
        let start = if at == 0 { 0 } else { self.ends[at - 1] };
        &self.items[start as usize..self.ends[at] as usize]
    }
}

/// The link of a dependency on an asset with partitions.
pub(super) fn link(upstream: &Asset, downstream: &Asset, dep: &Dep) -> Result<Link, GraphError> {
    let count = upstream.partitions.count();
    let gather = match dep.mapping {
        Mapping::All => Some(0),
        Mapping::Last(wanted) => Some(count.saturating_sub(wanted)),
        Mapping::Identity | Mapping::TimeWindow { .. } | Mapping::Keys(_) => None,
    };
    let Partitions::Keys(up) = &upstream.partitions else {
        return Ok(Link::Broadcast);
    };
    let Partitions::Keys(down) = &downstream.partitions else {
        let first = gather.unwrap_or(0);
        return Ok(Link::Gather { first });
    };
    if let Some(first) = gather {
        return Ok(Link::Gather { first });
    }
    if let Mapping::TimeWindow {
        start_offset,
        end_offset,
    } = dep.mapping
    {
        // Of its own, an asset may read what is over.
        if end_offset >= 0 {
            not_itself(upstream, downstream)?;
        }
        return by_time(upstream, downstream, (start_offset, end_offset));
    }
    if let Mapping::Keys(list) = &dep.mapping {
        not_itself(upstream, downstream)?;
        return by_list(upstream, downstream, list);
    }
    if up.is_same_set(down) {
        return Ok(Link::Same);
    }
    match (up.shape(), down.shape()) {
        (Shape::Windows(a), Shape::Windows(b)) if a.length != b.length => {
            return by_time(upstream, downstream, (0, 0));
        }
        _ => {}
    }
    let dimensions = [Stride::alike(up, down), Stride::alike(down, up)].concat();
    if !dimensions.is_empty() {
        return Err(GraphError::AmbiguousDimension {
            asset: downstream.key.clone(),
            dep: upstream.key.clone(),
            dimensions,
        });
    }
    let reads = match (Stride::of(up, down), Stride::of(down, up)) {
        (Some(stride), _) => {
            let mut reads = vec![Vec::new(); down.len()];
            for position in 0..count {
                reads[stride.position(position) as usize].push(position);
            }
            reads
        }
        (None, Some(stride)) => (0..downstream.partitions.count())
            .map(|position| vec![stride.position(position)])
            .collect(),
        (None, None) => by_key(upstream, downstream, down)?,
    };
    Ok(Link::Table(Box::new(Table::new(&reads, count))))
}

fn by_key(
    upstream: &Asset,
    downstream: &Asset,
    keys: &PartitionKeys,
) -> Result<Vec<Vec<u32>>, GraphError> {
    let find = |key: &Arc<str>| {
        let found = upstream.partitions.position(Some(key));
        let found = found.ok_or_else(|| GraphError::PartitionMismatch {
            asset: downstream.key.clone(),
            dep: upstream.key.clone(),
            partition: key.to_string(),
        })?;
        Ok(vec![found])
    };
    keys.iter().map(find).collect()
}

fn not_itself(upstream: &Asset, downstream: &Asset) -> Result<(), GraphError> {
    if upstream.key != downstream.key {
        return Ok(());
    }
    Err(GraphError::Cycle {
        path: vec![downstream.key.clone()],
        others: Vec::new(),
    })
}

/// The link by a list of keys: for each key that reads, those that it reads.
fn by_list(
    upstream: &Asset,
    downstream: &Asset,
    list: &BTreeMap<Arc<str>, Vec<Arc<str>>>,
) -> Result<Link, GraphError> {
    let find = |asset: &Asset, key: &Arc<str>| match asset.partitions.position(Some(key)) {
        None if !asset.partitions.may_have(key) => Err(GraphError::UnknownKey {
            asset: downstream.key.clone(),
            dep: upstream.key.clone(),
            of: asset.key.clone(),
            partition: key.to_string(),
        }),
        // It may come, and may have been there.
        found => Ok(found),
    };
    let mut reads = vec![Vec::new(); downstream.partitions.count() as usize];
    for (reader, keys) in list {
        let mut read = Vec::with_capacity(keys.len());
        for key in keys {
            read.extend(find(upstream, key)?);
        }
        read.sort_unstable();
        read.dedup();
        if let Some(at) = find(downstream, reader)? {
            reads[at as usize] = read;
        }
    }
    let count = upstream.partitions.count();
    Ok(Link::Table(Box::new(Table::new(&reads, count))))
}

fn by_time<'a>(
    upstream: &'a Asset,
    downstream: &'a Asset,
    offsets: (i32, i32),
) -> Result<Link, GraphError> {
    let windows = |asset: &'a Asset| match &asset.partitions {
        Partitions::Keys(keys) => match keys.shape() {
            Shape::Windows(windows) => Ok(windows),
            Shape::Static | Shape::Dynamic(_) | Shape::Product(_) => Err(asset.key.clone()),
        },
        Partitions::Unpartitioned => Err(asset.key.clone()),
    };
    let no_time = |untimed| GraphError::NoTime {
        asset: downstream.key.clone(),
        dep: upstream.key.clone(),
        untimed,
    };
    let up = windows(upstream).map_err(no_time)?;
    let down = windows(downstream).map_err(no_time)?;
    let count = upstream.partitions.count();
    let reads: Vec<Vec<u32>> = (0..downstream.partitions.count())
        .map(|position| {
            let (first, end) = down.overlap(position, offsets, up, count);
            (first..end).collect()
        })
        .collect();
    Ok(Link::Table(Box::new(Table::new(&reads, count))))
}
