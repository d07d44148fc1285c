//! What a trial leaves in its warehouse, kept so that no database is needed later.

use orchbench_etl::Warehouse;
use orchbench_evidence::record::{AppliedRow, OpenTrial, WarehouseRow};

use crate::engine::TrialError;

/// Keeps what a trial left in its warehouse, so that no database is needed later.
pub fn keep_warehouse(
    open: &OpenTrial,
    trial: &str,
    sources: &[impl AsRef<str>],
    url: &str,
) -> Result<(), TrialError> {
    let unreadable = |error: orchbench_etl::WarehouseError| {
        TrialError::Plan(format!("trial {trial}: warehouse: {error}"))
    };
    let warehouse = Warehouse::open(url).map_err(unreadable)?;
    for source in sources.iter().map(AsRef::as_ref) {
        let rows = warehouse_rows(&warehouse, source).map_err(unreadable)?;
        open.write_rows(source, &rows)?;
    }
    let applied: Vec<AppliedRow> = warehouse
        .applied()
        .map_err(unreadable)?
        .into_iter()
        .map(|row| AppliedRow {
            seq: row.seq,
            key: row.key,
            step: row.step.to_string(),
            partition: row.partition,
            attempt: row.attempt,
            token: row.token,
            rows_changed: row.rows_changed,
            answer: None,
        })
        .collect();
    open.write_applied(&applied)?;
    Ok(())
}

/// The rows of a source in a warehouse, as they are kept.
///
/// # Errors
/// When the warehouse cannot be read.
pub fn warehouse_rows(
    warehouse: &Warehouse,
    source: &str,
) -> Result<Vec<WarehouseRow>, orchbench_etl::WarehouseError> {
    Ok(warehouse
        .rows(source)?
        .into_iter()
        .map(|row| WarehouseRow {
            day: row.day,
            key: row.key,
            digest: row.digest,
        })
        .collect())
}
