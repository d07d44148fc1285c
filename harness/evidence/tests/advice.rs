//! Advice on the examples of `docs/workloads`, from the reference results: that each flip does what it says.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use orchbench_evidence::advice::{Advice, Workload, adr};
use orchbench_evidence::analysis;
use orchbench_evidence::record::ResultsFolder;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

#[test]
fn the_examples_follow_from_the_data_and_flip_where_they_say() -> Result<()> {
    let root = Path::new(ROOT);
    let analysis = analysis::derive(&ResultsFolder::open(&root.join("reports/reference"))?)?;
    let mut examples = 0;
    for entry in fs::read_dir(root.join("docs/workloads"))? {
        let path = entry?.path();
        let place = path.display().to_string();
        let text = fs::read_to_string(&path)?;
        let advice = Advice::of(&Workload::parse(&place, &text)?, &analysis)?;
        let chosen = advice.recommended().context("no option")?;
        let counts = |choice: &orchbench_evidence::advice::Choice| {
            use orchbench_evidence::advice::Standing::{Emulated, Lacking, NotMeasured};
            [Lacking, NotMeasured, Emulated].map(|standing| choice.count(standing))
        };
        let others = advice.choices.iter();
        ensure!(
            others.clone().all(|other| counts(chosen) <= counts(other)),
            "{place}"
        );
        for flip in &advice.flips {
            let (field, value) = flip.change.split_once(" = ").context("no field")?;
            let mut table: toml::Table = toml::from_str(&text)?;
            let value: toml::Table = toml::from_str(&format!("{field} = {value}"))?;
            table.extend(value);
            let moved = Workload::parse(&place, &toml::to_string(&table)?)?;
            let moved = Advice::of(&moved, &analysis)?;
            let to = moved.recommended().context("no option")?;
            ensure!(to.engine == flip.to, "{place}: {}", flip.change);
            ensure!(to.engine != chosen.engine, "{place}: {}", flip.change);
        }
        let record = adr(&advice, &analysis).markdown("../");
        let name = path.file_stem().context("no name")?.to_string_lossy();
        let committed = root.join(format!("reports/reference/advice/{name}.md"));
        ensure!(record == fs::read_to_string(committed)?, "{place}");
        examples += 1;
    }
    ensure!(examples == 6, "{examples} examples");
    Ok(())
}
