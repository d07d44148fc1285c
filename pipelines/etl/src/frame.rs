//! Data frames by row: typed access to columns, and the digest of a frame.

use polars::prelude::{
    Column as FrameColumn, DataFrame, DataType, Float64Chunked, Int64Chunked, PolarsError,
    PolarsResult, StringChunked, TimeUnit,
};

use crate::canonical::{TableDigest, Value, encode, end_row};
use crate::schema::{Column, ColumnKind};

/// One column with its type resolved, so that a row costs no look-up.
enum Cells {
    Int(Int64Chunked),
    /// Milliseconds.
    Time(Int64Chunked),
    Float(Float64Chunked),
    Text(StringChunked),
}

/// The rows of a frame, in the order of a schema's columns.
pub(crate) struct Rows {
    columns: Vec<Cells>,
    height: usize,
}

/// The type that a column has in a frame.
pub(crate) fn data_type(kind: ColumnKind) -> DataType {
    match kind {
        ColumnKind::Int => DataType::Int64,
        ColumnKind::Float => DataType::Float64,
        ColumnKind::Text => DataType::String,
        ColumnKind::Time => DataType::Datetime(TimeUnit::Milliseconds, None),
    }
}

impl Rows {
    /// The rows of a frame that has (at least) these columns with these types.
    pub(crate) fn new(frame: &DataFrame, columns: &[Column]) -> PolarsResult<Self> {
        let cells = columns.iter().map(|column| {
            let found = frame.column(column.name)?;
            if found.dtype() != &data_type(column.kind) {
                return Err(PolarsError::SchemaMismatch(
                    format!(
                        "column {}: expected {}, found {}",
                        column.name,
                        data_type(column.kind),
                        found.dtype()
                    )
                    .into(),
                ));
            }
            cells(found, column.kind)
        });
        Ok(Self {
            columns: cells.collect::<PolarsResult<_>>()?,
            height: frame.height(),
        })
    }

    pub(crate) fn height(&self) -> usize {
        self.height
    }

    /// The field of a row (from 0) in a column of the schema (from 0).
    pub(crate) fn value(&self, row: usize, column: usize) -> Value<'_> {
        match &self.columns[column] {
            Cells::Int(cells) => cells.get(row).map_or(Value::Null, Value::Int),
            Cells::Time(cells) => cells
                .get(row)
                .map_or(Value::Null, |ms| Value::Int(ms.div_euclid(1_000))),
            Cells::Float(cells) => cells.get(row).map_or(Value::Null, Value::Float),
            Cells::Text(cells) => cells.get(row).map_or(Value::Null, Value::Text),
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

fn cells(column: &FrameColumn, kind: ColumnKind) -> PolarsResult<Cells> {
    let series = column.as_materialized_series().rechunk();
    Ok(match kind {
        ColumnKind::Int => Cells::Int(series.i64()?.clone()),
        ColumnKind::Time => Cells::Time(series.to_physical_repr().i64()?.clone()),
        ColumnKind::Float => Cells::Float(series.f64()?.clone()),
        ColumnKind::Text => Cells::Text(series.str()?.clone()),
    })
}
