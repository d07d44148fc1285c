//! Windows of partitions that reach past those that a dependency has.

use std::fmt;

use serde::Serialize;

use super::AssetGraph;
use crate::asset::{Asset, Dep};
use crate::key::AssetKey;
use crate::partition::{Mapping, Partitions, Shape, Windows};

/// A piece that reads fewer partitions of a dependency than its mapping means, as the dependency has
/// no others. It is made of what there is, as in Dagster 1.13, where nothing says so; this does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CutWindow {
    /// The asset that reads.
    pub asset: AssetKey,
    /// Its partition; `None` when it has none.
    pub partition: Option<String>,
    /// What it reads.
    pub dep: AssetKey,
    /// Partitions that the dependency has within the window.
    pub there: u32,
    /// Partitions that the window means before the dependency's first one.
    pub before: u32,
    /// Those after its last one.
    pub after: u32,
}

impl fmt::Display for CutWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.asset)?;
        if let Some(partition) = &self.partition {
            write!(f, " {partition}")?;
        }
        let wanted = u64::from(self.there) + u64::from(self.before) + u64::from(self.after);
        write!(
            f,
            " reads {} of {wanted} partitions of {}:",
            self.there, self.dep
        )?;
        let ends = [
            (self.before, "before its first"),
            (self.after, "after its last"),
        ];
        let ends = ends.iter().filter(|(count, _)| *count > 0);
        for (number, (count, place)) in ends.enumerate() {
            let and = if number > 0 { " and" } else { "" };
            write!(f, "{and} {count} would lie {place}")?;
        }
        Ok(())
    }
}

impl AssetGraph {
    /// The windows of some pieces of an asset that are cut.
    pub(crate) fn cut_windows<'a>(
        &'a self,
        index: u32,
        positions: impl Iterator<Item = u32> + Clone + 'a,
    ) -> impl Iterator<Item = CutWindow> + 'a {
        let asset = self.asset(index);
        // Before the first of its own partitions there is none to be missed.
        let deps = self.deps(index).zip(&asset.deps);
        let deps = deps.filter(|((_, edge), _)| !edge.is_own_past());
        let mapped = deps.filter_map(move |((_, edge), dep)| {
            let upstream = self.asset(edge.upstream);
            Some((dep, upstream, window(asset, dep, upstream)?))
        });
        mapped.flat_map(move |(dep, upstream, window)| {
            positions.clone().filter_map(move |position| {
                let (first, end) = window.reach(position);
                cut(
                    asset,
                    position,
                    dep,
                    upstream.partitions.count(),
                    (first, end),
                )
            })
        })
    }
}

/// How a mapping means partitions by their places.
#[derive(Clone, Copy)]
enum Window<'a> {
    Last {
        wanted: u32,
        count: u32,
    },
    Time {
        own: &'a Windows,
        offsets: (i32, i32),
        upstream: &'a Windows,
    },
}

impl Window<'_> {
    /// The first place and the one behind the last; negative = before the first partition.
    fn reach(self, position: u32) -> (i64, i64) {
        match self {
            Self::Last { wanted, count } => (i64::from(count) - i64::from(wanted), count.into()),
            Self::Time {
                own,
                offsets,
                upstream,
            } => own.reach(position, offsets, upstream),
        }
    }
}

fn window<'a>(asset: &'a Asset, dep: &Dep, upstream: &'a Asset) -> Option<Window<'a>> {
    let windows = |partitions: &'a Partitions| match partitions {
        Partitions::Keys(keys) => match keys.shape() {
            Shape::Windows(windows) => Some(windows),
            Shape::Static | Shape::Dynamic(_) | Shape::Product(_) => None,
        },
        Partitions::Unpartitioned => None,
    };
    let by_time = |offsets| {
        let (own, upstream) = (windows(&asset.partitions)?, windows(&upstream.partitions)?);
        Some(Window::Time {
            own,
            offsets,
            upstream,
        })
    };
    match dep.mapping {
        Mapping::All | Mapping::Keys(_) => None,
        Mapping::Last(wanted) => upstream.partitions.is_partitioned().then(|| Window::Last {
            wanted,
            count: upstream.partitions.count(),
        }),
        // The same key is there, or the graph is refused; windows of another length overlap.
        Mapping::Identity => by_time((0, 0)),
        Mapping::TimeWindow {
            start_offset,
            end_offset,
        } => by_time((start_offset, end_offset)),
    }
}

fn cut(
    asset: &Asset,
    position: u32,
    dep: &Dep,
    count: u32,
    (first, end): (i64, i64),
) -> Option<CutWindow> {
    let count = i64::from(count);
    // As many as there could be on either side.
    let many = |from: i64, to: i64| u32::try_from((to - from).max(0)).unwrap_or(u32::MAX);
    let (before, after) = (many(first, end.min(0)), many(first.max(count), end));
    (before + after > 0).then(|| CutWindow {
        asset: asset.key.clone(),
        partition: asset.partitions.key(position).map(ToString::to_string),
        dep: dep.key.clone(),
        there: many(first.max(0), end.min(count)),
        before,
        after,
    })
}
