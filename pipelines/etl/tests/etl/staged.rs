//! What was staged and what was made of it is believed for its digest, not for being there.

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;

use orchbench_etl::dataset::Dataset;
use orchbench_etl::{ErrorType, Etl, Extracted, StepInputs};

use crate::fixture::{FLIGHTS, FLIGHTS_HEADER, Inputs, call, flights};

const DAY: &str = "2013-01-01";

fn table() -> String {
    format!("{FLIGHTS_HEADER}{FLIGHTS}")
}

/// A file of the staging of a dataset, such as its table.
fn staged(inputs: &Inputs, etl: &Etl, dataset: Dataset, name: &str) -> PathBuf {
    let version = etl.input_version(dataset).unwrap();
    let dir = inputs.path().join("work/staged").join(version);
    dir.join(name)
}

/// Damages in place, which leaves a file's length as it was unless it says otherwise.
fn damages() -> Vec<fn(&mut Vec<u8>)> {
    vec![
        |bytes| bytes[180..260].fill(0),
        |bytes| *bytes.last_mut().unwrap() = b'x',
        |bytes| {
            let at = bytes.len() / 2;
            bytes[at] ^= 1;
        },
        |bytes| bytes.truncate(10),
        |bytes| bytes.extend(b"2013,1,1\n"),
        Vec::clear,
    ]
}

/// Writes over the same inode, as a disk or a file system would.
fn overwrite(path: &PathBuf, bytes: &[u8]) {
    let file = OpenOptions::new().write(true).open(path).unwrap();
    file.write_all_at(bytes, 0).unwrap();
    file.set_len(bytes.len() as u64).unwrap();
}

#[test]
fn a_damaged_staging_is_staged_again() {
    for name in [
        "flights.csv",
        "flights.index",
        "airlines.csv",
        "airlines.index",
    ] {
        for (number, damage) in damages().into_iter().enumerate() {
            let inputs = Inputs::new(&table());
            let etl = inputs.open();
            let days = ["2013-01-01", "2013-01-02"];
            let whole = |etl: &Etl| days.map(|day| flights(etl, day).unwrap());
            let first = whole(&etl);
            let dataset = if name.starts_with('f') {
                Dataset::Flights
            } else {
                Dataset::Airlines
            };
            let path = staged(&inputs, &etl, dataset, name);
            let before = std::fs::read(&path).unwrap();
            let mut bytes = before.clone();
            if bytes.len() < 260 && number == 0 {
                bytes.fill(0);
            } else {
                damage(&mut bytes);
            }
            overwrite(&path, &bytes);
            // Who has it open, and who comes later.
            assert_eq!(whole(&etl), first, "{name}, damage {number}");
            assert_eq!(whole(&inputs.open()), first, "{name}, damage {number}");
        }
    }
}

#[test]
fn a_staging_that_is_gone_is_made_again() {
    let inputs = Inputs::new(&table());
    let etl = inputs.open();
    let first = flights(&etl, DAY).unwrap();
    std::fs::remove_dir_all(inputs.path().join("work/staged")).unwrap();
    assert_eq!(flights(&etl, DAY).unwrap(), first);
    assert_eq!(flights(&inputs.open(), DAY).unwrap(), first);
}

#[test]
fn an_input_that_changes_is_seen_by_a_process_that_lives_on() {
    let inputs = Inputs::new(&table());
    let etl = inputs.open();
    let first = flights(&etl, DAY).unwrap();
    let version = etl.input_version(Dataset::Flights).unwrap();
    // Of the same length, so that nothing but the bytes tells them apart.
    inputs.write(
        Dataset::Flights,
        &table().replace(",11,UA,1545,", ",12,UA,1545,"),
    );
    assert_ne!(etl.input_version(Dataset::Flights).unwrap(), version);
    let corrected = flights(&etl, DAY).unwrap();
    assert_eq!(corrected.arr_delay_sum, first.arr_delay_sum + 1);
    // What is derived from another input, too: the carriers.
    inputs.write(
        Dataset::Airlines,
        "carrier,name\nAA,American Airlines Inc.\n",
    );
    let fewer = flights(&etl, DAY).unwrap();
    assert_eq!((fewer.accepted, fewer.quarantined), (2, 1));
    inputs.write(Dataset::Flights, &table());
    assert_eq!(
        etl.input_version(Dataset::Flights).unwrap().len(),
        version.len()
    );
}

/// What transforms the first day.
fn transform(etl: &Etl) -> (Extracted, StepInputs) {
    let extract = |day, inputs| {
        let output = etl.call(&call(day, inputs)).unwrap();
        output.try_into_extracted().unwrap()
    };
    let flights = flights(etl, DAY).unwrap();
    let inputs = StepInputs::Transform {
        flights: flights.artifact.clone(),
        weather: extract(Some(DAY), StepInputs::ExtractWeather).artifact,
        planes: extract(None, StepInputs::ExtractPlanes).artifact,
        airports: extract(None, StepInputs::ExtractAirports).artifact,
        airlines: extract(None, StepInputs::ExtractAirlines).artifact,
    };
    (flights, inputs)
}

#[test]
fn an_artifact_that_lost_bytes_is_put_aside_and_made_again() {
    for (number, damage) in damages().into_iter().enumerate() {
        let inputs = Inputs::new(&table());
        let etl = inputs.open();
        let (flights, transform) = transform(&etl);
        let path = inputs
            .path()
            .join("work/artifacts")
            .join(&flights.artifact.path);
        assert!(etl.has_artifact(&flights.artifact));
        let mut bytes = std::fs::read(&path).unwrap();
        damage(&mut bytes);
        overwrite(&path, &bytes);
        let call = call(Some(DAY), transform);
        match etl.call(&call) {
            // A byte that carries nothing may be any.
            Ok(_) => assert!(number == 4 || number == 2, "damage {number}"),
            Err(error) => {
                assert_eq!(error.error_type, ErrorType::Artifact, "{error}");
                assert!(
                    error.message.contains("not what its reference says"),
                    "{error}"
                );
                assert!(!etl.has_artifact(&flights.artifact));
                assert_eq!(crate::fixture::flights(&etl, DAY).unwrap(), flights);
                etl.call(&call).unwrap();
            }
        }
    }
}

#[test]
fn an_artifact_that_a_power_cut_took_counts_as_missing_unread() {
    let inputs = Inputs::new(&table());
    let etl = inputs.open();
    let artifact = flights(&etl, DAY).unwrap().artifact;
    let path = inputs.path().join("work/artifacts").join(&artifact.path);
    let whole = std::fs::read(&path).unwrap();
    let zeros = vec![0; whole.len()];
    let half = [&whole[..whole.len() / 2], &zeros[whole.len() / 2..]].concat();
    for left in [
        &[][..],
        &zeros,
        &half,
        &whole[..whole.len() - 1],
        &whole[..3],
    ] {
        std::fs::write(&path, left).unwrap();
        assert!(!etl.has_artifact(&artifact), "{} bytes", left.len());
    }
    std::fs::write(&path, &whole).unwrap();
    assert!(etl.has_artifact(&artifact));
}

#[test]
fn a_reference_that_is_wrong_puts_nothing_aside() {
    let inputs = Inputs::new(&table());
    let etl = inputs.open();
    let (flights, transform) = transform(&etl);
    let StepInputs::Transform {
        flights: mut wrong,
        weather,
        planes,
        airports,
        airlines,
    } = transform
    else {
        unreachable!("made so")
    };
    wrong.digest = "0".repeat(64);
    let inputs = StepInputs::Transform {
        flights: wrong,
        weather,
        planes,
        airports,
        airlines,
    };
    let error = etl.call(&call(Some(DAY), inputs)).unwrap_err();
    assert_eq!(error.error_type, ErrorType::Artifact, "{error}");
    assert!(etl.has_artifact(&flights.artifact));
}
