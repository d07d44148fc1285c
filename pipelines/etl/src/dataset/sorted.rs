//! The rows of a dataset sorted by key, as frames.

use std::ops::Range;

use polars::prelude::{
    BooleanChunked, ChunkFull as _, DataFrame, Float64Chunked, Int64Chunked, IntoColumn as _,
    NewChunkedArray as _, PolarsResult, StringChunked, StringChunkedBuilder, TimeUnit,
};

use super::parse::{BadRow, Parsed};
use crate::canonical::Value;
use crate::schema::ColumnKind;

/// The values of one column.
pub(super) enum Cells {
    Int(Vec<Option<i64>>),
    Float(Vec<Option<f64>>),
    Time(Vec<Option<i64>>),
    Text {
        arena: String,
        ranges: Vec<Option<Range<usize>>>,
    },
}

impl Cells {
    pub(super) fn new(kind: ColumnKind) -> Self {
        match kind {
            ColumnKind::Int => Self::Int(Vec::new()),
            ColumnKind::Float => Self::Float(Vec::new()),
            ColumnKind::Time => Self::Time(Vec::new()),
            ColumnKind::Text => Self::Text {
                arena: String::new(),
                ranges: Vec::new(),
            },
        }
    }

    pub(super) fn push(&mut self, value: Value<'_>) {
        match (self, value) {
            (Self::Int(cells) | Self::Time(cells), Value::Int(value)) => cells.push(Some(value)),
            (Self::Int(cells) | Self::Time(cells), _) => cells.push(None),
            (Self::Float(cells), Value::Float(value)) => cells.push(Some(value)),
            (Self::Float(cells), _) => cells.push(None),
            (Self::Text { arena, ranges }, Value::Text(text)) => {
                let start = arena.len();
                arena.push_str(text);
                ranges.push(Some(start..arena.len()));
            }
            (Self::Text { ranges, .. }, _) => ranges.push(None),
        }
    }

    pub(super) fn get(&self, row: usize) -> Value<'_> {
        match self {
            Self::Int(cells) | Self::Time(cells) => cells[row].map_or(Value::Null, Value::Int),
            Self::Float(cells) => cells[row].map_or(Value::Null, Value::Float),
            Self::Text { arena, ranges } => ranges[row]
                .clone()
                .map_or(Value::Null, |range| Value::Text(&arena[range])),
        }
    }
}

/// The accepted rows in the order of their keys, and the bad ones in the order of the file.
pub(crate) struct Sorted {
    pub(super) parsed: Parsed,
    pub(super) order: Vec<usize>,
}

impl Sorted {
    pub(crate) fn accepted(&self) -> usize {
        self.order.len()
    }

    pub(crate) fn bad(&self) -> &[BadRow] {
        &self.parsed.bad
    }

    pub(crate) fn arr_delay_sum(&self) -> i64 {
        self.parsed.arr_delay_sum
    }

    /// The accepted rows as a frame.
    pub(crate) fn frame(&self) -> PolarsResult<DataFrame> {
        let columns = self.parsed.dataset.columns().iter().zip(&self.parsed.cells);
        let columns = columns.map(|(column, cells)| {
            let name = column.name.into();
            let order = self.order.iter();
            match cells {
                Cells::Int(cells) => {
                    Int64Chunked::from_iter_options(name, order.map(|row| cells[*row]))
                        .into_column()
                }
                Cells::Float(cells) => {
                    Float64Chunked::from_iter_options(name, order.map(|row| cells[*row]))
                        .into_column()
                }
                Cells::Time(cells) => Int64Chunked::from_iter_options(
                    name,
                    order.map(|row| cells[*row].map(|s| s * 1_000)),
                )
                .into_datetime(TimeUnit::Milliseconds, None)
                .into_column(),
                Cells::Text { arena, ranges } => {
                    let mut builder = StringChunkedBuilder::new(name, self.order.len());
                    for row in order {
                        builder.append_option(ranges[*row].clone().map(|range| &arena[range]));
                    }
                    builder.finish().into_column()
                }
            }
        });
        DataFrame::new(self.order.len(), columns.collect())
    }

    /// The bad rows as a frame.
    pub(crate) fn quarantine(&self) -> PolarsResult<DataFrame> {
        let bad = || self.parsed.bad.iter();
        let lines = bad().map(|bad| i64::try_from(bad.line).ok());
        DataFrame::new(
            self.parsed.bad.len(),
            vec![
                Int64Chunked::from_iter_options("line".into(), lines).into_column(),
                StringChunked::from_iter_values("raw".into(), bad().map(|bad| bad.raw.as_str()))
                    .into_column(),
                StringChunked::from_iter_values(
                    "reason".into(),
                    bad().map(|bad| bad.reason.as_str()),
                )
                .into_column(),
            ],
        )
    }
}

/// A column of `true`, to tell after a left join which rows found a partner.
pub(crate) fn found_marker(name: &str, height: usize) -> polars::prelude::Column {
    BooleanChunked::full(name.into(), true, height).into_column()
}
