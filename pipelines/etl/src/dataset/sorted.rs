//! The rows of a dataset sorted by key, as record batches.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::{
    ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMillisecondArray,
};
use arrow_schema::ArrowError;

use super::parse::{BadRow, Parsed};
use crate::canonical::Value;
use crate::frame::batch;
use crate::schema::{self, ColumnKind};

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

    /// The accepted rows.
    pub(crate) fn batch(&self) -> Result<RecordBatch, ArrowError> {
        let arrays = self.parsed.cells.iter().map(|cells| -> ArrayRef {
            let order = self.order.iter();
            match cells {
                Cells::Int(cells) => Arc::new(Int64Array::from_iter(order.map(|row| cells[*row]))),
                Cells::Float(cells) => {
                    Arc::new(Float64Array::from_iter(order.map(|row| cells[*row])))
                }
                Cells::Time(cells) => Arc::new(TimestampMillisecondArray::from_iter(
                    order.map(|row| cells[*row].map(|s| s * 1_000)),
                )),
                Cells::Text { arena, ranges } => Arc::new(StringArray::from_iter(
                    order.map(|row| ranges[*row].clone().map(|range| &arena[range])),
                )),
            }
        });
        batch(self.parsed.dataset.columns(), arrays.collect())
    }

    /// The bad rows.
    pub(crate) fn quarantine(&self) -> Result<RecordBatch, ArrowError> {
        let bad = || self.parsed.bad.iter();
        let lines = bad().map(|bad| i64::try_from(bad.line).ok());
        batch(
            schema::QUARANTINE,
            vec![
                Arc::new(Int64Array::from_iter(lines)),
                Arc::new(StringArray::from_iter_values(bad().map(|bad| &bad.raw))),
                Arc::new(StringArray::from_iter_values(bad().map(|bad| &bad.reason))),
            ],
        )
    }
}
