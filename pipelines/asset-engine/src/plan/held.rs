//! What holds a step back although all that it reads is there: data that failed a blocking check, or
//! that a check of its own ([`crate::Asset::blocking_check`]) has not passed.

use std::sync::Arc;

use super::known::{Input, Known};
use super::reason::{StaleReason, changed, recorded};
use super::wanted::Wanted;
use crate::asset::Asset;
use crate::catalog::{Catalog, CatalogError, Stamp};
use crate::event::{CheckResult, Materialization, Severity};
use crate::graph::AssetGraph;

/// A failed result, and the version of the data that it is about.
pub(super) type FailedCheck = (String, Arc<CheckResult>);

/// Why an input holds back what reads it.
#[derive(Debug)]
pub(crate) enum Held<'a> {
    /// It failed this check.
    Failed(&'a CheckResult),
    /// It is a check that has passed other data than there is now.
    Unchecked(StaleReason),
}

impl Held<'_> {
    /// The same in words, for an input.
    pub fn told(&self, input: &Materialization) -> String {
        let place = input.partition.as_deref();
        let place = place.map_or(String::new(), |key| format!(" {key}"));
        let (asset, version) = (&input.asset, &input.data_version);
        match self {
            Self::Failed(check) => {
                let check = &check.name;
                format!("input {asset}{place} failed check {check} at data version {version}")
            }
            Self::Unchecked(reason) => {
                format!("check {asset}{place} has not passed what there is now: {reason}")
            }
        }
    }
}

impl Known {
    /// Reads the blocking checks that pieces of an asset failed, once.
    pub fn load_checks(
        &mut self,
        graph: &AssetGraph,
        catalog: &Catalog,
        index: u32,
        wanted: &Wanted,
    ) -> Result<(), CatalogError> {
        let any = match self.any_checks {
            Some(any) => any,
            None => *self.any_checks.insert(catalog.has_checks()?),
        };
        let wanted = any.then(|| self.checked.take(index, wanted));
        let Some(wanted) = wanted.flatten() else {
            return Ok(());
        };
        let asset = graph.asset(index);
        let mut stamps = None;
        let checks = wanted.ask(asset, |pieces| catalog.checks_among(&asset.key, pieces))?;
        for (seq, check) in checks {
            let at = asset.partitions.position(check.partition.as_deref());
            let Some(at) = at.filter(|_| check.holds_back(asset)) else {
                continue;
            };
            let version = match &check.data_version {
                Some(version) => Some(version.clone()),
                None => {
                    let stamps = match &stamps {
                        Some(read) => read,
                        None => stamps.insert(
                            wanted.ask(asset, |pieces| catalog.stamps_among(&asset.key, pieces))?,
                        ),
                    };
                    self.version_before(graph, catalog, (index, at), (seq, stamps))?
                }
            };
            if let Some(version) = version {
                let failed = self.failed.entry((index, at)).or_default();
                failed.push((version, check));
            }
        }
        Ok(())
    }

    /// The newest version of a piece, if by the stamps of its asset it was there before an event.
    fn version_before(
        &mut self,
        graph: &AssetGraph,
        catalog: &Catalog,
        (index, position): (u32, u32),
        (seq, stamps): (u64, &[Stamp]),
    ) -> Result<Option<String>, CatalogError> {
        let asset = graph.asset(index);
        let partition = asset.partitions.key(position);
        let mut of_piece = stamps.iter().filter(|stamp| {
            stamp.observed == asset.is_external() && stamp.partition.as_ref() == partition
        });
        if of_piece.any(|stamp| stamp.seq > seq) {
            return Ok(None);
        }
        self.load(graph, catalog, index, &Wanted::Some(vec![position]))?;
        let made = self.piece(index, position);
        Ok(made.map(|made| made.data_version.clone()))
    }

    /// The blocking check that the newest data of a piece failed.
    pub fn failed(&self, index: u32, position: u32) -> Option<&CheckResult> {
        if self.failed.is_empty() {
            return None;
        }
        let made = self.piece(index, position)?;
        self.failed_by((index, position), &made.data_version).next()
    }

    /// The blocking checks that a version of a piece's data failed.
    pub fn failed_by<'a>(
        &'a self,
        piece: (u32, u32),
        data_version: &str,
    ) -> impl Iterator<Item = &'a CheckResult> {
        let failed = self.failed.get(&piece).into_iter().flatten();
        failed
            .filter(move |(version, _)| version == data_version)
            .map(|(_, check)| check.as_ref())
    }

    /// Reads what [`Known::unchecked`] needs of pieces that have been read, where they are checks.
    pub fn load_checked(
        &mut self,
        graph: &AssetGraph,
        catalog: &Catalog,
        index: u32,
        wanted: &Wanted,
    ) -> Result<(), CatalogError> {
        if !graph.asset(index).check {
            return Ok(());
        }
        for (_, edge) in graph.deps(index) {
            let read = wanted.read_through(graph, edge);
            self.load(graph, catalog, edge.upstream, &read)?;
        }
        self.load_firsts(graph, catalog, index, wanted)
    }

    /// Whether a piece is a check that has passed other versions of what it reads than the newest.
    /// One that was reported without a record of what it read vouches for what there is.
    pub fn unchecked<'a>(
        &'a self,
        graph: &AssetGraph,
        (index, position): (u32, u32),
        made: &Materialization,
        newest: impl Fn(u32, u32) -> Option<&'a Arc<Materialization>>,
    ) -> Option<Held<'a>> {
        if !graph.asset(index).check || made.inputs.is_empty() {
            return None;
        }
        let reads = graph.pieces_read(index, position);
        let another = |(number, (upstream, at)): (usize, (u32, u32))| {
            let input = Input {
                made: newest(upstream, at)?,
                external: graph.asset(upstream).is_external(),
                failed: None,
                first: self.first(upstream, at),
            };
            changed(&input, recorded(made, number, &input))
        };
        reads.enumerate().find_map(another).map(Held::Unchecked)
    }
}

impl CheckResult {
    /// Whether it holds back what reads an asset as that is defined now: a check that a run made
    /// counts as long as the asset has it, and as severe as it is now; one that was reported counts as
    /// it was reported.
    pub(crate) fn holds_back(&self, asset: &Asset) -> bool {
        if self.run.is_empty() {
            return self.blocks();
        }
        let mut checks = asset.checks.iter();
        let defined = checks.find(|check| check.name == self.name);
        !self.passed && defined.is_some_and(|check| check.severity == Severity::Block)
    }
}
