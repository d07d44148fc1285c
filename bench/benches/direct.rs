//! The floor: the ETL's steps as plain calls, one day from extract to check.

use criterion::{Criterion, criterion_group, criterion_main};
use orchbench_etl::{Etl, EtlConfig};

fn prepare_a_day(c: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let warehouse = format!(
        "sqlite:{}",
        folder.path().join("warehouse.sqlite").display()
    );
    let etl = Etl::open(EtlConfig::new(folder.path(), warehouse)).expect("the ETL opens");
    c.bench_function("direct/extract, transform and check of a day", |b| {
        b.iter(|| {
            etl.prepare("bench", "one-day", 1)
                .expect("the day is prepared")
        });
    });
}

criterion_group!(benches, prepare_a_day);
criterion_main!(benches);
