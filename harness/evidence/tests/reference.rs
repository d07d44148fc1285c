//! The reference results that come with the project: what is derived from them is what lies there,
//! byte for byte, and README.md shows what they say.
//!
//! ORCHBENCH_WRITE_README=1 writes README's block anew, after the folder was renewed.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use orchbench_evidence::record::{Family, ResultsFolder, Warning};
use orchbench_evidence::{analysis, model, report};

const BASE: &str = "reports/reference";
const BEGIN: &str = "<!-- reference:begin -->\n";
const END: &str = "<!-- reference:end -->\n";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[test]
fn what_is_derived_is_what_lies_there() -> Result<()> {
    let folder = ResultsFolder::open(&root().join(BASE))?;
    let warnings = report::inspect(&folder)?.verdicts.warnings;
    let differing: Vec<&Warning> = warnings
        .iter()
        .filter(|warning| matches!(warning, Warning::Differs { .. }))
        .collect();
    ensure!(differing.is_empty(), "{differing:?}");
    for name in [
        "measurements.json",
        "verdicts.json",
        "claims.json",
        "report.md",
        "report.html",
        "adr.md",
        "model.json",
    ] {
        ensure!(folder.root().join(name).is_file(), "no {name}");
    }
    Ok(())
}

#[test]
fn what_is_raw_is_what_was_sealed() -> Result<()> {
    let folder = ResultsFolder::open(&root().join(BASE))?;
    let damages = folder.damages()?;
    ensure!(damages.is_empty(), "{damages:?}");
    Ok(())
}

#[test]
fn the_folder_is_small() -> Result<()> {
    let (mut files, mut bytes) = (0, 0);
    let mut folders = vec![root().join(BASE)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
            } else {
                files += 1;
                bytes += entry.metadata()?.len();
            }
        }
    }
    ensure!(
        files <= 100 && bytes < 12_000_000,
        "{files} files, {bytes} bytes"
    );
    Ok(())
}

/// What a reader has before the appendices, without the targets of links.
#[test]
fn the_answer_is_short() -> Result<()> {
    let report = fs::read_to_string(root().join(BASE).join("report.md"))?;
    let (body, _) = report
        .split_once("\n## Appendix A")
        .context("no appendix")?;
    let mut words = 0;
    for part in body.split("](") {
        let read = part.split_once(')').map_or(part, |(_, read)| read);
        words += read.split_whitespace().count();
    }
    ensure!(words <= 2_500, "{words} words");
    Ok(())
}

/// Plain calls are no engine: of a fraction of a millisecond, noise is more than that.
#[test]
fn the_model_predicts_runs_that_it_was_not_drawn_from() -> Result<()> {
    let analysis = analysis::derive(&ResultsFolder::open(&root().join(BASE))?)?;
    let model = model::of(&analysis)?;
    let engines = analysis.plan.engines.iter();
    for engine in engines.filter(|engine| engine.family != Family::Floor) {
        let mut options = model.options.iter();
        let option = options.find(|option| option.engine == engine.name);
        let held_out = option
            .and_then(|option| option.held_out.as_ref())
            .with_context(|| format!("{}: nothing held out", engine.name))?;
        let right = held_out.points >= 8 && held_out.median_error <= 0.25;
        ensure!(right, "{}: {held_out:?}", engine.name);
    }
    Ok(())
}

#[test]
fn readme_shows_what_the_reference_says() -> Result<()> {
    let folder = ResultsFolder::open(&root().join(BASE))?;
    let block = report::excerpt(&report::inspect(&folder)?, &format!("{BASE}/"));
    let path = root().join("README.md");
    let text = fs::read_to_string(&path)?;
    let (before, rest) = text.split_once(BEGIN).context("no begin of the block")?;
    let (shown, after) = rest.split_once(END).context("no end of the block")?;
    if std::env::var_os("ORCHBENCH_WRITE_README").is_some() {
        fs::write(&path, format!("{before}{BEGIN}{block}{END}{after}"))?;
        return Ok(());
    }
    ensure!(
        shown == block,
        "README.md shows something else: see the head of this file"
    );
    Ok(())
}
