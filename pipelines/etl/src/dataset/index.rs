//! The index of a staged table: where the rows of each day are.
//!
//! Building it is also the check of the table as a whole: the header, and that the last line has
//! an end. A row whose own day cannot be read belongs to the day of the row before it (or, at the
//! top, of the first row that has a day), where the extract puts it into quarantine: so no row
//! vanishes.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::io::Read;

use csv::{ByteRecord, ReaderBuilder};
use orchbench_journal::Day;
use serde::{Deserialize, Serialize};

use super::field::{self, parse_int};
use super::{Dataset, unusable};
use crate::error::StepError;

/// A run of rows of one day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Extent {
    /// The first byte.
    pub(crate) start: u64,
    /// The byte behind the last one.
    pub(crate) end: u64,
    /// The line of the first row, the header being line 1.
    pub(crate) line: u64,
    /// The hex SHA-256 of the bytes, as staged; empty until then.
    pub(crate) digest: String,
}

impl Extent {
    fn new(start: u64, end: u64, line: u64) -> Self {
        Self {
            start,
            end,
            line,
            digest: String::new(),
        }
    }
}

/// Where everything is in a staged table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Index {
    pub(crate) format_version: u32,
    /// For each column of the dataset, its position in the file.
    pub(crate) positions: Vec<usize>,
    /// How many fields a row has.
    pub(crate) width: usize,
    /// Rows below the header.
    pub(crate) rows: u64,
    /// All rows.
    pub(crate) whole: Extent,
    /// The rows of each day, in the order of the file; empty for datasets without days.
    pub(crate) days: BTreeMap<Day, Vec<Extent>>,
}

pub(crate) const FORMAT_VERSION: u32 = 2;

/// The longest row that is read, in bytes: a quote that is never closed makes one row of the rest
/// of a table, which need not fit into memory.
const MAX_ROW_BYTES: u64 = 1 << 20;

impl Index {
    /// What is read at a time: all rows, or those of one day.
    pub(crate) fn extents(&self, day: Option<Day>) -> &[Extent] {
        match day {
            None => std::slice::from_ref(&self.whole),
            Some(day) => self.days.get(&day).map_or(&[], Vec::as_slice),
        }
    }

    /// Everything that is ever read: the days of a daily dataset, else all rows.
    pub(super) fn extents_mut(&mut self) -> impl Iterator<Item = &mut Extent> {
        let whole = self.days.is_empty().then_some(&mut self.whole);
        whole.into_iter().chain(self.days.values_mut().flatten())
    }
}

/// Reads a table once, from its header to its end. `file` is the name for messages.
///
/// # Errors
/// `Dataset`: a column is missing, a data row stands in the header's place, the last line is cut,
/// or no row of a daily dataset has a day.
pub(crate) fn build(table: impl Read, dataset: Dataset, file: &str) -> Result<Index, StepError> {
    let row_start = Cell::new(0);
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .buffer_capacity(256 * 1024)
        .from_reader(Watched::new(table, &row_start));
    let broken = |row: u64, error: &csv::Error| {
        unusable(
            file,
            row,
            "-",
            "a row of comma-separated values",
            &error.to_string(),
        )
    };
    let mut record = ByteRecord::new();
    let read = reader
        .read_byte_record(&mut record)
        .map_err(|error| broken(1, &error))?;
    let positions = header_positions(if read { Some(&record) } else { None }, dataset, file)?;
    let width = record.len();

    let start = reader.position().byte();
    let first_line = reader.position().line();
    let mut days = Days::new(dataset, &positions);
    let mut rows = 0;
    let (mut line, mut fields) = (1, width);
    let mut last_is_complete = true;
    loop {
        let (byte, next_line) = (reader.position().byte(), reader.position().line());
        row_start.set(byte);
        if !reader
            .read_byte_record(&mut record)
            .map_err(|error| broken(next_line, &error))?
        {
            break;
        }
        rows += 1;
        line = next_line;
        fields = record.len();
        last_is_complete = fields == width && last_field_is_whole(&record, dataset, &positions);
        days.row(&record, byte, next_line);
    }
    let end = reader.position().byte();
    let ends_with_newline = reader.into_inner().last == Some(b'\n');
    if !ends_with_newline && !last_is_complete {
        let cut = fields.saturating_sub(1);
        let column = positions
            .iter()
            .position(|position| *position == cut)
            .map_or_else(
                || (cut + 1).to_string(),
                |column| dataset.columns()[column].name.to_owned(),
            );
        return Err(unusable(
            file,
            line,
            &column,
            &format!("{width} fields and the end of the line"),
            &format!("{fields} fields and the end of the file"),
        ));
    }
    let days = days.finish(end);
    if dataset.is_daily() && days.is_empty() {
        return Err(unusable(
            file,
            2,
            "day",
            "at least one row with a day",
            &format!("{rows} rows without"),
        ));
    }
    Ok(Index {
        format_version: FORMAT_VERSION,
        positions,
        width,
        rows,
        whole: Extent::new(start, end, first_line),
        days,
    })
}

/// Where each column of the dataset is.
fn header_positions(
    header: Option<&ByteRecord>,
    dataset: Dataset,
    file: &str,
) -> Result<Vec<usize>, StepError> {
    let Some(header) = header else {
        let first = dataset.columns()[0].name;
        return Err(unusable(
            file,
            1,
            first,
            &format!("the header {first:?}"),
            "an empty file",
        ));
    };
    let mut positions = Vec::with_capacity(dataset.columns().len());
    for (place, column) in dataset.columns().iter().enumerate() {
        let Some(position) = header
            .iter()
            .position(|name| name == column.name.as_bytes())
        else {
            let found = match header.get(place) {
                Some(found) => format!("{:?}", String::from_utf8_lossy(found)),
                None => format!("{} columns without it", header.len()),
            };
            let expected = format!("the header {:?}", column.name);
            return Err(unusable(file, 1, column.name, &expected, &found));
        };
        positions.push(position);
    }
    Ok(positions)
}

/// Whether the last field of the last line can be read, so that a line without newline is whole.
fn last_field_is_whole(record: &ByteRecord, dataset: Dataset, positions: &[usize]) -> bool {
    let last = record.len().saturating_sub(1);
    positions
        .iter()
        .position(|position| *position == last)
        .and_then(|column| {
            record
                .get(last)
                .map(|field| field::field(field, &dataset.columns()[column]).is_ok())
        })
        .unwrap_or(true)
}

/// Collects the extents of the days.
struct Days {
    /// The positions of year, month and day; `None` for datasets without days.
    columns: Option<[usize; 3]>,
    days: BTreeMap<Day, Vec<Extent>>,
    current: Option<(Day, Extent)>,
    /// Where rows before the first one with a day start.
    head: Option<Extent>,
}

impl Days {
    fn new(dataset: Dataset, positions: &[usize]) -> Self {
        let position = |name| {
            let column = dataset
                .columns()
                .iter()
                .position(|column| column.name == name)?;
            positions.get(column).copied()
        };
        let columns = match (position("year"), position("month"), position("day")) {
            (Some(year), Some(month), Some(day)) if dataset.is_daily() => Some([year, month, day]),
            _ => None,
        };
        Self {
            columns,
            days: BTreeMap::new(),
            current: None,
            head: None,
        }
    }

    fn row(&mut self, record: &ByteRecord, byte: u64, line: u64) {
        let Some(columns) = self.columns else {
            return;
        };
        let [year, month, day] = columns.map(|column| record.get(column).and_then(parse_int));
        let day = match (year, month, day) {
            (Some(year), Some(month), Some(day)) => Day::new(year, month, day),
            _ => None,
        };
        let here = Extent::new(byte, byte, line);
        match (day, &self.current) {
            (None, Some(_)) => {}
            (None, None) => {
                self.head.get_or_insert(here);
            }
            (Some(day), Some((current, _))) if day == *current => {}
            (Some(day), _) => {
                self.end_day(byte);
                self.current = Some((day, self.head.take().unwrap_or(here)));
            }
        }
    }

    fn end_day(&mut self, end: u64) {
        if let Some((day, extent)) = self.current.take() {
            self.days
                .entry(day)
                .or_default()
                .push(Extent { end, ..extent });
        }
    }

    fn finish(mut self, end: u64) -> BTreeMap<Day, Vec<Extent>> {
        self.end_day(end);
        self.days
    }
}

/// Remembers the last byte that went through, and lets no row grow beyond measure.
struct Watched<'a, R> {
    inner: R,
    last: Option<u8>,
    read_bytes: u64,
    /// Where the row begins that is being read.
    row_start: &'a Cell<u64>,
}

impl<'a, R> Watched<'a, R> {
    fn new(inner: R, row_start: &'a Cell<u64>) -> Self {
        Self {
            inner,
            last: None,
            read_bytes: 0,
            row_start,
        }
    }
}

impl<R: Read> Read for Watched<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.read_bytes - self.row_start.get() > MAX_ROW_BYTES {
            let what = format!("a row of more than {MAX_ROW_BYTES} bytes; is a quote left open?");
            return Err(std::io::Error::other(what));
        }
        let read = self.inner.read(buffer)?;
        if read > 0 {
            self.last = Some(buffer[read - 1]);
            self.read_bytes += read as u64;
        }
        Ok(read)
    }
}
