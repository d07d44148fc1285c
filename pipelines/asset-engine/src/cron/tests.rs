//! Cron lines: their times, also where clocks jump, and what is none.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use proptest::prelude::*;

use super::Cron;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn ticks(line: &str, zone: &str, after: &str, until: &str) -> Vec<String> {
    let cron = Cron::new(line, zone).unwrap();
    let ticks = cron.ticks(at(after), at(until));
    ticks.map(|tick| tick.to_string()).collect()
}

#[test]
fn a_time_inside_the_spring_gap_is_due_right_after_it() {
    // Berlin, 2024-03-31: 02:00 is followed by 03:00.
    assert_eq!(
        ticks(
            "30 2 * * *",
            "Europe/Berlin",
            "2024-03-30T00:00:00Z",
            "2024-04-01T12:00:00Z"
        ),
        [
            "2024-03-30T01:30:00Z",
            "2024-03-31T01:00:00Z",
            "2024-04-01T00:30:00Z"
        ]
    );
}

#[test]
fn a_time_that_comes_twice_in_autumn_is_due_once() {
    // Berlin, 2024-10-27: 03:00 is followed by 02:00.
    assert_eq!(
        ticks(
            "30 2 * * *",
            "Europe/Berlin",
            "2024-10-26T00:00:00Z",
            "2024-10-28T12:00:00Z"
        ),
        [
            "2024-10-26T00:30:00Z",
            "2024-10-27T00:30:00Z",
            "2024-10-28T01:30:00Z"
        ]
    );
}

#[test]
fn days_have_23_and_25_hours() {
    let day = |from, to| ticks("0 * * * *", "Europe/Berlin", from, to).len();
    assert_eq!(day("2024-03-30T22:59:59Z", "2024-03-31T21:59:59Z"), 23);
    assert_eq!(day("2024-10-26T21:59:59Z", "2024-10-27T22:59:59Z"), 25);
    assert_eq!(day("2024-06-01T21:59:59Z", "2024-06-02T21:59:59Z"), 24);
}

#[test]
fn bounds_are_after_the_first_and_up_to_the_last() {
    assert_eq!(
        ticks(
            "0 6 * * MON-FRI",
            "UTC",
            "2024-01-05T06:00:00Z",
            "2024-01-09T06:00:00Z"
        ),
        ["2024-01-08T06:00:00Z", "2024-01-09T06:00:00Z"]
    );
    // No year has such a day.
    assert_eq!(
        ticks(
            "0 0 30 2 *",
            "UTC",
            "2024-01-01T00:00:00Z",
            "2030-01-01T00:00:00Z"
        ),
        [""; 0]
    );
    let cron = Cron::new("0 6 * * *", "America/New_York").unwrap();
    let previous = |text| cron.previous(at(text)).unwrap().to_string();
    assert_eq!(previous("2024-07-04T10:00:00Z"), "2024-07-04T10:00:00Z");
    assert_eq!(previous("2024-07-04T09:59:59Z"), "2024-07-03T10:00:00Z");
    // Still the day before in New York.
    assert_eq!(
        cron.day(at("2024-07-04T02:00:00Z")).to_string(),
        "2024-07-03"
    );
}

#[test]
fn errors_say_what_was_expected() {
    let error = |line, zone| Cron::new(line, zone).unwrap_err().to_string();
    let found = error("0 6 * *", "UTC");
    assert!(found.starts_with("cron line \"0 6 * *\": "), "{found}");
    assert!(
        found.ends_with("expected minute, hour, day of month, month, day of week"),
        "{found}"
    );
    assert!(error("61 * * * *", "UTC").starts_with("cron line \"61 * * * *\": "));
    assert!(error("0 0 6 * * *", "UTC").starts_with("cron line \"0 0 6 * * *\": "));
    assert_eq!(
        error("* * * * *", "Mars/Olympus"),
        "time zone \"Mars/Olympus\": expected a name of the IANA database, such as Europe/Berlin"
    );
    assert!(error("* * * * *", "").starts_with("time zone \"\": "));
    assert!(error("* * * * *", "Etc/Unknown").starts_with("time zone \"Etc/Unknown\": "));
}

/// The times of a line on a day, as its place shows them, with the distance from UTC.
fn shown(line: &str, zone: &str, day: &str) -> String {
    let cron = Cron::new(line, zone).unwrap();
    let noon = at(&format!("{day}T12:00:00Z"));
    let of_day = |tick: &Timestamp| cron.day(*tick).to_string() == day;
    let ticks = cron.ticks(noon - 30.hours(), noon + 30.hours());
    let zone = TimeZone::get(zone).unwrap();
    let told = |tick: Timestamp| {
        let local = tick.to_zoned_datetime(zone.clone());
        local.strftime("%H:%M%:z").to_string()
    };
    let told: Vec<String> = ticks.filter(of_day).map(told).collect();
    told.join(", ")
}

#[test]
fn what_is_due_when_clocks_change_is_what_the_readme_says() {
    let readme = include_str!("../../README.md");
    let rows = readme
        .lines()
        .skip_while(|line| *line != "## When clocks change");
    let rows = rows.skip(1).take_while(|line| !line.starts_with("## "));
    let mut checked = 0;
    for row in rows.filter(|row| row.starts_with("| `")) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let [_, line, zone, day, due, ..] = cells[..] else {
            panic!("{row}");
        };
        assert_eq!(shown(line.trim_matches('`'), zone, day), due, "{row}");
        checked += 1;
    }
    assert_eq!(checked, 14);
}

const LINES: [&str; 8] = [
    "15 1-2 * * *",
    "0,30 0-5 * * *",
    "*/7 * * * *",
    "30 2 * * *",
    "0 */3 * * *",
    "15 1,2,3 * * SUN",
    "0 0 1 * *",
    "5 4 31 * 1",
];

proptest! {
    /// However a stretch of time is cut, its ticks are the same: none is lost or doubled at a cut.
    #[test]
    fn ticks_do_not_depend_on_where_time_is_cut(
        line in 0..LINES.len(),
        zone in prop_oneof![
            Just("Europe/Berlin"),
            Just("America/New_York"),
            Just("Australia/Lord_Howe"),
            Just("Asia/Kolkata"),
            Just("UTC"),
        ],
        start in 0_i64..366 * 24 * 60,
        cuts in proptest::collection::vec(1_i64..3 * 24 * 60, 1..5),
    ) {
        let cron = Cron::new(LINES[line], zone).unwrap();
        let begin = at("2024-01-01T00:00:00Z") + start.minutes();
        let mut pieces = Vec::new();
        let mut last = begin;
        for cut in cuts {
            let next: Timestamp = last + cut.minutes();
            pieces.extend(cron.ticks(last, next));
            last = next;
        }
        let whole: Vec<Timestamp> = cron.ticks(begin, last).collect();
        prop_assert_eq!(&pieces, &whole);
        prop_assert!(whole.windows(2).all(|pair| pair[0] < pair[1]));
        if let Some(newest) = whole.last() {
            prop_assert_eq!(cron.previous(last), Some(*newest));
        }
    }
}
