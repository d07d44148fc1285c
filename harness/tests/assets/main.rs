//! `orchbench materialize` and `orchbench assets` as a user drives them: every command is a process
//! of its own, so whatever one remembers from another went through the catalog.

#[path = "../fixtures/changes.rs"]
mod changes;

mod approval;
mod automation;
mod backfill;
mod catalog;
mod data;
mod folder;
mod lineage;
mod rows;
mod saga;
mod staleness;
