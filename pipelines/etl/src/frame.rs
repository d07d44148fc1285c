//! Record batches by row: typed access to columns, and the digest of a batch.

use std::sync::Arc;

use arrow_array::{
    Array, ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMillisecondArray,
};
use arrow_schema::{ArrowError, DataType, Field, Schema, TimeUnit};

use crate::canonical::{TableDigest, Value, encode, end_row};
use crate::schema::{Column, ColumnKind};

/// One column with its type resolved, so that a row costs no look-up.
enum Cells {
    Int(Int64Array),
    Time(TimestampMillisecondArray),
    Float(Float64Array),
    Text(StringArray),
}

/// The rows of a batch, in the order of a schema's columns.
pub(crate) struct Rows {
    columns: Vec<Cells>,
    height: usize,
}

/// The type that a column has in a batch.
fn data_type(kind: ColumnKind) -> DataType {
    match kind {
        ColumnKind::Int => DataType::Int64,
        ColumnKind::Float => DataType::Float64,
        ColumnKind::Text => DataType::Utf8,
        ColumnKind::Time => DataType::Timestamp(TimeUnit::Millisecond, None),
    }
}

/// A batch of these columns; whether a null is a fault is for the steps to say.
pub(crate) fn batch(columns: &[Column], arrays: Vec<ArrayRef>) -> Result<RecordBatch, ArrowError> {
    let fields: Vec<Field> = columns
        .iter()
        .map(|column| Field::new(column.name, data_type(column.kind), true))
        .collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)
}

/// A column by its name.
///
/// # Errors
/// When the batch has none of that name.
pub(crate) fn column<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a ArrayRef, ArrowError> {
    batch
        .column_by_name(name)
        .ok_or_else(|| ArrowError::SchemaError(format!("expected a column {name}, found none")))
}

impl Rows {
    /// The rows of a batch that has (at least) these columns with these types.
    pub(crate) fn new(batch: &RecordBatch, columns: &[Column]) -> Result<Self, ArrowError> {
        let columns = columns.iter().map(|column| cells(batch, column));
        Ok(Self {
            columns: columns.collect::<Result<_, _>>()?,
            height: batch.num_rows(),
        })
    }

    pub(crate) fn height(&self) -> usize {
        self.height
    }

    /// The field of a row (from 0) in a column of the schema (from 0).
    pub(crate) fn value(&self, row: usize, column: usize) -> Value<'_> {
        match &self.columns[column] {
            Cells::Int(cells) => at(cells, row, |cells| Value::Int(cells.value(row))),
            Cells::Time(cells) => at(cells, row, |cells| {
                Value::Int(cells.value(row).div_euclid(1_000))
            }),
            Cells::Float(cells) => at(cells, row, |cells| Value::Float(cells.value(row))),
            Cells::Text(cells) => at(cells, row, |cells| Value::Text(cells.value(row))),
        }
    }

    /// Replaces the content of `buffer` with the encoding of one row.
    pub(crate) fn encode_row(&self, row: usize, buffer: &mut Vec<u8>) {
        buffer.clear();
        self.append_row(row, buffer);
    }

    fn append_row(&self, row: usize, buffer: &mut Vec<u8>) {
        for column in 0..self.columns.len() {
            encode(buffer, self.value(row, column));
        }
        end_row(buffer);
    }

    /// The digest of the rows, which have to be sorted by key.
    pub(crate) fn digest(&self, columns: &[Column]) -> String {
        let mut digest = TableDigest::new(columns);
        let mut buffer = Vec::with_capacity(16 * 1024);
        let mut pending = 0;
        for row in 0..self.height {
            self.append_row(row, &mut buffer);
            pending += 1;
            // One update for many rows: the hash is quicker on long inputs.
            if buffer.len() > 8 * 1024 {
                digest.push_encoded(&buffer, pending);
                buffer.clear();
                pending = 0;
            }
        }
        digest.push_encoded(&buffer, pending);
        digest.finish()
    }
}

fn at<'a, A: Array>(cells: &'a A, row: usize, value: impl Fn(&'a A) -> Value<'a>) -> Value<'a> {
    if cells.is_null(row) {
        Value::Null
    } else {
        value(cells)
    }
}

fn cells(batch: &RecordBatch, wanted: &Column) -> Result<Cells, ArrowError> {
    let found = column(batch, wanted.name)?;
    let any = found.as_any();
    let cells = match wanted.kind {
        ColumnKind::Int => any.downcast_ref().cloned().map(Cells::Int),
        ColumnKind::Time => any.downcast_ref().cloned().map(Cells::Time),
        ColumnKind::Float => any.downcast_ref().cloned().map(Cells::Float),
        ColumnKind::Text => any.downcast_ref().cloned().map(Cells::Text),
    };
    cells.ok_or_else(|| {
        ArrowError::SchemaError(format!(
            "column {}: expected {}, found {}",
            wanted.name,
            data_type(wanted.kind),
            found.data_type()
        ))
    })
}
