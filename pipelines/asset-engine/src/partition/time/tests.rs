//! Keys, and what they stand for, by the calendar.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use proptest::prelude::*;

use super::windows::{Length, month};
use super::*;

#[test]
fn daily_counts_both_ends_and_leap_days() {
    let days = Partitions::daily("2012-02-27", "2012-03-01").unwrap();
    assert_eq!(days.count(), 4);
    assert_eq!(days.key(2).unwrap().as_ref(), "2012-02-29");
    assert_eq!(days.position(Some("2012-03-01")), Some(3));
    assert_eq!(days.position(None), None);
}

#[test]
fn weekly_counts_whole_weeks() {
    let weeks = Partitions::weekly("2013-01-06", "2013-01-26").unwrap();
    let keys: Vec<&str> = (0..weeks.count())
        .map(|at| weeks.key(at).unwrap().as_ref())
        .collect();
    assert_eq!(keys, ["2013-01-06", "2013-01-13", "2013-01-20"]);
    assert_eq!(
        Partitions::weekly("2013-01-01", "2013-01-06")
            .unwrap_err()
            .to_string(),
        "partition range 2013-01-01 to 2013-01-06: expected at least one whole week of 7 days"
    );
}

#[test]
fn keys_have_windows() {
    let window = |partitions: &Partitions, key| {
        let window = partitions.window(key);
        window.map(|(first, end)| format!("{first} {end}"))
    };
    let days = Partitions::daily("2012-02-28", "2012-03-01").unwrap();
    let expected = Some("2012-02-29T00:00:00 2012-03-01T00:00:00".to_owned());
    assert_eq!(window(&days, "2012-02-29"), expected);
    assert_eq!(window(&days, "2012-03-02"), None);
    let origins = Partitions::static_keys(["EWR"]).unwrap();
    assert_eq!(window(&origins, "EWR"), None);
    let weeks = Partitions::weekly("1969-12-28", "1970-01-10").unwrap();
    let both = Partitions::product([("origin", origins), ("week", weeks)]).unwrap();
    let expected = Some("1969-12-28T00:00:00 1970-01-04T00:00:00".to_owned());
    assert_eq!(window(&both, "EWR|1969-12-28"), expected);
}

#[test]
fn a_window_comes_when_it_is_over_and_the_last_of_those_is_the_latest() {
    let days = Partitions::daily("2013-01-01", "2013-01-03").unwrap();
    let of = |partitions: &Partitions, now: &str| {
        let now = now.parse().unwrap();
        let come = (0..partitions.count()).filter(|at| partitions.has_come(*at, now));
        let latest = (0..partitions.count()).filter(|at| partitions.is_latest(*at, now));
        (come.count(), latest.collect::<Vec<u32>>())
    };
    assert_eq!(of(&days, "2013-01-01T23:59:59Z"), (0, vec![]));
    assert_eq!(of(&days, "2013-01-02T00:00:00Z"), (1, vec![0]));
    assert_eq!(of(&days, "2013-01-03T12:00:00Z"), (2, vec![1]));
    assert_eq!(of(&days, "2026-01-01T00:00:00Z"), (3, vec![2]));
    assert_eq!(of(&days, "1969-12-31T23:59:59Z"), (0, vec![]));
    let weeks = Partitions::weekly("2013-01-06", "2013-01-26").unwrap();
    assert_eq!(of(&weeks, "2013-01-19T23:00:00Z"), (1, vec![0]));
    let origins = Partitions::static_keys(["EWR", "JFK"]).unwrap();
    assert_eq!(of(&origins, "1970-01-01T00:00:00Z"), (2, vec![0, 1]));
    let both = Partitions::product([("date", days), ("origin", origins)]).unwrap();
    assert_eq!(of(&both, "2013-01-03T12:00:00Z"), (4, vec![2, 3]));
    let whole = Partitions::Unpartitioned;
    assert_eq!(of(&whole, "1970-01-01T00:00:00Z"), (1, vec![0]));
}

#[test]
fn windows_overlap_by_day() {
    let days = Windows::seconds(100 * DAY_S, DAY_S);
    let weeks = Windows::seconds(107 * DAY_S, 7 * DAY_S);
    assert_eq!(weeks.overlap(0, (0, 0), &days, 30), (7, 14));
    assert_eq!(weeks.overlap(3, (0, 0), &days, 30), (28, 30));
    assert_eq!(weeks.overlap(0, (-1, 0), &days, 30), (0, 14));
    assert_eq!(days.overlap(8, (0, 0), &weeks, 4), (0, 1));
    assert_eq!(days.overlap(3, (0, 0), &weeks, 4), (0, 0));
    assert_eq!(days.overlap(0, (-2, 0), &days, 30), (0, 1));
    assert_eq!(days.overlap(5, (-2, -1), &days, 30), (3, 5));
    assert_eq!(days.overlap(5, (0, -1), &days, 30), (0, 0));
}

/// Windows of every length, from somewhere in the first days of 2012 on.
fn any_windows() -> impl Strategy<Value = Windows> {
    let first = 1_325_376_000_i64..1_325_376_000 + 90 * DAY_S;
    let length = prop_oneof![
        Just(Some(HOUR_S)),
        Just(Some(DAY_S)),
        Just(Some(7 * DAY_S)),
        Just(None),
    ];
    (first, length).prop_map(|(first, length)| match length {
        Some(seconds) => Windows::seconds(first, seconds),
        None => Windows {
            first: month(first),
            length: Length::Month,
            grows: false,
        },
    })
}

proptest! {
    #[test]
    fn windows_overlap_exactly_where_their_seconds_do(
        own in any_windows(),
        upstream in any_windows(),
        position in 0_u32..4,
        start_offset in -2_i32..3,
        end_offset in -2_i32..3,
    ) {
        let at = i64::from(position);
        let start = own.start(at + i64::from(start_offset));
        let end = own.start(at + 1 + i64::from(end_offset));
        let meets = |at: &i64| upstream.start(*at) < end && upstream.start(at + 1) > start;
        let expected: Vec<i64> = (-8_000..8_000).filter(|at| start < end && meets(at)).collect();
        let (first, behind) = own.reach(position, (start_offset, end_offset), &upstream);
        prop_assert_eq!((first..behind).collect::<Vec<_>>(), expected);
        // No gaps, and every second lies in the window that begins before it.
        let found = upstream.containing(start);
        prop_assert!(upstream.start(found) <= start && start < upstream.start(found + 1));
    }
}

#[test]
fn without_an_end_there_is_what_is_over() {
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    let windows = Windows::days("2024-02-28").unwrap();
    let days = Partitions::since(windows.clone(), at("2024-03-01T12:00:00Z")).unwrap();
    assert_eq!(keys(&days), ["2024-02-28", "2024-02-29"]);
    let on = |days: &Partitions, text: &str| {
        let now = Now {
            keys_of: &|_| None,
            at: at(text),
        };
        days.with_keys(&now).unwrap()
    };
    assert_eq!(on(&days, "2024-03-01T23:59:59Z"), None);
    let later = on(&days, "2024-03-02T00:00:00Z").unwrap();
    assert_eq!(keys(&later), ["2024-02-28", "2024-02-29", "2024-03-01"]);
    let latest = days.latest(at("2024-03-03T00:00:00Z")).unwrap();
    assert_eq!(latest, [Arc::from("2024-03-02")]);
    // None is over yet.
    let none = Partitions::since(windows, at("2024-02-28T12:00:00Z")).unwrap();
    assert_eq!(none.count(), 0);
    let both = [
        ("day", none),
        ("origin", Partitions::static_keys(["EWR"]).unwrap()),
    ];
    let both = Partitions::product(both).unwrap();
    assert_eq!(both.count(), 0);
    assert_eq!(
        keys(&on(&both, "2024-02-29T00:00:00Z").unwrap()),
        ["2024-02-28|EWR"]
    );
    // What has an end has it.
    let ended = Partitions::daily("2024-02-28", "2024-02-28").unwrap();
    assert_eq!(on(&ended, "2024-03-02T00:00:00Z"), None);
}

fn keys(partitions: &Partitions) -> Vec<String> {
    let keys = (0..partitions.count()).filter_map(|at| partitions.key(at));
    keys.map(ToString::to_string).collect()
}

#[test]
fn hours_begin_at_a_minute_and_cross_midnight() {
    let hours = Partitions::hourly("2012-02-29-22:30", "2012-03-01-00:30").unwrap();
    assert_eq!(
        keys(&hours),
        ["2012-02-29-22:30", "2012-02-29-23:30", "2012-03-01-00:30"]
    );
    let window = hours
        .window("2012-02-29-23:30")
        .map(|(from, to)| format!("{from} {to}"));
    assert_eq!(window.unwrap(), "2012-02-29T23:30:00 2012-03-01T00:30:00");
    let over = |now: &str| {
        let now = now.parse().unwrap();
        (0..hours.count())
            .filter(|at| hours.has_come(*at, now))
            .count()
    };
    assert_eq!(over("2012-02-29T23:29:59Z"), 0);
    assert_eq!(over("2012-02-29T23:30:00Z"), 1);
    assert_eq!(over("2013-01-01T00:00:00Z"), 3);
    for (first, last, said) in [
        (
            "2012-02-30-00:00",
            "2012-03-01-00:00",
            "expected YYYY-MM-DD-HH:MM",
        ),
        (
            "2012-02-28",
            "2012-03-01-00:00",
            "expected YYYY-MM-DD-HH:MM",
        ),
        (
            "2012-03-01-01:00",
            "2012-03-01-00:00",
            "at least one whole hour",
        ),
    ] {
        let refused = Partitions::hourly(first, last).unwrap_err().to_string();
        assert!(refused.contains(said), "{refused}");
    }
}

#[test]
fn months_are_those_of_the_calendar() {
    let months = Partitions::monthly("2011-12-02", "2012-04-29").unwrap();
    assert_eq!(keys(&months), ["2012-01-01", "2012-02-01", "2012-03-01"]);
    let whole = Partitions::monthly("2012-01-01", "2012-01-31").unwrap();
    assert_eq!(keys(&whole), ["2012-01-01"]);
    let window = months
        .window("2012-02-01")
        .map(|(from, to)| to.since(from).unwrap());
    assert_eq!(window.unwrap().get_days(), 29);
    assert!(months.is_latest(1, "2012-03-31T23:59:59Z".parse().unwrap()));
    assert!(months.is_latest(2, "2012-04-01T00:00:00Z".parse().unwrap()));
    let refused = Partitions::monthly("2012-01-02", "2012-02-28").unwrap_err();
    assert_eq!(
        refused.to_string(),
        "partition range 2012-01-02 to 2012-02-28: expected at least one whole month"
    );
}

#[test]
fn what_differs_in_length_overlaps_in_time() {
    let of = |partitions: Partitions| match partitions {
        Partitions::Keys(keys) => match keys.shape() {
            Shape::Windows(windows) => (windows.clone(), u32::try_from(keys.len()).unwrap()),
            _ => unreachable!("windows of time"),
        },
        Partitions::Unpartitioned => unreachable!("windows of time"),
    };
    let (months, _) = of(Partitions::monthly("2012-01-01", "2012-12-31").unwrap());
    let (days, count) = of(Partitions::daily("2012-01-01", "2012-12-31").unwrap());
    let (hours, hour_count) =
        of(Partitions::hourly("2012-01-01-00:00", "2012-12-31-23:00").unwrap());
    assert_eq!(months.overlap(1, (0, 0), &days, count), (31, 60));
    assert_eq!(months.overlap(0, (-1, 0), &days, count), (0, 31));
    assert_eq!(months.reach(0, (-1, 0), &days), (-31, 31));
    assert_eq!(days.overlap(59, (0, 0), &months, 12), (1, 2));
    assert_eq!(days.reach(0, (-1, -1), &months), (-1, 0));
    assert_eq!(days.overlap(1, (0, 0), &hours, hour_count), (24, 48));
    assert_eq!(hours.overlap(25, (-24, 0), &days, count), (0, 2));
}

#[test]
fn partitions_lie_between_the_times_of_a_cron_line() {
    let line = "0 9,17 * * 1-5";
    let shifts = Partitions::by_cron(line, "2024-03-01-09:00", "2024-03-04-09:00").unwrap();
    assert_eq!(
        keys(&shifts),
        ["2024-03-01-09:00", "2024-03-01-17:00", "2024-03-04-09:00"]
    );
    let window = shifts.window("2024-03-01-17:00");
    let window = window.map(|(from, to)| format!("{from} {to}")).unwrap();
    assert_eq!(window, "2024-03-01T17:00:00 2024-03-04T09:00:00");
    let on = |at: &str| {
        let at = at.parse().unwrap();
        (0..shifts.count())
            .filter(|shift| shifts.has_come(*shift, at))
            .count()
    };
    assert_eq!(on("2024-03-01T16:59:59Z"), 0);
    assert_eq!(on("2024-03-04T08:59:59Z"), 1);
    assert_eq!(on("2024-03-04T09:00:00Z"), 2);
    // One that has begun before is not whole.
    let later = Partitions::by_cron(line, "2024-03-01-09:01", "2024-03-01-17:00").unwrap();
    assert_eq!(keys(&later), ["2024-03-01-17:00"]);
}

#[test]
fn partitions_of_a_cron_line_grow_and_stay_what_they_are() {
    let windows = Windows::by_cron("30 6 * * 1", "2024-01-01-00:00").unwrap();
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    let weeks = Partitions::since(windows, at("2024-01-15T06:29:59Z")).unwrap();
    assert_eq!(keys(&weeks), ["2024-01-01-06:30"]);
    let now = Now {
        keys_of: &|_| None,
        at: at("2024-01-29T06:30:00Z"),
    };
    let later = weeks.with_keys(&now).unwrap().unwrap();
    assert_eq!(later.count(), 4);
    assert_eq!(later.key(3).unwrap().as_ref(), "2024-01-22-06:30");
    assert_eq!(later.lasting(), weeks.lasting());
    assert_eq!(later.with_keys(&now).unwrap(), None);
    assert_eq!(
        weeks.latest(now.at).unwrap(),
        [Arc::from("2024-01-22-06:30")]
    );
    let other = Windows::by_cron("30 7 * * 1", "2024-01-01-00:00").unwrap();
    let other = Partitions::since(other, now.at).unwrap();
    assert_ne!(other.lasting(), weeks.lasting());
}

#[test]
fn a_cron_line_of_no_partitions_is_refused() {
    for (line, first, last, said) in [
        (
            "0 0 30 2 *",
            "2024-01-01-00:00",
            "2025-01-01-00:00",
            "none of its times",
        ),
        (
            "0 0 * *",
            "2024-01-01-00:00",
            "2025-01-01-00:00",
            "cron line \"0 0 * *\": ",
        ),
        (
            "0 0 * * *",
            "2024-01-01",
            "2025-01-01-00:00",
            "expected YYYY-MM-DD-HH:MM",
        ),
        (
            "0 0 * * *",
            "2024-01-02-00:00",
            "2024-01-01-00:00",
            "at least one whole time",
        ),
        (
            "0 0 1 * *",
            "2024-01-02-00:00",
            "2024-01-31-00:00",
            "at least one whole time",
        ),
    ] {
        let refused = Partitions::by_cron(line, first, last)
            .unwrap_err()
            .to_string();
        assert!(refused.contains(said), "{refused}");
    }
}

proptest! {
    /// Whichever of its times are at hand, a line has the same.
    #[test]
    fn what_a_cron_line_has_at_hand_changes_nothing(
        line in prop::sample::select(vec!["*/20 * * * *", "0 9 * * 1-5", "0 0 1,15 * *", "7 3 29 2 *"]),
        first in 1_325_376_000_i64..1_325_376_000 + 90 * DAY_S,
        through in 0_i64..400,
        position in -9_i64..9,
    ) {
        let bare = Windows::by_cron(line, &civil(first).unwrap().strftime("%Y-%m-%d-%H:%M").to_string());
        let bare = bare.unwrap();
        let at_hand = bare.clone().through(first + through * DAY_S);
        let (start, end) = (bare.start(position), bare.start(position + 1));
        prop_assert!(start < end);
        prop_assert_eq!(at_hand.start(position), start);
        for (second, found) in [(start, position), (end - 1, position), (end, position + 1)] {
            prop_assert_eq!(bare.containing(second), found);
            prop_assert_eq!(at_hand.containing(second), found);
        }
    }
}

#[test]
fn what_lies_between_times_of_a_cron_line_overlaps_with_days() {
    let days = Windows::days("2024-03-01").unwrap();
    let shifts = Windows::by_cron("0 9,17 * * 1-5", "2024-03-01-00:00").unwrap();
    // From Friday at five to Monday at nine.
    assert_eq!(shifts.overlap(1, (0, 0), &days, 31), (0, 4));
    assert_eq!(days.overlap(1, (0, 0), &shifts, 40), (1, 2));
    assert_eq!(days.overlap(3, (0, 0), &shifts, 40), (1, 4));
}
