//! The transform step: a day's flights joined with weather, planes, airports and airlines.
//!
//! All joins are left joins on unique keys, so every flight stays, once; a flight without partner
//! has nulls and is counted. The order of the flights, which is the order of their keys, stays too.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use arrow_array::cast::AsArray as _;
use arrow_array::types::Int64Type;
use arrow_array::{Array as _, ArrayRef, RecordBatch, UInt32Array};
use arrow_schema::ArrowError;
use arrow_select::take::take;
use orchbench_journal::{ErrorType, Unresolved};

use crate::artifact::ArtifactStore;
use crate::canonical::Value;
use crate::error::StepError;
use crate::frame::{Rows, batch, column};
use crate::outcome::{ArtifactRef, Transformed};
use crate::schema::{self, Column, TRANSFORMED};

/// The inputs of a transform.
pub(crate) struct TransformInputs<'a> {
    pub(crate) flights: &'a ArtifactRef,
    pub(crate) weather: &'a ArtifactRef,
    pub(crate) planes: &'a ArtifactRef,
    pub(crate) airports: &'a ArtifactRef,
    pub(crate) airlines: &'a ArtifactRef,
}

/// A table to join, with the row of each key.
#[derive(Debug)]
struct Lookup {
    rows: RecordBatch,
    by_key: HashMap<Key, u32>,
}

/// The key of a table to join: a code, or an origin and an hour.
type Key = (String, Option<i64>);

/// The dimension tables of this process, ready to join, by their path: what a digest names never
/// changes, so 365 transforms need one read.
#[derive(Debug, Default)]
pub(crate) struct Dimensions {
    tables: Mutex<HashMap<String, Arc<Lookup>>>,
}

impl Dimensions {
    fn get(
        &self,
        store: &ArtifactStore,
        artifact: &ArtifactRef,
        columns: &[Column],
        key: &str,
    ) -> Result<Arc<Lookup>, StepError> {
        let lock = || self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        let known = lock().get(&artifact.path).cloned();
        if let Some(table) = known {
            return Ok(table);
        }
        let table = Arc::new(Lookup::read(store, artifact, columns, &[key])?);
        lock().insert(artifact.path.clone(), Arc::clone(&table));
        Ok(table)
    }
}

impl Lookup {
    fn read(
        store: &ArtifactStore,
        artifact: &ArtifactRef,
        columns: &[Column],
        key: &[&str],
    ) -> Result<Self, StepError> {
        let rows = store.read(artifact, columns)?;
        let keys = keys(&rows, columns, key).map_err(|error| failed(&artifact.path, &error))?;
        let by_key = (0..).zip(keys).filter_map(|(row, key)| Some((key?, row)));
        Ok(Self {
            by_key: by_key.collect(),
            rows,
        })
    }

    /// The row of each key, null where there is none.
    fn find(&self, keys: Vec<Option<Key>>) -> UInt32Array {
        let row = |key: Option<Key>| self.by_key.get(&key?).copied();
        keys.into_iter().map(row).collect()
    }

    /// A column, at these rows.
    fn at(&self, rows: &UInt32Array, name: &str) -> Result<ArrayRef, ArrowError> {
        take(column(&self.rows, name)?, rows, None)
    }
}

/// The key of each row, `None` where a part of it is null.
fn keys(
    rows: &RecordBatch,
    columns: &[Column],
    names: &[&str],
) -> Result<Vec<Option<Key>>, ArrowError> {
    let columns: Vec<Column> = names
        .iter()
        .filter_map(|name| schema::position(columns, name))
        .map(|position| columns[position])
        .collect();
    let rows = Rows::new(rows, &columns)?;
    let key = |row| match (rows.value(row, 0), columns.len()) {
        (Value::Text(code), 1) => Some((code.to_owned(), None)),
        (Value::Text(code), _) => match rows.value(row, 1) {
            Value::Int(second) => Some((code.to_owned(), Some(second))),
            _ => None,
        },
        _ => None,
    };
    Ok((0..rows.height()).map(key).collect())
}

fn failed(path: &str, error: &dyn std::fmt::Display) -> StepError {
    StepError::new(ErrorType::Artifact, format!("transform of {path}: {error}"))
}

/// Joins a day and writes the result.
///
/// # Errors
/// `Artifact`, when an input cannot be read or the output cannot be written.
pub(crate) fn transform(
    inputs: &TransformInputs<'_>,
    dimensions: &Dimensions,
    store: &ArtifactStore,
    progress: &dyn Fn(u64),
) -> Result<Transformed, StepError> {
    let flights = store.read(inputs.flights, schema::FLIGHTS)?;
    let tables = Tables {
        airlines: dimensions.get(store, inputs.airlines, schema::AIRLINES, "carrier")?,
        planes: dimensions.get(store, inputs.planes, schema::PLANES, "tailnum")?,
        airports: dimensions.get(store, inputs.airports, schema::AIRPORTS, "faa")?,
        weather: Lookup::read(store, inputs.weather, schema::WEATHER, WEATHER_KEY)?,
    };
    progress(0);
    let wrong = |error| failed(&inputs.flights.path, &error);
    let (rows, unresolved) = tables.join(&flights).map_err(wrong)?;
    let arr_delay_sum = arr_delay_sum(&rows).map_err(wrong)?;
    let artifact = store.write("transformed", &rows, TRANSFORMED)?;
    progress(artifact.rows);
    Ok(Transformed {
        artifact,
        unresolved,
        arr_delay_sum,
    })
}

/// Minutes, over the flights that have an arrival delay.
pub(crate) fn arr_delay_sum(rows: &RecordBatch) -> Result<i64, ArrowError> {
    let delays = column(rows, "arr_delay")?.as_primitive_opt::<Int64Type>();
    let delays = delays.ok_or_else(|| ArrowError::SchemaError("arr_delay: no integers".into()))?;
    Ok(delays.iter().flatten().fold(0, i64::wrapping_add))
}

/// What flights are joined with.
struct Tables {
    airlines: Arc<Lookup>,
    planes: Arc<Lookup>,
    airports: Arc<Lookup>,
    weather: Lookup,
}

const WEATHER_KEY: &[&str] = &["origin", "time_hour"];

/// The columns of a transformed row that are another table's, by their names there and here.
type Renamed = &'static [(&'static str, &'static str)];

const CARRIER_COLUMNS: Renamed = &[("name", "carrier_name")];

const PLANE_COLUMNS: Renamed = &[
    ("year", "plane_year"),
    ("type", "plane_type"),
    ("manufacturer", "plane_manufacturer"),
    ("model", "plane_model"),
    ("engines", "plane_engines"),
    ("seats", "plane_seats"),
    ("speed", "plane_speed"),
    ("engine", "plane_engine"),
];

const AIRPORT_COLUMNS: Renamed = &[
    ("name", "dest_name"),
    ("lat", "dest_lat"),
    ("lon", "dest_lon"),
    ("alt", "dest_alt"),
    ("tz", "dest_tz"),
    ("dst", "dest_dst"),
    ("tzone", "dest_tzone"),
];

/// The columns that weather adds; its year to hour repeat the flight's.
const WEATHER_COLUMNS: Renamed = &[
    ("temp", "temp"),
    ("dewp", "dewp"),
    ("humid", "humid"),
    ("wind_dir", "wind_dir"),
    ("wind_speed", "wind_speed"),
    ("wind_gust", "wind_gust"),
    ("precip", "precip"),
    ("pressure", "pressure"),
    ("visib", "visib"),
];

impl Tables {
    /// The transformed rows, and how many of them found no partner.
    fn join(&self, flights: &RecordBatch) -> Result<(RecordBatch, Unresolved), ArrowError> {
        let by = |names: &[&str], table: &Lookup| {
            keys(flights, schema::FLIGHTS, names).map(|keys| table.find(keys))
        };
        let airline = by(&["carrier"], &self.airlines)?;
        let plane = by(&["tailnum"], &self.planes)?;
        let airport = by(&["dest"], &self.airports)?;
        let weather = by(WEATHER_KEY, &self.weather)?;
        let joined: [(&Lookup, &UInt32Array, Renamed); 4] = [
            (&self.airlines, &airline, CARRIER_COLUMNS),
            (&self.planes, &plane, PLANE_COLUMNS),
            (&self.airports, &airport, AIRPORT_COLUMNS),
            (&self.weather, &weather, WEATHER_COLUMNS),
        ];
        let arrays = TRANSFORMED.iter().map(|wanted| {
            let place = joined.iter().find_map(|(table, rows, columns)| {
                let (there, _) = columns.iter().find(|(_, here)| *here == wanted.name)?;
                Some((table, rows, there))
            });
            match place {
                Some((table, rows, there)) => table.at(rows, there),
                None => column(flights, wanted.name).cloned(),
            }
        });
        let rows = batch(TRANSFORMED, arrays.collect::<Result<_, _>>()?)?;
        let missing = |rows: &UInt32Array| rows.null_count() as u64;
        let unresolved = Unresolved {
            plane: missing(&plane),
            airport: missing(&airport),
            weather: missing(&weather),
        };
        Ok((rows, unresolved))
    }
}
