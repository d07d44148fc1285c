//! Inputs of a few days, as they are or before the correction of one of them has come.
//!
//! The flights are those of a source's days only, so that such a folder is quickly written and read; the
//! other datasets are copied. The same words give the same bytes.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Cursor, Write};
use std::path::Path;

use orchbench_journal::{Day, ErrorType};
use zip::write::SimpleFileOptions;

use crate::dataset::Dataset;
use crate::dataset::archive;
use crate::dataset::field::parse_int;
use crate::error::StepError;
use crate::schema::{FLIGHTS, position};
use crate::source::Source;

/// By how many minutes a flight's arrival is reported too late, before the correction.
const TOO_LATE_MIN: i64 = 60;

/// Writes a data folder with the days of a source; other archives in it are replaced, each at once. Of
/// the day `uncorrected`, the first flight of the source that has arrived is said to have done so an
/// hour later than it did.
///
/// # Errors
/// `Dataset`, when the folder cannot be written, or no flight of that day has arrived.
pub fn write(dir: &Path, source: &Source, uncorrected: Option<Day>) -> Result<(), StepError> {
    let failed = |error: &dyn std::fmt::Display| {
        let message = format!("{}: cannot be written: {error}", dir.display());
        StepError::new(ErrorType::Dataset, message)
    };
    std::fs::create_dir_all(dir).map_err(|error| failed(&error))?;
    for dataset in Dataset::ALL {
        let path = dir.join(dataset.zip_name());
        let mut file = tempfile::NamedTempFile::new_in(dir).map_err(|error| failed(&error))?;
        if dataset == Dataset::Flights {
            let rows = flights(source, uncorrected).map_err(|error| failed(&error))?;
            zipped(file.as_file(), &dataset.csv_name(), &rows).map_err(|error| failed(&error))?;
        } else if path.exists() {
            continue;
        } else {
            file.write_all(archive::embedded(dataset))
                .map_err(|error| failed(&error))?;
        }
        file.persist(path).map_err(|error| failed(&error))?;
    }
    Ok(())
}

fn zipped(file: &File, name: &str, rows: &[u8]) -> zip::result::ZipResult<()> {
    let mut zip = zip::ZipWriter::new(file);
    let options = SimpleFileOptions::default().last_modified_time(zip::DateTime::default());
    zip.start_file(name, options)?;
    zip.write_all(rows)?;
    zip.finish().map(drop)
}

/// The table of the flights of a source's days, with its header.
fn flights(source: &Source, uncorrected: Option<Day>) -> std::io::Result<Vec<u8>> {
    let embedded = Cursor::new(archive::embedded(Dataset::Flights));
    let mut zip = zip::ZipArchive::new(embedded).map_err(std::io::Error::other)?;
    let table = zip
        .by_name(&Dataset::Flights.csv_name())
        .map_err(std::io::Error::other)?;
    let mut table = BufReader::new(table);
    let (mut rows, mut line) = (Vec::new(), Vec::new());
    let mut open = uncorrected;
    table.read_until(b'\n', &mut rows)?;
    while table.read_until(b'\n', &mut line)? > 0 {
        if let Some(day) = day_of(&line).filter(|day| source.days.contains(*day)) {
            match open
                .filter(|open| *open == day)
                .and(too_late(&line, source))
            {
                Some(wrong) => {
                    rows.extend(wrong);
                    open = None;
                }
                None => rows.extend(&line),
            }
        }
        line.clear();
    }
    match open {
        None => Ok(rows),
        Some(day) => Err(std::io::Error::other(format!(
            "day {day}: no flight of {} has arrived",
            source.name
        ))),
    }
}

/// The columns of a row are in the order of the schema; no field of the embedded flights has a comma.
fn field<'a>(line: &'a [u8], name: &str) -> Option<&'a [u8]> {
    line.split(|byte| *byte == b',')
        .nth(position(FLIGHTS, name)?)
}

fn day_of(line: &[u8]) -> Option<Day> {
    let number = |name| field(line, name).and_then(parse_int);
    Day::new(number("year")?, number("month")?, number("day")?)
}

/// The row with another delay; `None` where it is of another source, or the flight has none.
fn too_late(line: &[u8], source: &Source) -> Option<Vec<u8>> {
    let origin = std::str::from_utf8(field(line, "origin")?).ok()?;
    let delay_min = field(line, "arr_delay").and_then(parse_int)?;
    let wrong = (delay_min + TOO_LATE_MIN).to_string();
    let at = position(FLIGHTS, "arr_delay")?;
    let fields = line.split(|byte| *byte == b',').enumerate();
    let fields = fields.map(|(column, field)| {
        if column == at {
            wrong.as_bytes()
        } else {
            field
        }
    });
    let fields: Vec<&[u8]> = fields.collect();
    source.has_origin(origin).then(|| fields.join(&b','))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]

    use super::*;
    use crate::SourceCatalogue;

    #[test]
    fn an_excerpt_has_the_sources_days_and_one_wrong_row() {
        let catalogue = SourceCatalogue::embedded().unwrap();
        let source = catalogue.get("my-source").unwrap();
        let right = flights(source, None).unwrap();
        let wrong = flights(source, Some(source.days.last)).unwrap();
        let lines = |rows: &[u8]| -> Vec<Vec<u8>> {
            rows.split(|byte| *byte == b'\n')
                .map(<[u8]>::to_vec)
                .collect()
        };
        let (right, wrong) = (lines(&right), lines(&wrong));
        let differ: Vec<usize> = (0..right.len())
            .filter(|at| right[*at] != wrong[*at])
            .collect();
        let [at] = differ[..] else {
            panic!("expected one row to differ, found {differ:?}");
        };
        assert_eq!(day_of(&right[at]), Some(source.days.last));
        assert_eq!(field(&right[at], "origin"), Some(b"EWR".as_slice()));
        let days = right[1..].iter().filter_map(|line| day_of(line));
        let days: std::collections::BTreeSet<Day> = days.collect();
        assert_eq!(days.len(), source.days.len());
    }

    #[test]
    fn the_day_of_an_input_has_a_version_of_its_own() {
        let dir = tempfile::tempdir().unwrap();
        let catalogue = SourceCatalogue::embedded().unwrap();
        let source = catalogue.get("my-source").unwrap();
        let (data, days) = (dir.path().join("data"), source.partitions());
        let warehouse = format!("sqlite:{}/w.sqlite", dir.path().display());
        let config = crate::EtlConfig {
            data_dir: Some(data.clone()),
            ..crate::EtlConfig::new(dir.path().join("work"), warehouse)
        };
        let etl = crate::Etl::open(config).unwrap();
        let versions = || -> Vec<String> {
            let of = |day: &Day| etl.day_version(Dataset::Flights, *day).unwrap();
            days.iter().map(of).collect()
        };
        write(&data, source, Some(days[2])).unwrap();
        let before = versions();
        write(&data, source, None).unwrap();
        let after = versions();
        let differ: Vec<usize> = (0..days.len())
            .filter(|at| before[*at] != after[*at])
            .collect();
        assert_eq!(differ, [2]);
    }
}
