//! A schedule, a sensor and a rule; each evaluation is a process of its own.

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use crate::data::Data;
use crate::folder::Folder;
use crate::staleness::CORRECTED;

const ONCE: [&str; 4] = ["assets", "daemon", "my-source", "--once"];

fn at(folder: &Folder, time: &str) -> Result<Value> {
    folder.json(0, &[&ONCE[..], &["--at", time]].concat())
}

#[test]
fn a_schedule_runs_the_day_before_at_six_in_new_york() -> Result<()> {
    let folder = Folder::new()?;
    // It counts from the first time it is looked at; 6:00 in New York is 11:00 UTC in winter.
    let first = at(&folder, "2013-01-02T10:00:00Z")?;
    ensure!(first["submitted"] == json!([]), "{first}");
    let early = at(&folder, "2013-01-02T10:59:59Z")?;
    ensure!(early["submitted"] == json!([]), "{early}");
    let due = at(&folder, "2013-01-02T11:00:00Z")?;
    ensure!(
        due["submitted"] == json!(["my-source-daily/2013-01-01"]),
        "{due}"
    );
    let again = at(&folder, "2013-01-02T11:30:00Z")?;
    ensure!(again["submitted"] == json!([]), "{again}");
    ensure!(
        missing(&folder, "my-source/warehouse")? == 6,
        "expected one day of seven"
    );
    Ok(())
}

#[test]
fn a_sensor_goes_on_after_its_cursor_in_another_process() -> Result<()> {
    let folder = Folder::new()?;
    let arrivals = folder.path("work/arrivals");
    std::fs::create_dir_all(&arrivals)?;
    let arrive = |day: &str| std::fs::write(arrivals.join(day), "");
    arrive("2013-01-01")?;
    arrive("2013-01-02")?;
    let first = folder.json(0, &ONCE)?;
    let both = json!([
        "my-source-arrivals/2013-01-01",
        "my-source-arrivals/2013-01-02"
    ]);
    ensure!(first["submitted"] == both, "{first}");
    let nothing_new = folder.json(0, &ONCE)?;
    ensure!(nothing_new["submitted"] == json!([]), "{nothing_new}");
    arrive("2013-01-03")?;
    let third = folder.json(0, &ONCE)?;
    ensure!(
        third["submitted"] == json!(["my-source-arrivals/2013-01-03"]),
        "{third}"
    );
    let cursor = third["ticks"].as_array().and_then(|ticks| {
        let own = |tick: &&Value| tick["automation"] == "my-source-arrivals";
        ticks.iter().find(own)?["cursor"].as_str()
    });
    ensure!(
        cursor.is_some_and(|cursor| cursor.contains("2013-01-03")),
        "{third}"
    );
    ensure!(
        missing(&folder, "my-source/warehouse")? == 4,
        "expected three days of seven"
    );
    Ok(())
}

#[test]
fn a_sensor_orders_days_in_whatever_order_they_arrive() -> Result<()> {
    let folder = Folder::new()?;
    let arrivals = folder.path("work/arrivals");
    std::fs::create_dir_all(&arrivals)?;
    let arrive = |name: &str| std::fs::write(arrivals.join(name), "");
    let note = |said: &Value| {
        let ticks = said["ticks"].as_array();
        let own = ticks.and_then(|ticks| {
            ticks
                .iter()
                .find(|tick| tick["automation"] == "my-source-arrivals")
        });
        own.map_or(Value::Null, |tick| tick["note"].clone())
    };
    // Names that are no days of the source, some of them above every day.
    let others = [
        "README",
        "2014-01-01",
        "20130103",
        "2013-01-04T00:00",
        "x\ny",
    ];
    for name in others {
        arrive(name)?;
    }
    arrive("2013-01-05")?;
    let first = folder.json(0, &ONCE)?;
    ensure!(
        first["submitted"] == json!(["my-source-arrivals/2013-01-05"]),
        "{first}"
    );
    let noted = note(&first);
    for name in others {
        ensure!(
            noted
                .as_str()
                .is_some_and(|note| note.contains(&format!("{name:?}"))),
            "{name:?} in {noted}"
        );
    }
    arrive("2013-01-02")?;
    let older = folder.json(0, &ONCE)?;
    ensure!(
        older["submitted"] == json!(["my-source-arrivals/2013-01-02"]),
        "{older}"
    );
    ensure!(note(&older) == Value::Null, "noted again: {older}");
    arrive("2013-01-03")?;
    arrive("NOTES")?;
    let third = folder.json(0, &ONCE)?;
    ensure!(
        third["submitted"] == json!(["my-source-arrivals/2013-01-03"]),
        "{third}"
    );
    ensure!(
        note(&third)
            .as_str()
            .is_some_and(|note| note.ends_with("passed over \"NOTES\"")),
        "{third}"
    );
    ensure!(
        missing(&folder, "my-source/warehouse")? == 4,
        "three of seven"
    );
    Ok(())
}

#[test]
fn a_corrected_day_is_loaded_again_and_an_untouched_one_is_not() -> Result<()> {
    let folder = Folder::new()?;
    let data = Data::new(&folder)?;
    let tick = || data.json(&ONCE).map(|(said, _)| said);
    data.json(&[
        "materialize",
        "*my-source/warehouse",
        "--partition",
        "2013-01-01..2013-01-02",
    ])?;
    tick()?;
    let quiet = tick()?;
    ensure!(quiet["submitted"] == json!([]), "{quiet}");

    data.replace("flights", CORRECTED.0, CORRECTED.1)?;
    let corrected = tick()?;
    let submitted = corrected["submitted"][0].as_str().unwrap_or_default();
    ensure!(
        submitted.starts_with("my-source-corrections/"),
        "{corrected}"
    );
    // Flights of both days, since the file is another one; the rest of the corrected day.
    ensure!(corrected["ended"][0]["materialized"] == 5, "{corrected}");
    ensure!(
        missing(&folder, "my-source/warehouse")? == 5,
        "no other day was loaded"
    );
    let quiet = tick()?;
    ensure!(quiet["submitted"] == json!([]), "{quiet}");

    // What cannot be corrected is ordered once.
    data.replace(
        "flights",
        CORRECTED.1,
        "2013,1,1,517,515,2,831,819,13,UA,1545,",
    )?;
    let header = "year,month,day,dep_time";
    data.replace("flights", header, "yeer,month,day,dep_time")?;
    let dir = folder.path("data").display().to_string();
    let words = [&ONCE[..], &["--data-dir", &dir]].concat();
    let failed = folder.json(1, &words)?;
    ensure!(failed["ended"][0]["status"] == "failure", "{failed}");
    let again = tick()?;
    ensure!(again["submitted"] == json!([]), "{again}");
    data.replace("flights", "yeer,month,day,dep_time", header)?;
    let mended = tick()?;
    ensure!(mended["ended"][0]["materialized"] == 5, "{mended}");
    Ok(())
}

#[test]
fn a_rule_publishes_what_is_loaded_and_announces_what_is_approved() -> Result<()> {
    let folder = Folder::new()?;
    let once = ["assets", "daemon", "one-day", "--once", "--approval"];
    folder.json(0, &["materialize", "*one-day/warehouse", "--approval"])?;
    let published = folder.json(1, &once)?;
    ensure!(
        published["ended"][0]["materialized"] == 1,
        "the marts: {published}"
    );
    ensure!(
        published["ended"][0]["failures"] == json!(["NotApproved"]),
        "{published}"
    );
    let waiting = folder.json(0, &once)?;
    ensure!(
        waiting["submitted"] == json!([]),
        "no new word, no new run: {waiting}"
    );

    folder.expect(
        0,
        &["assets", "approve", "one-day", "--by", "ann", "--approval"],
    )?;
    let announced = folder.json(0, &once)?;
    ensure!(announced["ended"][0]["status"] == "success", "{announced}");
    ensure!(
        announced["ended"][0]["materialized"] == 2,
        "gate and announcement: {announced}"
    );
    let receipts = std::fs::read_to_string(folder.path("work/receipts.jsonl"))?;
    ensure!(receipts.lines().count() == 1, "{receipts}");
    Ok(())
}

/// Also when nobody has looked since it was made, and for the time for which it was asked for before.
#[test]
fn a_rule_publishes_again_what_was_wiped() -> Result<()> {
    let folder = Folder::new()?;
    let once = ["assets", "daemon", "one-day", "--once", "--at"];
    let once = [&once[..], &["2013-01-02T10:00:00Z"]].concat();
    folder.json(0, &["materialize", "*one-day/warehouse"])?;
    let wiped = ["assets", "wipe", "one-day/marts", "--yes"];
    for time in 1..=3 {
        let published = folder.json(0, &once)?;
        let submitted = published["submitted"].as_array().map(Vec::len);
        ensure!(submitted == Some(1), "time {time}: {published}");
        ensure!(
            published["ended"][0]["status"] == "success",
            "time {time}: {published}"
        );
        let wiped = folder.json(0, &wiped)?;
        ensure!(
            wiped["pieces"].as_array().map(Vec::len) == Some(1),
            "{wiped}"
        );
    }
    folder.json(0, &once)?;
    let quiet = folder.json(0, &once)?;
    ensure!(quiet["submitted"] == json!([]), "{quiet}");
    Ok(())
}

/// The pieces of an asset that are missing.
fn missing(folder: &Folder, asset: &str) -> Result<u64> {
    let status = folder.json(0, &["assets", "status", asset])?;
    Ok(status["assets"][0]["missing"].as_u64().unwrap_or_default())
}
