//! What a worker's folder shows: its journal and its warehouse.

use std::path::Path;

use anyhow::Result;
use orchbench_etl::Warehouse;
use orchbench_etl::journal::{Kind, Record, read_dir};

/// The journal so far.
pub fn records(dir: &Path) -> Result<Vec<Record>> {
    Ok(read_dir(&dir.join("journal"))?.records)
}

/// The records of one kind.
pub fn of(records: &[Record], kind: Kind) -> impl Iterator<Item = &Record> {
    records.iter().filter(move |record| record.kind == kind)
}

/// How many steps this worker has begun and not ended; of a dead one, those that its death cut.
pub fn in_hand(records: &[Record], epoch: u64) -> usize {
    let count = |kind| {
        of(records, kind)
            .filter(|record| record.epoch == epoch)
            .count()
    };
    count(Kind::Invoke) - count(Kind::Ok) - count(Kind::Error)
}

pub fn warehouse(dir: &Path) -> Result<Warehouse> {
    let file = dir.join("warehouse.sqlite");
    Ok(Warehouse::open(&format!("sqlite:{}", file.display()))?)
}
