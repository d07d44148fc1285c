//! Larger inputs of the same shape.

use orchbench_etl::{Etl, EtlConfig, generate};

#[test]
fn three_times_the_flights_have_three_times_the_keys() {
    let folder = tempfile::tempdir().unwrap();
    let data = |name: &str| folder.path().join(name);
    generate::write(&data("a"), 3, 42).unwrap();
    let prepared = |data_dir, name: &str| {
        let warehouse = format!(
            "sqlite:{}",
            folder.path().join(format!("{name}.db")).display()
        );
        let etl = Etl::open(EtlConfig {
            data_dir,
            ..EtlConfig::new(folder.path().join(name), warehouse)
        })
        .unwrap();
        etl.prepare("r", "my-source", 2).unwrap()
    };
    let small = prepared(None, "small");
    let large = prepared(Some(data("a")), "large");
    for (small, large) in small.iter().zip(&large) {
        assert_eq!(
            large.flights.accepted,
            3 * small.flights.accepted,
            "{}",
            small.day
        );
        assert_eq!(large.flights.quarantined, 0);
        assert_eq!(
            large.transformed.unresolved.weather,
            3 * small.transformed.unresolved.weather
        );
    }
    // The same seed gives the same rows, another seed others.
    generate::write(&data("b"), 3, 42).unwrap();
    generate::write(&data("c"), 3, 43).unwrap();
    let digest = |day: &orchbench_etl::PreparedDay| day.checked.digest.clone();
    let again: Vec<String> = prepared(Some(data("b")), "again")
        .iter()
        .map(digest)
        .collect();
    assert_eq!(again, large.iter().map(digest).collect::<Vec<_>>());
    let other: Vec<String> = prepared(Some(data("c")), "other")
        .iter()
        .map(digest)
        .collect();
    assert_ne!(again, other);
    assert!(generate::write(&data("d"), 0, 1).is_err());
}
