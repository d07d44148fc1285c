//! The check step: the quality gate of one transformed day, which blocks its load.
//!
//! Every fault that is found is told, not only the first one.

use arrow_array::{Array as _, RecordBatch};
use arrow_schema::ArrowError;
use orchbench_journal::{Day, ErrorType};

use crate::artifact::ArtifactStore;
use crate::canonical::Value;
use crate::error::StepError;
use crate::frame::{Rows, column};
use crate::outcome::{Checked, Extracted, Transformed};
use crate::schema::{FLIGHT_KEY, TRANSFORMED, position};
use crate::source::Source;
use crate::transform::arr_delay_sum;

/// The highest share of nulls that a column may have in a day. The worst day of 2013, 9 February
/// (a blizzard), has 66 % of its flights from LaGuardia cancelled, and 29 % of those from Newark
/// without tail number.
const NULL_BOUNDS: &[(&str, f64)] = &[
    ("dep_time", 0.9),
    ("dep_delay", 0.9),
    ("arr_time", 0.9),
    ("arr_delay", 0.9),
    ("air_time", 0.9),
    ("tailnum", 0.6),
];

/// Days with fewer rows are too small for their shares to say anything.
const NULL_BOUNDS_MIN_ROWS: usize = 30;

/// Checks a transformed day against what its extract said.
///
/// # Errors
/// `CheckFailed` with all faults; `Artifact`, when the rows cannot be read.
pub(crate) fn check(
    flights: &Extracted,
    transformed: &Transformed,
    source: &Source,
    day: Day,
    store: &ArtifactStore,
    progress: &dyn Fn(u64),
) -> Result<Checked, StepError> {
    let batch = store.read(&transformed.artifact, TRANSFORMED)?;
    let path = &transformed.artifact.path;
    let failed = |error| StepError::new(ErrorType::Artifact, format!("check of {path}: {error}"));
    let rows = Rows::new(&batch, TRANSFORMED).map_err(failed)?;
    let mut faults = counts(flights, transformed, rows.height() as u64);
    faults.extend(keys(&rows, source, day));
    faults.extend(nulls(&batch, transformed).map_err(failed)?);
    let sum = arr_delay_sum(&batch).map_err(failed)?;
    let mut expect = |what: &str, expected: &dyn ToString, found: &dyn ToString| {
        let (expected, found) = (expected.to_string(), found.to_string());
        if expected != found {
            faults.push(format!("{what}: expected {expected}, found {found}"));
        }
    };
    expect("sum of arr_delay", &transformed.arr_delay_sum, &sum);
    if flights.quarantined == 0 {
        expect(
            "sum of arr_delay of the extract",
            &flights.arr_delay_sum,
            &sum,
        );
    }
    if !faults.is_empty() {
        return Err(StepError::new(
            ErrorType::CheckFailed,
            format!("{} of {day}, {path}: {}", source.name, faults.join("; ")),
        ));
    }
    progress(rows.height() as u64);
    Ok(Checked {
        rows: rows.height() as u64,
        // The store has computed it again from the file.
        digest: transformed.artifact.digest.clone(),
    })
}

/// Nothing lost and nothing made up on the way.
fn counts(flights: &Extracted, transformed: &Transformed, rows: u64) -> Vec<String> {
    let pairs = [
        (
            "extracted = accepted + quarantined",
            flights.extracted,
            flights.accepted + flights.quarantined,
        ),
        (
            "rows of the flights artifact",
            flights.accepted,
            flights.artifact.rows,
        ),
        (
            "rows of the transformed artifact",
            flights.accepted,
            transformed.artifact.rows,
        ),
        ("rows read", transformed.artifact.rows, rows),
        (
            "rows of the quarantine artifact",
            flights.quarantined,
            flights
                .quarantine
                .as_ref()
                .map_or(0, |quarantine| quarantine.rows),
        ),
    ];
    pairs
        .into_iter()
        .filter(|(_, expected, found)| expected != found)
        .map(|(what, expected, found)| format!("{what}: expected {expected}, found {found}"))
        .collect()
}

/// Keys unique and in order, and every row of this source and day.
fn keys(rows: &Rows, source: &Source, day: Day) -> Vec<String> {
    let place = |name| position(TRANSFORMED, name);
    let key: Vec<usize> = FLIGHT_KEY.iter().filter_map(|name| place(name)).collect();
    let (Some(year), Some(month), Some(date), Some(origin)) =
        (place("year"), place("month"), place("day"), place("origin"))
    else {
        return vec![
            "columns of the key: expected year, month, day and origin, found fewer".to_owned(),
        ];
    };
    let (y, m, d) = day.year_month_day();
    let day = [(year, y), (month, m), (date, d)];
    let (mut unordered, mut elsewhere) = (None, None);
    for row in 0..rows.height() {
        let ordered = row == 0
            || key
                .iter()
                .map(|column| {
                    rows.value(row - 1, *column)
                        .partial_cmp(&rows.value(row, *column))
                })
                .find(|order| *order != Some(std::cmp::Ordering::Equal))
                .is_some_and(|order| order == Some(std::cmp::Ordering::Less));
        let here = day
            .iter()
            .all(|(column, value)| rows.value(row, *column) == Value::Int(*value))
            && matches!(rows.value(row, origin), Value::Text(origin) if source.has_origin(origin));
        if !ordered {
            unordered.get_or_insert(row);
        }
        if !here {
            elsewhere.get_or_insert(row);
        }
    }
    let name = |row: usize| {
        let fields: Vec<String> = key
            .iter()
            .map(|column| rows.value(row, *column).display())
            .collect();
        fields.join("/")
    };
    let unordered = unordered.map(|row| {
        format!(
            "row {row}: expected a key above the one before, found {}",
            name(row)
        )
    });
    let elsewhere = elsewhere.map(|row| {
        format!(
            "row {row}: expected this source and day, found flight {}",
            name(row)
        )
    });
    unordered.into_iter().chain(elsewhere).collect()
}

/// Null rates within bounds, and nulls of the joins as counted.
fn nulls(batch: &RecordBatch, transformed: &Transformed) -> Result<Vec<String>, ArrowError> {
    let mut faults = Vec::new();
    let nulls = |name: &str| column(batch, name).map(|column| column.null_count());
    for column in TRANSFORMED.iter().filter(|column| column.required) {
        let found = nulls(column.name)?;
        if found > 0 {
            faults.push(format!(
                "column {}: expected no nulls, found {found}",
                column.name
            ));
        }
    }
    if batch.num_rows() >= NULL_BOUNDS_MIN_ROWS {
        for (name, bound) in NULL_BOUNDS {
            let share = nulls(name)? as f64 / batch.num_rows() as f64;
            if share > *bound {
                faults.push(format!(
                    "column {name}: expected a share of nulls up to {bound}, found {share:.3}"
                ));
            }
        }
    }
    // Both columns are never null in their dimension, so their nulls are the unresolved flights.
    let joins = [
        ("plane_type", transformed.unresolved.plane),
        ("dest_name", transformed.unresolved.airport),
    ];
    for (name, expected) in joins {
        let found = nulls(name)? as u64;
        if found != expected {
            faults.push(format!(
                "column {name}: expected {expected} nulls, found {found}"
            ));
        }
    }
    Ok(faults)
}
