//! What became of the rows is said of every run that succeeded, and what is unusual is warned of.

use anyhow::{Context, Result, ensure};
use serde_json::json;

use crate::data::Data;
use crate::folder::{Folder, text};

/// The flights of United in the first week from Newark are 848 of 2,211.
const UNITED: &str = "UA,United Air Lines Inc.\n";

#[test]
fn a_missing_carrier_is_warned_of_by_every_command_that_succeeds() -> Result<()> {
    let folder = Folder::new()?;
    let data = Data::new(&folder)?;
    data.replace("airlines", UNITED, "")?;
    let counts = json!([2211, 1363, 848, 1363]);
    let warning = "flights: 848 of 2211 rows are in quarantine, more on 7 of 7 days: 2013-01-01 (";
    let of = |rows: &serde_json::Value| {
        let names = ["extracted", "accepted", "quarantined", "loaded"];
        json!(names.map(|name| rows[name].clone()))
    };

    let (made, said) = data.json(&["materialize", "my-source"])?;
    ensure!(made["status"] == "success", "{made}");
    ensure!(of(&made["rows"]) == counts, "{made}");
    ensure!(of(&made["summary"]) == counts, "{made}");
    for warnings in [&made["rows"]["warnings"], &made["summary"]["warnings"]] {
        let warnings = warnings.as_array().context("no warnings")?;
        ensure!(warnings.len() == 1, "{made}");
        let found = warnings[0].as_str().unwrap_or_default();
        ensure!(found.starts_with(warning), "{found}");
        ensure!(
            found.ends_with("and 4 more than max_quarantine = 0.01 allows"),
            "{found}"
        );
    }
    ensure!(said.contains(&format!("warning: {warning}")), "{said}");

    // A run that finds all of it fresh says so too, and so does a backfill.
    let (fresh, said) = data.json(&["materialize", "my-source", "--stale"])?;
    ensure!(fresh["steps"]["materialized"] == 0, "{fresh}");
    ensure!(
        of(&fresh["rows"]) == counts && said.contains(warning),
        "{fresh} {said}"
    );
    let range = ["--partition", "2013-01-01..2013-01-02", "--stale"];
    let backfill = [&["assets", "backfill", "*my-source/warehouse"], &range[..]].concat();
    let (filled, said) = data.json(&backfill)?;
    let rows = &filled["rows"];
    ensure!(
        rows["extracted"].as_u64().context("no count")? < 2211,
        "{filled}"
    );
    ensure!(said.contains("more on 2 of 2 days: "), "{said}");
    Ok(())
}

#[test]
fn the_counts_are_printed_and_the_threshold_is_the_sources() -> Result<()> {
    let folder = Folder::new()?;
    let data = Data::new(&folder)?;
    data.replace("airlines", UNITED, "")?;
    let sources = folder.path("sources.toml");
    let entry = |name: &str, share: &str, day: &str| {
        format!(
            "[sources.{name}]\ntitle = \"x\"\norigins = [\"EWR\"]\nfirst = \"{day}\"\nlast = \"{day}\"\nmax_quarantine = {share}\n"
        )
    };
    let catalogue = entry("lax", "0.9", "2013-01-01") + &entry("empty", "0", "2014-01-01");
    std::fs::write(&sources, catalogue)?;
    let (dir, sources) = (folder.path("data"), sources.display().to_string());
    let more = [
        "--data-dir",
        &dir.display().to_string(),
        "--sources",
        &sources,
    ]
    .map(str::to_owned);
    let run = |words: &[&str]| {
        let more: Vec<&str> = more.iter().map(String::as_str).collect();
        folder.run(&[words, &more].concat())
    };
    let lax = run(&["materialize", "*lax/warehouse"])?;
    ensure!(lax.status.success(), "{}", text(&lax));
    ensure!(
        text(&lax).contains("lax: 305 extracted, "),
        "{}",
        text(&lax)
    );
    ensure!(!text(&lax).contains("warning"), "{}", text(&lax));

    let empty = run(&["materialize", "*empty/warehouse"])?;
    let said = text(&empty);
    ensure!(
        said.contains("empty: 0 extracted, 0 accepted, 0 quarantined, 0 loaded"),
        "{said}"
    );
    ensure!(
        said.contains("warning: flights: no rows for 1 of 1 days: 2014-01-01"),
        "{said}"
    );
    Ok(())
}
