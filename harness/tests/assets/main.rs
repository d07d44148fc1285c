//! `orchbench materialize` and `orchbench assets` as a user drives them: every command is a process
//! of its own, so whatever one remembers from another went through the catalog.

#[path = "../fixtures/certificates.rs"]
mod certificates;
#[path = "../fixtures/changes.rs"]
mod changes;
#[path = "../fixtures/host.rs"]
mod host;
#[path = "../../../pipelines/etl/tests/fixtures/s3.rs"]
mod s3;

mod again;
mod approval;
mod automation;
mod backfill;
mod beside;
mod cancel;
mod catalog;
mod data;
mod disk;
mod folder;
mod identity;
mod ids;
mod lineage;
mod on_temporal;
mod postgres;
mod rows;
mod saga;
mod staleness;
mod until;
