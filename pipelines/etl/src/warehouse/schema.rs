//! The tables, in the dialect of either database.

use crate::schema::{ColumnKind, TRANSFORMED};

/// The two tables of flights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FlightsTable {
    /// With key: the idempotent sink's.
    Keyed,
    /// Without: the naive sink's.
    Appended,
}

impl FlightsTable {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Keyed => "flights",
            Self::Appended => "flights_appended",
        }
    }
}

/// What differs between the databases.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dialect {
    integer: &'static str,
    float: &'static str,
    /// Text that compares byte by byte, as the canonical order does.
    text: &'static str,
    serial: &'static str,
}

pub(super) const SQLITE: Dialect = Dialect {
    integer: "INTEGER",
    float: "REAL",
    text: "TEXT COLLATE BINARY",
    serial: "INTEGER PRIMARY KEY AUTOINCREMENT",
};

pub(super) const POSTGRES: Dialect = Dialect {
    integer: "BIGINT",
    float: "DOUBLE PRECISION",
    text: "TEXT COLLATE \"C\"",
    serial: "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
};

/// The columns of a flight, as they stand in lists: `year, month, …`.
pub(super) fn flight_columns() -> String {
    let names: Vec<&str> = TRANSFORMED.iter().map(|column| column.name).collect();
    names.join(", ")
}

/// The order of a source's rows: by day, then as in the canonical rows.
pub(super) const FLIGHT_ORDER: &str = "carrier, flight, origin, sched_dep_time";

/// The statements that make what is missing.
pub(super) fn statements(dialect: Dialect) -> Vec<String> {
    let Dialect {
        integer,
        float,
        text,
        serial,
    } = dialect;
    let flights: Vec<String> = TRANSFORMED
        .iter()
        .map(|column| {
            let data_type = match column.kind {
                ColumnKind::Int | ColumnKind::Time => integer,
                ColumnKind::Float => float,
                ColumnKind::Text => text,
            };
            let null = if column.required { " NOT NULL" } else { "" };
            format!("{} {data_type}{null}", column.name)
        })
        .collect();
    let flights = format!(
        "source {text} NOT NULL, partition_day {text} NOT NULL, {}",
        flights.join(", ")
    );
    let mart = format!("source {text} NOT NULL, version {text} NOT NULL");
    let sums = format!(
        "flights {integer} NOT NULL, arrived {integer} NOT NULL, dep_delay_sum {integer} NOT NULL, \
         arr_delay_sum {integer} NOT NULL"
    );
    vec![
        format!(
            "CREATE TABLE IF NOT EXISTS flights ({flights}, \
             PRIMARY KEY (source, partition_day, {FLIGHT_ORDER}))"
        ),
        format!("CREATE TABLE IF NOT EXISTS flights_appended ({flights})"),
        "CREATE INDEX IF NOT EXISTS flights_appended_by_partition ON flights_appended (source, partition_day)".to_owned(),
        format!(
            "CREATE TABLE IF NOT EXISTS partitions (source {text} NOT NULL, partition_day {text} NOT NULL, \
             digest {text} NOT NULL, row_count {integer} NOT NULL, token {integer} NOT NULL, run {text} NOT NULL, \
             PRIMARY KEY (source, partition_day))"
        ),
        format!(
            "CREATE TABLE IF NOT EXISTS applied (seq {serial}, idempotency_key {text} NOT NULL, run {text} NOT NULL, \
             source {text} NOT NULL, step {text} NOT NULL, partition_day {text}, attempt {integer} NOT NULL, \
             token {integer} NOT NULL, rows_changed {integer} NOT NULL, at_ms {integer} NOT NULL)"
        ),
        // What a compensation needs to know of a load or publication: its key, what was there before
        // (JSON, NULL for nothing), whether it changed anything, and how it was undone, if it was.
        format!(
            "CREATE TABLE IF NOT EXISTS undo (idempotency_key {text} NOT NULL PRIMARY KEY, before {text}, \
             changed {integer} NOT NULL, undone {text})"
        ),
        format!("CREATE TABLE IF NOT EXISTS delay_by_carrier ({mart}, carrier {text} NOT NULL, carrier_name {text} NOT NULL, {sums})"),
        "CREATE INDEX IF NOT EXISTS delay_by_carrier_by_version ON delay_by_carrier (source, version)".to_owned(),
        format!("CREATE TABLE IF NOT EXISTS delay_by_weather ({mart}, weather {text} NOT NULL, {sums})"),
        "CREATE INDEX IF NOT EXISTS delay_by_weather_by_version ON delay_by_weather (source, version)".to_owned(),
        format!(
            "CREATE TABLE IF NOT EXISTS published (source {text} NOT NULL PRIMARY KEY, version {text} NOT NULL, \
             digest {text} NOT NULL, token {integer} NOT NULL, run {text} NOT NULL)"
        ),
    ]
}
