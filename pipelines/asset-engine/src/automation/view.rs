//! What the conditions of a rule look at: one reading of the catalog, by asset and position.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::in_progress::in_progress;
use super::memory::{Asked, Memory};
use super::{AutomationError, EvaluationContext};
use crate::catalog::Stamp;
use crate::cron::Cron;
use crate::event::{InputVersion, Materialization};
use crate::graph::AssetGraph;
use crate::plan::{Covered, Held, Known, Plan, UNOBSERVED, Wanted, staleness};

/// A piece, by asset index and position.
type Piece = (u32, u32);

/// One reading of the catalog for one evaluation of a rule.
pub(super) struct View<'a> {
    graph: &'a AssetGraph,
    now: Timestamp,
    memory: &'a Memory,
    known: Known,
    /// The pieces whose stamps have been read.
    stamped: Covered,
    stamps: HashMap<Piece, Stamp>,
    /// When each piece of the rule's assets was last wiped, or its key came.
    wiped: HashMap<Piece, u64>,
    /// By which event each key of a set came that they are made of, by the name of the set.
    came: HashMap<Arc<str>, HashMap<Arc<str>, u64>>,
    in_progress: HashSet<Piece>,
    stale: HashSet<Piece>,
    /// What the evaluation asks for so far, in topological order.
    asked: HashSet<Piece>,
}

impl<'a> View<'a> {
    pub fn read(
        cx: &EvaluationContext<'a>,
        plan: &Plan,
        memory: &'a Memory,
        with_staleness: bool,
    ) -> Result<Self, AutomationError> {
        let mut view = Self {
            graph: cx.graph,
            now: cx.now,
            memory,
            known: Known::default(),
            stamped: Covered::default(),
            stamps: HashMap::new(),
            wiped: HashMap::new(),
            came: HashMap::new(),
            in_progress: in_progress(cx)?,
            stale: HashSet::new(),
            asked: HashSet::new(),
        };
        let (graph, catalog) = (cx.graph, cx.catalog);
        for asset in plan.assets() {
            let own = plan.wanted(graph, asset);
            view.load(cx, asset, &own)?;
            view.load_wipes(cx, asset)?;
            for (_, edge) in graph.deps(asset) {
                let (upstream, read) = (edge.upstream, own.read_through(graph, edge));
                view.load(cx, upstream, &read)?;
                view.known.load_checks(graph, catalog, upstream, &read)?;
                view.known.load_checked(graph, catalog, upstream, &read)?;
            }
            view.known.load_firsts(graph, catalog, asset, &own)?;
        }
        if with_staleness {
            for stale in staleness(cx.graph, cx.catalog, plan)? {
                if let Some(index) = cx.graph.index(&stale.asset) {
                    let partitions = &cx.graph.asset(index).partitions;
                    let at = partitions.position(stale.partition.as_deref());
                    view.stale.extend(at.map(|at| (index, at)));
                }
            }
        }
        Ok(view)
    }

    fn load(
        &mut self,
        cx: &EvaluationContext<'_>,
        index: u32,
        wanted: &Wanted,
    ) -> Result<(), AutomationError> {
        self.known.load(cx.graph, cx.catalog, index, wanted)?;
        let Some(wanted) = self.stamped.take(index, wanted) else {
            return Ok(());
        };
        let asset = cx.graph.asset(index);
        let stamps = wanted.ask(asset, |pieces| cx.catalog.stamps_among(&asset.key, pieces))?;
        let own = |stamp: &Stamp| stamp.observed == asset.is_external();
        for stamp in stamps.into_iter().filter(own) {
            if let Some(at) = asset.partitions.position(stamp.partition.as_deref()) {
                self.stamps.insert((index, at), stamp);
            }
        }
        Ok(())
    }

    /// Only what was asked for, or was missing from the first, can wait for what a wipe has undone; or, where
    /// its key went and came again, for what nobody waits for any longer.
    fn load_wipes(
        &mut self,
        cx: &EvaluationContext<'_>,
        index: u32,
    ) -> Result<(), AutomationError> {
        let asset = cx.graph.asset(index);
        if !self.memory.heeds_wipes(asset) {
            return Ok(());
        }
        for (partition, seq) in cx.catalog.wipes_of(&asset.key)? {
            let at = asset.partitions.position(partition.as_deref());
            self.wiped.extend(at.map(|at| ((index, at), seq)));
        }
        let sets = asset.partitions.sets();
        for set in &sets {
            if !self.came.contains_key(*set) {
                let keys = cx.catalog.partitions_by_arrival(set)?;
                self.came
                    .insert(Arc::clone(set), keys.into_iter().collect());
            }
        }
        if sets.is_empty() {
            return Ok(());
        }
        for at in 0..asset.partitions.count() {
            let event = |set: &str, key: &str| self.came.get(set)?.get(key).copied();
            if let Some(seq) = asset.partitions.arrival(at, event) {
                let newest = self.wiped.entry((index, at)).or_default();
                *newest = seq.max(*newest);
            }
        }
        Ok(())
    }

    /// Notes that a piece is asked for.
    pub fn ask(&mut self, asset: u32, position: u32) {
        self.asked.insert((asset, position));
    }

    /// What a piece reads.
    pub fn reads(&self, asset: u32, position: u32) -> impl Iterator<Item = Piece> {
        self.graph.pieces_read(asset, position)
    }

    pub fn is_missing(&self, asset: u32, position: u32) -> bool {
        !self.graph.asset(asset).is_external() && !self.stamps.contains_key(&(asset, position))
    }

    /// Whether a piece is missing that was not when the rule first found its asset, or was made and
    /// wiped since.
    pub fn is_newly_missing(&self, asset: u32, position: u32) -> bool {
        let definition = self.graph.asset(asset);
        let Some(first) = self.memory.first_look(definition) else {
            return false;
        };
        let wiped = self.wiped.get(&(asset, position));
        self.is_missing(asset, position)
            && (wiped.is_some_and(|seq| *seq > first.seq)
                || !first.was_missing(definition.partitions.key(position)))
    }

    /// Whether the time of a piece is over; a rule does not ask for one before.
    pub fn has_come(&self, asset: u32, position: u32) -> bool {
        let partitions = &self.graph.asset(asset).partitions;
        partitions.has_come(position, self.now)
    }

    pub fn is_latest(&self, asset: u32, position: u32) -> bool {
        let partitions = &self.graph.asset(asset).partitions;
        partitions.is_latest(position, self.now)
    }

    pub fn is_stale(&self, asset: u32, position: u32) -> bool {
        self.stale.contains(&(asset, position))
    }

    pub fn is_in_progress(&self, asset: u32, position: u32) -> bool {
        self.in_progress.contains(&(asset, position))
    }

    pub fn is_requested(&self, asset: u32, position: u32) -> bool {
        self.pending(asset, position).is_some()
    }

    /// When the rule asked for a piece, if nothing was made of that so far. What was made and wiped
    /// since is not what it waits for.
    fn pending(&self, asset: u32, position: u32) -> Option<&'a Asked> {
        let asked = self.memory.asked(self.graph, asset, position)?;
        let wiped = self.wiped.get(&(asset, position)).copied();
        let since = wiped.unwrap_or(0).max(self.made_seq(asset, position));
        (asked.seq >= since).then_some(asked)
    }

    pub fn any_dep_changed(&self, asset: u32, position: u32) -> bool {
        self.any_dep_changed_since(asset, position, 0)
    }

    pub fn any_dep_updated(&self, asset: u32, position: u32) -> bool {
        let first = self.memory.first_look(self.graph.asset(asset));
        first.is_some_and(|first| self.any_dep_changed_since(asset, position, first.seq))
    }

    /// Whether anything that a piece reads has changed, by what was made or seen behind an event.
    fn any_dep_changed_since(&self, asset: u32, position: u32, since: u64) -> bool {
        let pending = self.pending(asset, position);
        let mut reads = self.reads(asset, position).enumerate();
        reads.any(|(number, (dep, at))| {
            let news = self.made_seq(dep, at) > since
                && pending.is_none_or(|asked| self.came_after(asked, dep, at));
            self.joins(asset, position, dep, at)
                || (news && self.is_another((asset, position), number, (dep, at)))
        })
    }

    /// Whether a dependency was made or seen after a piece was asked for. What the run has made that
    /// was to make the piece as well is no news to it.
    fn came_after(&self, asked: &Asked, dep: u32, at: u32) -> bool {
        let made = self.known.piece(dep, at);
        let own_run = made.is_some_and(|made| made.run.as_ref() == asked.run);
        self.made_seq(dep, at) > asked.seq && !own_run
    }

    pub fn any_dep_blocked(&self, asset: u32, position: u32) -> bool {
        self.reads(asset, position)
            .any(|(dep, at)| !self.joins(asset, position, dep, at) && self.is_blocked(dep, at))
    }

    /// Whether a piece holds back what reads it.
    fn is_blocked(&self, asset: u32, position: u32) -> bool {
        let known = &self.known;
        let unchecked = |made: &std::sync::Arc<Materialization>| {
            let newest = |asset, position| known.piece(asset, position);
            known.unchecked(self.graph, (asset, position), made, newest)
        };
        let failed = known.failed(asset, position).map(Held::Failed);
        let made = known.piece(asset, position);
        failed.or_else(|| made.and_then(unchecked)).is_some()
    }

    pub fn any_dep_missing(&self, asset: u32, position: u32) -> bool {
        self.reads(asset, position)
            .any(|(dep, at)| self.is_missing(dep, at) && !self.joins(asset, position, dep, at))
    }

    pub fn cron_passed(&self, cron: &Cron, asset: u32, position: u32) -> bool {
        let Some(tick_ms) = self.newest_tick_ms(cron) else {
            return false;
        };
        let asked = self.memory.asked(self.graph, asset, position);
        self.memory.since_ms < tick_ms
            && self.made_ms(asset, position) < tick_ms
            && asked.is_none_or(|asked| asked.at_ms < tick_ms)
    }

    pub fn all_deps_since(&self, cron: &Cron, asset: u32, position: u32) -> bool {
        let Some(tick_ms) = self.newest_tick_ms(cron) else {
            return false;
        };
        self.reads(asset, position).all(|(dep, at)| {
            self.made_ms(dep, at) >= tick_ms || self.joins(asset, position, dep, at)
        })
    }

    fn newest_tick_ms(&self, cron: &Cron) -> Option<i64> {
        Some(cron.previous(self.now)?.as_millisecond())
    }

    fn made_seq(&self, asset: u32, position: u32) -> u64 {
        self.stamps
            .get(&(asset, position))
            .map_or(0, |stamp| stamp.seq)
    }

    /// When a piece was made or seen; before all times when it never was.
    fn made_ms(&self, asset: u32, position: u32) -> i64 {
        let stamp = self.stamps.get(&(asset, position));
        stamp.map_or(i64::MIN, |stamp| {
            i64::try_from(stamp.at_ms).unwrap_or(i64::MAX)
        })
    }

    /// Whether a dependency is there in another version than a piece was made from, whatever was
    /// committed first: it may have been made while the piece was at work. The first look at what is
    /// external is no change. Where there is no record of the version, as of a dependency that is new
    /// or a piece that was reported, the dependency has to be the younger one.
    fn is_another(&self, piece: Piece, number: usize, (dep, at): Piece) -> bool {
        let Some(now) = self.known.piece(dep, at) else {
            return false;
        };
        let now_version = now.data_version.as_str();
        match self.version_read(piece, number, now) {
            Some(UNOBSERVED) if self.known.first(dep, at) == Some(now_version) => false,
            Some(read) => read != now_version,
            None => self.made_seq(dep, at) > self.made_seq(piece.0, piece.1),
        }
    }

    /// The version of a dependency, the one of a number among all, that a piece was made from.
    fn version_read(
        &self,
        (asset, position): Piece,
        number: usize,
        dep: &Materialization,
    ) -> Option<&str> {
        let read = &self.known.piece(asset, position)?.inputs;
        let same = |input: &&InputVersion| {
            input.asset == dep.asset && input.partition.as_deref() == dep.partition.as_deref()
        };
        // They usually come in the order in which they were recorded.
        let in_step = read.get(number).filter(same);
        let input = in_step.or_else(|| read.iter().find(same))?;
        Some(&input.data_version)
    }

    /// Whether a dependency is asked for by this evaluation, and so in the same run: it is if it has
    /// the same partition key.
    fn joins(&self, asset: u32, position: u32, dep: u32, at: u32) -> bool {
        let key = |asset, at| self.graph.asset(asset).partitions.key(at);
        self.asked.contains(&(dep, at)) && key(asset, position) == key(dep, at)
    }
}
