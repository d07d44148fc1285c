//! A backfill of a year's 365 partitions on real data, killed in the middle and taken up again.

use std::collections::HashMap;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use asset_engine::{AssetKey, Catalog, Event, RunStatus};
use orchbench_etl::Warehouse;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use crate::changes::changes;
use crate::data::Data;
use crate::folder::{Folder, text};

const DAYS: usize = 365;
const BACKFILL: [&str; 8] = [
    "assets",
    "backfill",
    "EWR/flights",
    "--partition",
    "2013-01-01..2013-12-31",
    "--id",
    "year",
    "--json",
];

/// Each day of the year through to the warehouse, four days a run.
const WAREHOUSE: [&str; 12] = [
    "assets",
    "backfill",
    "LGA/flights or LGA/weather or LGA/transformed or LGA/checked or LGA/warehouse",
    "--partition",
    "2013-01-01..2013-12-31",
    "--id",
    "storm",
    "--per-run",
    "4",
    "--step-delay-ms",
    "40",
    "--json",
];
/// Of the instants of the kills.
const SEED: u64 = 20_131_231;

/// How often it is looked how far one is.
const LOOK: Duration = Duration::from_millis(5);

/// 365 partitions, four at once: at least two seconds in which it can be killed.
const SLOW: [&str; 2] = ["--step-delay-ms", "25"];

#[test]
fn a_killed_backfill_goes_on_and_makes_no_partition_twice() -> Result<()> {
    let folder = Folder::new()?;
    let mut child = folder
        .command(&[&BACKFILL[..], &SLOW].concat())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()?;
    let path = folder.path("work/catalog.sqlite");
    let deadline = Instant::now() + Duration::from_secs(60);
    let before = loop {
        ensure!(Instant::now() < deadline, "no partition was made");
        if let Some(status) = child.try_wait()? {
            let said = child.wait_with_output()?.stderr;
            let said = String::from_utf8_lossy(&said);
            anyhow::bail!("it ended before it could be killed: {status}: {said}");
        }
        if pieces_made(&path, "EWR/flights")? >= 20 {
            child.kill()?;
            child.wait()?;
            break made(&Catalog::open(&path)?)?;
        }
        std::thread::sleep(LOOK);
    };
    ensure!(before.len() < DAYS, "it was over when it was killed");

    let said = folder.expect(0, &BACKFILL)?;
    let ended: serde_json::Value = serde_json::from_str(&said).context(said.clone())?;
    ensure!(ended["progress"]["succeeded"] == DAYS, "{ended}");
    let catalog = Catalog::open(&path)?;
    let after = made(&catalog)?;
    ensure!(
        after.len() == DAYS,
        "expected {DAYS} partitions, found {}",
        after.len()
    );
    let twice: Vec<_> = after.iter().filter(|(_, times)| **times != 1).collect();
    ensure!(twice.is_empty(), "made more than once: {twice:?}");
    for info in catalog.runs()? {
        ensure!(
            info.status == RunStatus::Success,
            "{}: {:?}",
            info.record.run,
            info.status
        );
    }
    catalog.verify(None)?;

    // A third time there is nothing left to do, and nothing is done.
    folder.expect(0, &BACKFILL)?;
    ensure!(
        made(&catalog)? == after,
        "a backfill that had ended was made again"
    );
    Ok(())
}

/// Killed at random instants until it gets through, and each partition is still in the warehouse
/// once.
#[test]
fn a_backfill_gets_through_a_kill_every_few_hundred_milliseconds() -> Result<()> {
    let folder = Folder::new()?;
    folder.expect(
        0,
        &["materialize", "LGA/airlines or LGA/airports or LGA/planes"],
    )?;
    let mut instants = StdRng::seed_from_u64(SEED);
    let mut kills = 0;
    let path = folder.path("work/catalog.sqlite");
    let deadline = Instant::now() + Duration::from_secs(240);
    loop {
        let before = pieces_made(&path, "LGA/warehouse")?;
        let mut child = folder
            .command(&WAREHOUSE)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        // It gets somewhere each time, however slow the machine is: an attempt that is cut too often is given up.
        while child.try_wait()?.is_none() && pieces_made(&path, "LGA/warehouse")? == before {
            ensure!(Instant::now() < deadline, "not through after {kills} kills");
            std::thread::sleep(LOOK);
        }
        // The instant of the kill is the matter here, not a condition.
        let wait = Duration::from_millis(instants.random_range(0..2_000));
        let begun = Instant::now();
        while begun.elapsed() < wait && child.try_wait()?.is_none() {
            std::thread::sleep(LOOK);
        }
        if let Some(status) = child.try_wait()? {
            let said = child.wait_with_output()?.stderr;
            ensure!(
                status.success(),
                "{status}: {}",
                String::from_utf8_lossy(&said)
            );
            break;
        }
        child.kill()?;
        child.wait()?;
        kills += 1;
    }
    let catalog = Catalog::open(&path)?;
    catalog.verify(None)?;
    let interrupted = catalog.all_events()?.into_iter();
    let interrupted = interrupted
        .filter(|record| matches!(record.event, Event::AttemptInterrupted(_)))
        .count();
    println!("{kills} kills cut {interrupted} attempts");
    ensure!(kills > 2 && interrupted > 0, "the kills hit nothing");
    let latest = catalog.latest_of(&AssetKey::new("LGA/warehouse")?)?;
    ensure!(latest.len() == DAYS, "{} partitions", latest.len());

    let file = folder.path("work/warehouse.sqlite");
    let warehouse = Warehouse::open(&format!("sqlite:{}", file.display()))?;
    ensure!(warehouse.partitions("LGA")?.len() == DAYS);
    ensure!(warehouse.rows("LGA")?.iter().all(|row| row.copies == 1));
    let changes = changes(&warehouse)?;
    let twice: Vec<_> = changes.iter().filter(|(_, times)| **times != 1).collect();
    ensure!(changes.len() == DAYS && twice.is_empty(), "{twice:?}");
    Ok(())
}

/// A second one on the same catalog is refused, or waits for its turn as asked; the same one
/// started twice, or another over the same range, makes nothing again.
#[test]
fn of_two_backfills_at_once_one_waits_and_nothing_is_made_twice() -> Result<()> {
    let folder = Folder::new()?;
    let first = folder
        .command(&[&BACKFILL[..], &SLOW].concat())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let path = folder.path("work/catalog.sqlite");
    let deadline = Instant::now() + Duration::from_secs(60);
    while pieces_made(&path, "EWR/flights")? == 0 {
        ensure!(Instant::now() < deadline, "no partition was made");
        std::thread::sleep(LOOK);
    }
    let refused = folder.run(&BACKFILL)?;
    let said = text(&refused);
    ensure!(!refused.status.success(), "it was not refused");
    ensure!(said.contains("another executor runs on it"), "{said}");

    let waiting = |words: &[&str]| -> Result<Child> {
        let mut command = folder.command(words);
        Ok(command.arg("--wait").stdout(Stdio::null()).spawn()?)
    };
    let same = waiting(&BACKFILL)?;
    let mut words = BACKFILL;
    words[6] = "other";
    let other = waiting(&[&words[..], &["--stale"]].concat())?;
    for mut child in [first, same, other] {
        let status = child.wait()?;
        ensure!(status.success(), "{status}");
    }
    let made = made(&Catalog::open(&path)?)?;
    let twice: Vec<_> = made.iter().filter(|(_, times)| **times != 1).collect();
    ensure!(made.len() == DAYS && twice.is_empty(), "{twice:?}");
    Ok(())
}

/// How many pieces of an asset a catalog has, which may not be there yet.
fn pieces_made(path: &Path, asset: &str) -> Result<usize> {
    if !path.exists() {
        return Ok(0);
    }
    let catalog = Catalog::open(path)?;
    Ok(catalog.latest_of(&AssetKey::new(asset)?)?.len())
}

/// How often each partition was materialized.
fn made(catalog: &Catalog) -> Result<HashMap<String, usize>> {
    let mut times = HashMap::new();
    for record in catalog.all_events()? {
        if let Event::Materialized(made) = &record.event {
            let partition = made.partition.as_deref().unwrap_or_default();
            *times.entry(partition.to_owned()).or_default() += 1;
        }
    }
    Ok(times)
}

/// One day that cannot be read fails by itself in a run of seven, and is named.
#[test]
fn a_bad_day_is_counted_and_named_apart_from_the_others_of_its_run() -> Result<()> {
    let folder = Folder::new()?;
    let data = Data::new(&folder)?;
    data.edit("flights", |text| {
        let mut lines = text.lines();
        let head = lines.next().unwrap_or_default();
        let distance = head.split(',').position(|name| name == "distance");
        let line = |line: &str| match line.starts_with("2013,1,3,") {
            false => line.to_owned(),
            true => {
                let cell = |(at, cell): (usize, &str)| {
                    if Some(at) == distance { "far" } else { cell }.to_owned()
                };
                let cells: Vec<String> = line.split(',').enumerate().map(cell).collect();
                cells.join(",")
            }
        };
        let lines: Vec<String> = lines.map(line).collect();
        format!("{head}\n{}\n", lines.join("\n"))
    })?;
    let inputs = data.archive("flights");
    let dir = inputs.parent().context("a folder")?.display().to_string();
    let words = ["assets", "backfill", "my-source/flights", "--partition"];
    let more = [
        "2013-01-01..2013-01-07",
        "--per-run",
        "7",
        "--id",
        "week",
        "--data-dir",
        &dir,
    ];
    let words = [&words[..], &more].concat();
    let said = folder.json(1, &words)?;
    let progress = &said["progress"];
    ensure!(
        progress["succeeded"] == 6 && progress["failed"] == 1,
        "{said}"
    );
    ensure!(
        said["failed"] == serde_json::json!(["2013-01-03"]),
        "{said}"
    );
    let again = folder.run(&words)?;
    ensure!(
        text(&again).contains("6 of 7 partitions succeeded before")
            && text(&again).contains("failed: 2013-01-03"),
        "{}",
        text(&again)
    );
    Ok(())
}
