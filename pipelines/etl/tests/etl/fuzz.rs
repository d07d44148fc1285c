//! Inputs that nobody would write: whatever they hold, a step has an outcome or an error.

use orchbench_etl::dataset::Dataset;
use orchbench_etl::{ErrorType, StepInputs};
use proptest::prelude::*;

use crate::fixture::{FLIGHTS, FLIGHTS_HEADER, Inputs, call, flights};

/// A change of a table, at a place between its ends.
#[derive(Clone, Debug)]
enum Damage {
    Insert(f64, Vec<u8>),
    Remove(f64, usize),
    Repeat(f64, usize),
}

fn damage() -> impl Strategy<Value = Damage> {
    let place = || 0.0..1.0_f64;
    let text = prop_oneof![
        prop::sample::select(vec![
            "\"",
            ",",
            "\n",
            "\r\n",
            "\n\n",
            "NA",
            "-",
            "999999999999999999",
            "1e308",
            "NaN",
            "\0",
            "2013,1,1",
            "2013,13,1",
            "EWR",
            "\u{feff}",
            "9999-12-31T23:59:60Z",
            "'",
            "-0.0",
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
        prop::collection::vec(any::<u8>(), 1..8),
    ];
    prop_oneof![
        (place(), text).prop_map(|(at, bytes)| Damage::Insert(at, bytes)),
        (place(), 1_usize..80).prop_map(|(at, count)| Damage::Remove(at, count)),
        (place(), 1_usize..400).prop_map(|(at, count)| Damage::Repeat(at, count)),
    ]
}

fn damaged(table: &str, damages: &[Damage]) -> Vec<u8> {
    let mut bytes = table.as_bytes().to_vec();
    for damage in damages {
        match damage {
            Damage::Insert(place, more) => {
                let at = share(bytes.len(), *place);
                bytes.splice(at..at, more.iter().copied());
            }
            Damage::Remove(place, count) => {
                let from = share(bytes.len(), *place);
                bytes.drain(from..bytes.len().min(from + count));
            }
            Damage::Repeat(place, count) => {
                let from = share(bytes.len(), *place);
                let part = bytes[from..bytes.len().min(from + count)].to_vec();
                bytes.extend(part);
            }
        }
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn any_table_is_rows_and_quarantine_or_an_error(
        damages in prop::collection::vec(damage(), 0..6),
        of_airlines in prop::collection::vec(damage(), 0..2),
    ) {
        let inputs = Inputs::new("");
        let table = format!("{FLIGHTS_HEADER}{FLIGHTS}");
        inputs.write_bytes(Dataset::Flights, &damaged(&table, &damages));
        let airlines = "carrier,name\nAA,American Airlines Inc.\nUA,United Air Lines Inc.\n";
        inputs.write_bytes(Dataset::Airlines, &damaged(airlines, &of_airlines));
        let etl = inputs.open();
        for day in ["2013-01-01", "2013-01-02"] {
            match flights(&etl, day) {
                Ok(found) => {
                    prop_assert_eq!(found.extracted, found.accepted + found.quarantined);
                    prop_assert_eq!(found.accepted, found.artifact.rows);
                    prop_assert_eq!(flights(&etl, day).unwrap(), found);
                }
                Err(error) => prop_assert_eq!(error.error_type, ErrorType::Dataset, "{}", error),
            }
        }
    }

    #[test]
    fn any_archive_is_a_table_or_an_error(
        place in 0.0..1.0_f64,
        bytes in prop::collection::vec(any::<u8>(), 1..16),
        cut in prop::option::of(0.0..1.0_f64),
    ) {
        let inputs = Inputs::new(&format!("{FLIGHTS_HEADER}{FLIGHTS}"));
        let path = inputs.data_dir().join(Dataset::Flights.zip_name());
        let mut archive = std::fs::read(&path).unwrap();
        let at = share(archive.len(), place);
        for (byte, new) in archive[at..].iter_mut().zip(bytes) {
            *byte = new;
        }
        let length = cut.map_or(archive.len(), |cut| share(archive.len(), cut));
        std::fs::write(&path, &archive[..length]).unwrap();
        if let Err(error) = flights(&inputs.open(), "2013-01-01") {
            prop_assert_eq!(error.error_type, ErrorType::Dataset, "{}", error);
        }
    }

    #[test]
    fn any_artifact_is_what_its_digest_says_or_an_error(
        place in 0.0..1.0_f64,
        bytes in prop::collection::vec(any::<u8>(), 1..16),
    ) {
        let inputs = Inputs::new(&format!("{FLIGHTS_HEADER}{FLIGHTS}"));
        let etl = inputs.open();
        let ready = &etl.prepare("run-1", "tiny", 1).unwrap()[0];
        let path = inputs.path().join("work/artifacts").join(&ready.transformed.artifact.path);
        let mut file = std::fs::read(&path).unwrap();
        let at = share(file.len(), place);
        for (byte, new) in file[at..].iter_mut().zip(bytes) {
            *byte = new;
        }
        std::fs::write(&path, file).unwrap();
        let check = StepInputs::Check {
            flights: ready.flights.clone(),
            transformed: ready.transformed.clone(),
        };
        match etl.call(&call(Some("2013-01-01"), check)) {
            Ok(output) => prop_assert_eq!(output.digest(), &ready.transformed.artifact.digest),
            Err(error) => prop_assert_eq!(error.error_type, ErrorType::Artifact, "{}", error),
        }
    }
}

/// Few, as each makes a folder of inputs; more by `PROPTEST_CASES`.
fn cases() -> u32 {
    let asked = std::env::var("PROPTEST_CASES").ok();
    asked.and_then(|asked| asked.parse().ok()).unwrap_or(60)
}

fn share(length: usize, share: f64) -> usize {
    (length as f64 * share) as usize
}

#[test]
fn sums_of_senseless_numbers_wrap_and_are_the_same_in_every_order() {
    let row = |flight: usize| {
        format!(
            "2013,1,1,517,515,2,830,819,999999999999999999,UA,{flight},N14228,EWR,IAH,227,1400,5,15,2013-01-01T10:00:00Z\n"
        )
    };
    let rows: String = (0..40).map(row).collect();
    let second = FLIGHTS.lines().next().unwrap();
    let inputs = Inputs::new(&format!("{FLIGHTS_HEADER}{rows}{second}\n"));
    let prepared = inputs.open().prepare("run-1", "tiny", 1).unwrap();
    let day = &prepared[0];
    assert_eq!(day.flights.accepted, 40);
    assert_eq!(
        day.flights.arr_delay_sum,
        999_999_999_999_999_999_i64.wrapping_mul(40)
    );
    assert_eq!(day.transformed.arr_delay_sum, day.flights.arr_delay_sum);
}

#[test]
fn a_quote_that_is_never_closed_takes_no_more_memory_than_a_row_may() {
    let filler = "x".repeat(64 * 1024) + "\n";
    let table = format!("{FLIGHTS_HEADER}{FLIGHTS}\"{}", filler.repeat(40));
    let error = flights(&Inputs::new(&table).open(), "2013-01-01").unwrap_err();
    assert_eq!(error.error_type, ErrorType::Dataset);
    assert!(error.message.contains("row 6, column -: "), "{error}");
    assert!(error.message.contains("is a quote left open?"), "{error}");
}
