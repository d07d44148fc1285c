//! The same command again, after a failure: what failed and what was left out is executed, and what
//! is done is said to be.

use anyhow::{Context as _, Result, ensure};
use asset_engine::{Catalog, Event};
use serde_json::json;

use crate::folder::{Folder, input, text};

const GATED: [&str; 5] = ["materialize", "one-day", "--approval", "--run", "k"];
const APPROVE: [&str; 5] = ["assets", "approve", "one-day", "--by", "ann"];

#[test]
fn a_run_that_failed_is_gone_on_with_under_its_id() -> Result<()> {
    let folder = Folder::new()?;
    let failed = folder.json(1, &GATED)?;
    ensure!(failed["submitted"] == "new", "{failed}");
    ensure!(
        failed["steps"]["failed"] == 1 && failed["steps"]["skipped"] == 1,
        "{failed}"
    );
    folder.expect(0, &APPROVE)?;
    let before = events(&folder)?;
    let again = folder.run(&GATED)?;
    ensure!(again.status.success(), "{}", text(&again));
    ensure!(
        text(&again).contains("run k: had ended with failure: executes"),
        "{}",
        text(&again)
    );
    // The gate and the announcement, and nothing else: resumed, two steps with start and end, ended.
    ensure!(
        events(&folder)? == before + 6,
        "{} events",
        events(&folder)? - before
    );

    let done = folder.run(&GATED)?;
    ensure!(
        text(&done).contains("had ended with success before: nothing is executed"),
        "{}",
        text(&done)
    );
    let done = folder.json(0, &GATED)?;
    ensure!(done["submitted"] == "ended before", "{done}");
    ensure!(
        done["steps"]
            == json!({
                "materialized": 11, "fresh": 0, "failed": 0, "skipped": 0, "canceled": 0
            }),
        "{done}"
    );
    ensure!(events(&folder)? == before + 6, "something was executed");
    Ok(())
}

/// Its input is damaged, and mended in place.
#[test]
fn a_backfill_that_failed_is_gone_on_with_on_a_mended_input() -> Result<()> {
    let folder = Folder::new()?;
    let input = input(&folder)?;
    let planes = input.join("planes.csv.zip");
    let whole = std::fs::read(&planes)?;
    std::fs::write(&planes, &whole[..whole.len() / 2])?;
    let input = input.to_str().context("a path that is no text")?;
    let words = [
        "assets",
        "backfill",
        "my-source",
        "--partition",
        "2013-01-01..2013-01-03",
        "--id",
        "b",
        "--data-dir",
        input,
    ];
    let failed = folder.json(1, &words)?;
    ensure!(failed["progress"]["status"] == "failure", "{failed}");
    ensure!(failed["progress"]["waiting"] == 3, "{failed}");
    std::fs::write(&planes, whole)?;
    let again = folder.run(&words)?;
    // Marts of three days of seven cannot be made; all three days are in the warehouse.
    ensure!(
        text(&again).contains("had ended with failure, 0 of 3"),
        "{}",
        text(&again)
    );
    ensure!(
        text(&again).contains("3 of 3 partitions succeeded"),
        "{}",
        text(&again)
    );
    Ok(())
}

#[test]
fn what_an_automation_ordered_and_failed_is_named_and_executed_again() -> Result<()> {
    let folder = Folder::new()?;
    let once = ["assets", "daemon", "one-day", "--once", "--approval"];
    folder.json(0, &["materialize", "*one-day/warehouse", "--approval"])?;
    let published = folder.json(1, &once)?;
    let run = published["submitted"][0]
        .as_str()
        .context("nothing ordered")?
        .to_owned();
    let waiting = folder.json(0, &once)?;
    ensure!(waiting["submitted"] == json!([]), "{waiting}");
    let named = json!([{ "run": run, "status": "failure" }]);
    ensure!(waiting["failed_orders"] == named, "{waiting}");
    folder.expect(0, &APPROVE)?;
    let again = folder.json(0, &["assets", "retry", &run, "--approval"])?;
    ensure!(
        again["submitted"] == "reopened" && again["status"] == "success",
        "{again}"
    );
    let quiet = folder.json(0, &once)?;
    ensure!(quiet["failed_orders"] == json!([]), "{quiet}");
    Ok(())
}

#[test]
fn a_backfill_makes_what_has_no_partitions_once() -> Result<()> {
    let folder = Folder::new()?;
    let words = [
        "assets",
        "backfill",
        "my-source",
        "--partition",
        "2013-01-01..2013-01-07",
        "--id",
        "week",
    ];
    let ended = folder.json(0, &words)?;
    ensure!(ended["progress"]["succeeded"] == 7, "{ended}");
    ensure!(ended["progress"]["unpartitioned_succeeded"] == 2, "{ended}");
    let catalog = Catalog::open(folder.path("work/catalog.sqlite"))?;
    let mut times = std::collections::BTreeMap::new();
    for record in catalog.all_events()? {
        if let Event::Materialized(made) = &record.event {
            *times.entry(made.asset.name().to_owned()).or_insert(0) += 1;
        }
    }
    let expected = [
        ("airlines", 1),
        ("airports", 1),
        ("planes", 1),
        ("flights", 7),
        ("weather", 7),
        ("transformed", 7),
        ("checked", 7),
        ("warehouse", 7),
        ("marts", 1),
        ("announcement", 1),
    ];
    let expected = expected.map(|(name, times)| (name.to_owned(), times));
    ensure!(times == expected.into(), "{times:?}");
    let again = folder.run(&words)?;
    ensure!(
        text(&again).contains("had ended with success, 7 of 7"),
        "{}",
        text(&again)
    );
    ensure!(
        catalog.all_events()?.len() == events(&folder)?,
        "something was executed"
    );
    Ok(())
}

fn events(folder: &Folder) -> Result<usize> {
    let catalog = Catalog::open(folder.path("work/catalog.sqlite"))?;
    Ok(catalog.all_events()?.len())
}
