//! The seeded generator of larger inputs of the same shape.
//!
//! Every flight of nycflights13 is there `factor` times: once as it is, and `factor - 1` times
//! with another flight number (so that all keys are unique) and with delays drawn anew from the
//! same day. The other datasets are copied. The same factor and seed give the same rows.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::Path;

use csv::{ByteRecord, ReaderBuilder};
use orchbench_journal::ErrorType;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use zip::write::SimpleFileOptions;

use crate::dataset::archive::{self, Archive};
use crate::dataset::field::parse_int;
use crate::dataset::index::Extent;
use crate::dataset::{Dataset, index};
use crate::error::StepError;
use crate::schema::{FLIGHTS, position};

/// Copies get flight numbers that far above the original's; nycflights13 has none above 8500.
const FLIGHT_NUMBER_STEP: i64 = 10_000;

/// Writes a data folder with `factor` times the flights of nycflights13.
///
/// # Errors
/// `BadInput` for a factor of 0; `Dataset`, when the folder cannot be written.
pub fn write(dir: &Path, factor: u32, seed: u64) -> Result<(), StepError> {
    if factor == 0 {
        return Err(StepError::new(
            ErrorType::BadInput,
            "factor: expected at least 1, found 0",
        ));
    }
    let failed = |error: &dyn std::fmt::Display| {
        StepError::new(
            ErrorType::Dataset,
            format!("{}: cannot be written: {error}", dir.display()),
        )
    };
    std::fs::create_dir_all(dir).map_err(|error| failed(&error))?;
    for dataset in Dataset::ALL {
        let path = dir.join(dataset.zip_name());
        if dataset != Dataset::Flights || factor == 1 {
            std::fs::write(&path, archive::embedded(dataset)).map_err(|error| failed(&error))?;
            continue;
        }
        let file = File::create(&path).map_err(|error| failed(&error))?;
        let mut zip = zip::ZipWriter::new(file);
        zip.start_file(dataset.csv_name(), SimpleFileOptions::default())
            .map_err(|error| failed(&error))?;
        flights(&mut zip, factor, seed).map_err(|error| failed(&error))?;
        zip.finish().map_err(|error| failed(&error))?;
    }
    Ok(())
}

/// Writes the table of flights, day by day, so that the rows of a day stay together.
fn flights(target: &mut impl std::io::Write, factor: u32, seed: u64) -> Result<(), StepError> {
    let source: Archive = archive::open(Dataset::Flights, None)?;
    let mut table = tempfile::tempfile().map_err(|error| io(&error))?;
    archive::unpack(&source, Dataset::Flights, &mut table)?;
    rewind(&mut table)?;
    let index = index::build(&table, Dataset::Flights, &source.name)?;
    rewind(&mut table)?;
    let mut text = Vec::new();
    table.read_to_end(&mut text).map_err(|error| io(&error))?;
    let slice = |extent: &Extent| {
        let end = usize::try_from(extent.end).unwrap_or(text.len());
        &text[usize::try_from(extent.start).unwrap_or(end)..end]
    };
    let head = usize::try_from(index.whole.start).unwrap_or(0);
    let mut out = std::io::BufWriter::new(target);
    out.write_all(&text[..head]).map_err(|error| io(&error))?;
    let mut rng = StdRng::seed_from_u64(seed);
    let mut extents: Vec<&Extent> = index.days.values().flatten().collect();
    extents.sort_by_key(|extent| extent.start);
    for extent in extents {
        day(&mut out, slice(extent), factor, &mut rng).map_err(|error| io(&error))?;
    }
    out.flush().map_err(|error| io(&error))
}

fn io(error: &dyn std::fmt::Display) -> StepError {
    StepError::new(ErrorType::Dataset, format!("generated flights: {error}"))
}

fn rewind(file: &mut File) -> Result<(), StepError> {
    std::io::Seek::rewind(file).map_err(|error| io(&error))
}

/// Writes the rows of one day, then their copies.
fn day(
    out: &mut impl std::io::Write,
    rows: &[u8],
    factor: u32,
    rng: &mut StdRng,
) -> std::io::Result<()> {
    out.write_all(rows)?;
    let records: Vec<ByteRecord> = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(rows)
        .into_byte_records()
        .collect::<Result<_, _>>()?;
    let flight = position(FLIGHTS, "flight");
    let delays: Vec<usize> = ["dep_delay", "arr_delay"]
        .iter()
        .filter_map(|name| position(FLIGHTS, name))
        .collect();
    let mut line = Vec::new();
    for copy in 1..factor {
        for record in &records {
            // Both delays come from one donor, as they belong together; a cancelled flight stays
            // cancelled, and a flown one stays flown.
            let donor = &records[rng.random_range(0..records.len())];
            let both_flown = delays.iter().all(|column| {
                donor.get(*column) != Some(b"NA") && record.get(*column) != Some(b"NA")
            });
            line.clear();
            for (column, field) in record.iter().enumerate() {
                if column > 0 {
                    line.push(b',');
                }
                match parse_int(field) {
                    Some(number) if Some(column) == flight => {
                        let number = number + FLIGHT_NUMBER_STEP * i64::from(copy);
                        line.extend_from_slice(number.to_string().as_bytes());
                    }
                    _ if both_flown && delays.contains(&column) => {
                        line.extend_from_slice(donor.get(column).unwrap_or(field));
                    }
                    _ => line.extend_from_slice(field),
                }
            }
            line.push(b'\n');
            out.write_all(&line)?;
        }
    }
    Ok(())
}
