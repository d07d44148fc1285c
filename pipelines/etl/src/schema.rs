//! The columns of the datasets, of the transformed rows and of the quarantine.

/// How the values of a column are typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnKind {
    /// 64-bit integers.
    Int,
    /// 64-bit floats, never NaN, infinite or minus zero.
    Float,
    /// UTF-8 text without control characters.
    Text,
    /// An instant in UTC, in seconds since 1970 (milliseconds in Parquet).
    Time,
}

impl ColumnKind {
    /// What stands in messages.
    #[must_use]
    pub fn expected(self) -> &'static str {
        match self {
            Self::Int => "an integer",
            Self::Float => "a number",
            Self::Text => "text without control characters",
            Self::Time => "a time such as 2013-01-01T10:00:00Z",
        }
    }
}

/// One column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name, the same in CSV, Parquet and the warehouse.
    pub name: &'static str,
    /// Its type.
    pub kind: ColumnKind,
    /// Whether null is a fault.
    pub required: bool,
}

const fn required(name: &'static str, kind: ColumnKind) -> Column {
    Column {
        name,
        kind,
        required: true,
    }
}

const fn nullable(name: &'static str, kind: ColumnKind) -> Column {
    Column {
        name,
        kind,
        required: false,
    }
}

use ColumnKind::{Float, Int, Text, Time};

/// `airlines.csv`.
pub const AIRLINES: &[Column] = &[required("carrier", Text), required("name", Text)];

/// `airports.csv`; `alt` is in feet, `tz` in hours from UTC.
pub const AIRPORTS: &[Column] = &[
    required("faa", Text),
    required("name", Text),
    required("lat", Float),
    required("lon", Float),
    nullable("alt", Int),
    nullable("tz", Int),
    nullable("dst", Text),
    nullable("tzone", Text),
];

/// `planes.csv`.
pub const PLANES: &[Column] = &[
    required("tailnum", Text),
    nullable("year", Int),
    required("type", Text),
    nullable("manufacturer", Text),
    nullable("model", Text),
    nullable("engines", Int),
    nullable("seats", Int),
    nullable("speed", Int),
    nullable("engine", Text),
];

/// `flights.csv`; clock times are `HHMM` local time, delays and `air_time` are in minutes,
/// `distance` is in miles.
pub const FLIGHTS: &[Column] = &[
    required("year", Int),
    required("month", Int),
    required("day", Int),
    nullable("dep_time", Int),
    required("sched_dep_time", Int),
    nullable("dep_delay", Int),
    nullable("arr_time", Int),
    required("sched_arr_time", Int),
    nullable("arr_delay", Int),
    required("carrier", Text),
    required("flight", Int),
    nullable("tailnum", Text),
    required("origin", Text),
    required("dest", Text),
    nullable("air_time", Int),
    required("distance", Int),
    required("hour", Int),
    required("minute", Int),
    required("time_hour", Time),
];

/// `weather.csv`; Fahrenheit, percent, degrees, miles an hour, inches, millibars, miles.
pub const WEATHER: &[Column] = &[
    required("origin", Text),
    required("year", Int),
    required("month", Int),
    required("day", Int),
    required("hour", Int),
    nullable("temp", Float),
    nullable("dewp", Float),
    nullable("humid", Float),
    nullable("wind_dir", Int),
    nullable("wind_speed", Float),
    nullable("wind_gust", Float),
    nullable("precip", Float),
    nullable("pressure", Float),
    nullable("visib", Float),
    required("time_hour", Time),
];

/// The transformed rows, and so the warehouse's table of flights: the flight itself, then its
/// airline, its plane, its destination and its weather, which are null when unresolved.
pub const TRANSFORMED: &[Column] = &[
    required("year", Int),
    required("month", Int),
    required("day", Int),
    nullable("dep_time", Int),
    required("sched_dep_time", Int),
    nullable("dep_delay", Int),
    nullable("arr_time", Int),
    required("sched_arr_time", Int),
    nullable("arr_delay", Int),
    required("carrier", Text),
    required("flight", Int),
    nullable("tailnum", Text),
    required("origin", Text),
    required("dest", Text),
    nullable("air_time", Int),
    required("distance", Int),
    required("hour", Int),
    required("minute", Int),
    required("time_hour", Time),
    required("carrier_name", Text),
    nullable("plane_year", Int),
    nullable("plane_type", Text),
    nullable("plane_manufacturer", Text),
    nullable("plane_model", Text),
    nullable("plane_engines", Int),
    nullable("plane_seats", Int),
    nullable("plane_speed", Int),
    nullable("plane_engine", Text),
    nullable("dest_name", Text),
    nullable("dest_lat", Float),
    nullable("dest_lon", Float),
    nullable("dest_alt", Int),
    nullable("dest_tz", Int),
    nullable("dest_dst", Text),
    nullable("dest_tzone", Text),
    nullable("temp", Float),
    nullable("dewp", Float),
    nullable("humid", Float),
    nullable("wind_dir", Int),
    nullable("wind_speed", Float),
    nullable("wind_gust", Float),
    nullable("precip", Float),
    nullable("pressure", Float),
    nullable("visib", Float),
];

/// The key of a flight within its source and day, in the order in which rows are sorted.
pub const FLIGHT_KEY: &[&str] = &["carrier", "flight", "origin", "sched_dep_time"];

/// A quarantined row: where it stood, what stood there, and why it is here.
pub const QUARANTINE: &[Column] = &[
    required("line", Int),
    required("raw", Text),
    required("reason", Text),
];

/// The position of a column.
#[must_use]
pub fn position(columns: &[Column], name: &str) -> Option<usize> {
    columns.iter().position(|column| column.name == name)
}
