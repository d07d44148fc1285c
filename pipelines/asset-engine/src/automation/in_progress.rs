//! What is being made, or was asked for already, so that a rule need not ask for it.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use super::EvaluationContext;
use crate::catalog::{Catalog, CatalogError};
use crate::event::{BackfillRecord, Mode, RunRecord};
use crate::graph::{Identity, other_work};
use crate::plan::Plan;
use crate::selection::Selection;

/// The pieces, by asset and position, of the runs that are under way or ordered, and of those of open
/// backfills that are still to be submitted. A run on another graph makes nothing of this one.
pub(super) fn in_progress(cx: &EvaluationContext<'_>) -> Result<HashSet<(u32, u32)>, CatalogError> {
    let open = cx.catalog.open_runs()?.into_iter();
    let mut records: Vec<Arc<RunRecord>> = open.map(|info| info.record).collect();
    records.extend(cx.catalog.orders()?);
    let is_own = |asked_on: &Identity| other_work(asked_on, cx.graph.identity()).is_none();
    let makes = |record: &Arc<RunRecord>| record.mode != Mode::Observe && is_own(&record.identity);
    records.retain(makes);
    let mut selections: Vec<Selection> = Vec::new();
    selections.extend(records.iter().map(|record| record.selection.clone()));
    for info in cx.catalog.open_backfills()? {
        if is_own(&info.record.identity) {
            selections.extend(waiting(cx.catalog, &info.record)?);
        }
    }
    let mut pieces = HashSet::new();
    for selection in &selections {
        // What does not fit the graph fails when it is submitted.
        if let Ok(plan) = Plan::new(cx.graph, selection) {
            pieces.extend(plan.steps().iter().map(|step| (step.asset, step.position)));
        }
    }
    Ok(pieces)
}

/// What the runs of a backfill are to make that were not submitted so far, by stage.
fn waiting(
    catalog: &Catalog,
    record: &BackfillRecord,
) -> Result<impl Iterator<Item = Selection>, CatalogError> {
    let submitted = catalog.statuses_of(&record.id)?;
    let mut stages: BTreeMap<usize, (Selection, Vec<String>)> = BTreeMap::new();
    for run in record.runs() {
        if submitted.contains_key(run.record.run.as_ref()) {
            continue;
        }
        let keys = run.record.selection.partitions().unwrap_or_default();
        let keys = keys.to_vec();
        let stage = stages.entry(run.stage);
        let (_, of_stage) = stage.or_insert_with(|| (run.record.selection, Vec::new()));
        of_stage.extend(keys);
    }
    Ok(stages
        .into_values()
        .map(|(selection, keys)| match selection.partitions() {
            None => selection,
            Some(_) => selection.with_partitions(keys),
        }))
}
