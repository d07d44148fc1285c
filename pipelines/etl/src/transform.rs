//! The transform step: a day's flights joined with weather, planes, airports and airlines.
//!
//! All joins are left joins on unique keys, so every flight stays, once; a flight without partner
//! has nulls and is counted. The order of the flights, which is the order of their keys, stays too.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use polars::prelude::{
    DataFrame, Expr, IntoLazy as _, JoinArgs, JoinType, LazyFrame, MaintainOrderJoin, PolarsResult,
    col,
};

use crate::artifact::ArtifactStore;
use crate::dataset::sorted::found_marker;
use crate::error::{ErrorType, StepError};
use crate::outcome::{ArtifactRef, Transformed, Unresolved};
use crate::schema::TRANSFORMED;

/// The markers that tell after a join which flights found a partner.
const PLANE_FOUND: &str = "plane_found";
const AIRPORT_FOUND: &str = "airport_found";
const WEATHER_FOUND: &str = "weather_found";

/// The inputs of a transform.
pub(crate) struct TransformInputs<'a> {
    pub(crate) flights: &'a ArtifactRef,
    pub(crate) weather: &'a ArtifactRef,
    pub(crate) planes: &'a ArtifactRef,
    pub(crate) airports: &'a ArtifactRef,
    pub(crate) airlines: &'a ArtifactRef,
}

/// The dimension tables of this process, ready to join, by their digest: what a digest names never
/// changes, so 365 transforms need one read.
#[derive(Debug, Default)]
pub(crate) struct Dimensions {
    frames: Mutex<HashMap<String, DataFrame>>,
}

impl Dimensions {
    fn get(
        &self,
        store: &ArtifactStore,
        artifact: &ArtifactRef,
        renames: &[(&str, &str)],
        marker: Option<&str>,
    ) -> Result<DataFrame, StepError> {
        let known = |frames: &HashMap<String, DataFrame>| frames.get(&artifact.path).cloned();
        if let Some(frame) = known(&self.frames.lock().unwrap_or_else(PoisonError::into_inner)) {
            return Ok(frame);
        }
        let prepare = |mut frame: DataFrame| -> PolarsResult<DataFrame> {
            for (from, to) in renames {
                frame.rename(from, (*to).into())?;
            }
            if let Some(marker) = marker {
                let height = frame.height();
                frame.with_column(found_marker(marker, height))?;
            }
            Ok(frame)
        };
        let frame =
            prepare(store.read(artifact)?).map_err(|error| failed(&artifact.path, &error))?;
        let mut frames = self.frames.lock().unwrap_or_else(PoisonError::into_inner);
        frames.insert(artifact.path.clone(), frame.clone());
        Ok(frame)
    }
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
    let flights = store.read(inputs.flights)?;
    let height = flights.height();
    let mut weather = store.read(inputs.weather)?;
    let polars = |error| failed(&inputs.flights.path, &error);
    let hours = weather.height();
    weather
        .with_column(found_marker(WEATHER_FOUND, hours))
        .map_err(polars)?;
    let airlines = dimensions.get(store, inputs.airlines, &[("name", "carrier_name")], None)?;
    let planes = dimensions.get(store, inputs.planes, PLANE_NAMES, Some(PLANE_FOUND))?;
    let airports = dimensions.get(store, inputs.airports, AIRPORT_NAMES, Some(AIRPORT_FOUND))?;
    progress(0);

    let joined = join(flights, weather, planes, airports, airlines).map_err(polars)?;
    if joined.height() != height {
        let counts = format!(
            "expected {height} rows after the joins, found {}",
            joined.height()
        );
        return Err(failed(&inputs.flights.path, &counts));
    }
    let nulls = |name| joined.column(name).map(|column| column.null_count() as u64);
    let unresolved = Unresolved {
        plane: nulls(PLANE_FOUND).map_err(polars)?,
        airport: nulls(AIRPORT_FOUND).map_err(polars)?,
        weather: nulls(WEATHER_FOUND).map_err(polars)?,
    };
    let names = TRANSFORMED.iter().map(|column| column.name);
    let mut rows = joined.select(names).map_err(polars)?;
    let arr_delay_sum = arr_delay_sum(&rows).map_err(polars)?;
    let artifact = store.write("transformed", &mut rows, TRANSFORMED)?;
    progress(artifact.rows);
    Ok(Transformed {
        artifact,
        unresolved,
        arr_delay_sum,
    })
}

/// Minutes, over the flights that have an arrival delay.
pub(crate) fn arr_delay_sum(rows: &DataFrame) -> PolarsResult<i64> {
    Ok(rows
        .column("arr_delay")?
        .as_materialized_series()
        .i64()?
        .iter()
        .flatten()
        .sum())
}

const PLANE_NAMES: &[(&str, &str)] = &[
    ("year", "plane_year"),
    ("type", "plane_type"),
    ("manufacturer", "plane_manufacturer"),
    ("model", "plane_model"),
    ("engines", "plane_engines"),
    ("seats", "plane_seats"),
    ("speed", "plane_speed"),
    ("engine", "plane_engine"),
];

const AIRPORT_NAMES: &[(&str, &str)] = &[
    ("faa", "dest"),
    ("name", "dest_name"),
    ("lat", "dest_lat"),
    ("lon", "dest_lon"),
    ("alt", "dest_alt"),
    ("tz", "dest_tz"),
    ("dst", "dest_dst"),
    ("tzone", "dest_tzone"),
];

/// The columns that weather adds; its year to hour repeat the flight's.
const WEATHER_COLUMNS: &[&str] = &[
    "origin",
    "time_hour",
    "temp",
    "dewp",
    "humid",
    "wind_dir",
    "wind_speed",
    "wind_gust",
    "precip",
    "pressure",
    "visib",
    WEATHER_FOUND,
];

fn join(
    flights: DataFrame,
    weather: DataFrame,
    planes: DataFrame,
    airports: DataFrame,
    airlines: DataFrame,
) -> PolarsResult<DataFrame> {
    let weather = weather.select(WEATHER_COLUMNS.iter().copied())?;
    let left = |frame: LazyFrame, other: DataFrame, on: &[&str]| {
        let keys: Vec<Expr> = on.iter().map(|name| col(*name)).collect();
        let mut args = JoinArgs::new(JoinType::Left);
        args.maintain_order = MaintainOrderJoin::Left;
        frame.join(other.lazy(), keys.clone(), keys, args)
    };
    let frame = left(flights.lazy(), airlines, &["carrier"]);
    let frame = left(frame, planes, &["tailnum"]);
    let frame = left(frame, airports, &["dest"]);
    left(frame, weather, &["origin", "time_hour"]).collect()
}
