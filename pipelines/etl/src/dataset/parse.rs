//! From lines to typed columns, with the bad rows set apart.

use std::ops::Range;

use csv::{ByteRecord, ReaderBuilder};

use super::Dataset;
use super::field::{field, is_code, parse_int, raw_text};
use super::index::Index;
use super::sorted::{Cells, Sorted};
use crate::canonical::Value;

/// A row that went to quarantine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BadRow {
    /// The line in the table, the header being 1.
    pub(crate) line: u64,
    /// The line as it stands there.
    pub(crate) raw: String,
    /// What is wrong.
    pub(crate) reason: String,
    /// The column that cannot be parsed, when that is what is wrong.
    pub(crate) column: Option<usize>,
}

/// The rows of a dataset that belong to a source and, for daily ones, a day.
pub(crate) struct Parsed {
    pub(super) dataset: Dataset,
    pub(super) cells: Vec<Cells>,
    /// The line of each row in `cells`.
    lines: Vec<u64>,
    /// Where the raw line of each row in `cells` is.
    raw: Vec<Range<usize>>,
    pub(super) bad: Vec<BadRow>,
    pub(super) arr_delay_sum: i64,
}

/// What decides beyond the types of the columns.
pub(crate) struct Rules<'a> {
    /// Whether a row with this origin belongs to the source.
    pub(crate) has_origin: &'a dyn Fn(&str) -> bool,
    /// Whether the carrier is known.
    pub(crate) knows_carrier: &'a dyn Fn(&str) -> bool,
    /// Told now and then how many rows were seen.
    pub(crate) progress: &'a dyn Fn(u64),
}

/// A row of fields at the most; the widest dataset has 19.
const MAX_COLUMNS: usize = 24;

impl Parsed {
    pub(crate) fn new(dataset: Dataset) -> Self {
        Self {
            dataset,
            cells: dataset
                .columns()
                .iter()
                .map(|column| Cells::new(column.kind))
                .collect(),
            lines: Vec::new(),
            raw: Vec::new(),
            bad: Vec::new(),
            arr_delay_sum: 0,
        }
    }

    /// Adds the rows of `text[range]`, the first of which stands in line `first_line`.
    ///
    /// Rows whose origin is not the source's are left out; rows whose origin cannot be read belong
    /// to every source.
    pub(crate) fn read(
        &mut self,
        text: &[u8],
        range: Range<usize>,
        first_line: u64,
        index: &Index,
        rules: &Rules<'_>,
    ) {
        let columns = self.dataset.columns();
        let origin = columns
            .iter()
            .position(|column| column.name == "origin")
            .map(|column| index.positions[column]);
        let arr_delay = columns
            .iter()
            .position(|column| column.name == "arr_delay")
            .map(|column| index.positions[column]);
        let start = range.start;
        let mut reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .from_reader(&text[range]);
        let mut record = ByteRecord::new();
        let mut seen = 0_u64;
        loop {
            let byte = start + usize::try_from(reader.position().byte()).unwrap_or(0);
            let line = first_line + reader.position().line() - 1;
            // Reading from memory cannot fail, and a flexible reader takes any number of fields.
            if !reader.read_byte_record(&mut record).unwrap_or(false) {
                break;
            }
            let raw = byte..start + usize::try_from(reader.position().byte()).unwrap_or(0);
            let readable_origin = origin
                .filter(|_| record.len() == index.width)
                .and_then(|position| record.get(position))
                .and_then(|field| std::str::from_utf8(field).ok());
            if readable_origin.is_some_and(|origin| is_code(origin) && !(rules.has_origin)(origin))
            {
                continue;
            }
            seen += 1;
            if seen.is_multiple_of(1_000) {
                (rules.progress)(seen);
            }
            if let Some(delay) = arr_delay
                .and_then(|position| record.get(position))
                .and_then(parse_int)
            {
                // Wraps, so that the sum depends on no order, whatever a file holds.
                self.arr_delay_sum = self.arr_delay_sum.wrapping_add(delay);
            }
            self.row(&record, line, raw, text, index, rules);
        }
        (rules.progress)(seen);
    }

    fn row(
        &mut self,
        record: &ByteRecord,
        line: u64,
        raw: Range<usize>,
        text: &[u8],
        index: &Index,
        rules: &Rules<'_>,
    ) {
        let mut values = [Value::Null; MAX_COLUMNS];
        match self.values(record, index, rules, &mut values) {
            Ok(()) => {
                for (cells, value) in self.cells.iter_mut().zip(values) {
                    cells.push(value);
                }
                self.lines.push(line);
                self.raw.push(raw);
            }
            Err((reason, column)) => self.bad.push(BadRow {
                line,
                raw: raw_text(&text[raw]),
                reason,
                column,
            }),
        }
    }

    /// The values of a row, or why it is bad, with the column that cannot be parsed.
    fn values<'r>(
        &self,
        record: &'r ByteRecord,
        index: &Index,
        rules: &Rules<'_>,
        values: &mut [Value<'r>; MAX_COLUMNS],
    ) -> Result<(), (String, Option<usize>)> {
        if record.len() != index.width {
            return Err((
                format!("expected {} fields, found {}", index.width, record.len()),
                None,
            ));
        }
        for (place, column) in self.dataset.columns().iter().enumerate() {
            let bytes = record.get(index.positions[place]).unwrap_or_default();
            values[place] = field(bytes, column).map_err(|reason| (reason, Some(place)))?;
        }
        let value =
            |name| crate::schema::position(self.dataset.columns(), name).map(|place| values[place]);
        if self.dataset.is_daily()
            && let (Some(Value::Int(year)), Some(Value::Int(month)), Some(Value::Int(day))) =
                (value("year"), value("month"), value("day"))
            && orchbench_journal::Day::new(year, month, day).is_none()
        {
            return Err((
                format!("expected a day of the calendar, found {year}-{month}-{day}"),
                None,
            ));
        }
        if self.dataset == Dataset::Flights
            && let Some(Value::Text(carrier)) = value("carrier")
            && !(rules.knows_carrier)(carrier)
        {
            return Err((format!("unknown carrier {carrier:?}"), None));
        }
        Ok(())
    }

    /// The rows sorted by key, with every row whose key came before set apart as bad.
    pub(crate) fn sort(mut self, text: &[u8]) -> Sorted {
        let key: Vec<usize> = self
            .dataset
            .key()
            .iter()
            .filter_map(|name| crate::schema::position(self.dataset.columns(), name))
            .collect();
        let compare = |a: &usize, b: &usize| {
            key.iter()
                .map(|column| {
                    let cells = &self.cells[*column];
                    cells
                        .get(*a)
                        .partial_cmp(&cells.get(*b))
                        .unwrap_or(std::cmp::Ordering::Equal)
                })
                .find(|order| order.is_ne())
                .unwrap_or(std::cmp::Ordering::Equal)
        };
        let mut order: Vec<usize> = (0..self.lines.len()).collect();
        // Stable, so of equal keys the one that stands first in the file stays first.
        order.sort_by(compare);
        let mut kept: Vec<usize> = Vec::with_capacity(order.len());
        let mut doubles = Vec::new();
        for row in order {
            match kept.last() {
                Some(first) if compare(first, &row).is_eq() => doubles.push((*first, row)),
                _ => kept.push(row),
            }
        }
        for (first, row) in doubles {
            let values: Vec<String> = key
                .iter()
                .map(|column| self.cells[*column].get(row).display())
                .collect();
            self.bad.push(BadRow {
                line: self.lines[row],
                raw: raw_text(&text[self.raw[row].clone()]),
                reason: format!(
                    "duplicate key {} of line {}",
                    values.join("/"),
                    self.lines[first]
                ),
                column: None,
            });
        }
        self.bad.sort_by_key(|bad| bad.line);
        Sorted {
            parsed: self,
            order: kept,
        }
    }
}
