//! A whole run, and what the checker says of results that were tampered with.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use orchbench_evidence::record::ResultsFolder;

use crate::audit;
use crate::folder::{Folder, copy, find, text};
use crate::unpacked::unpack;

fn remove_line(path: &Path, index: usize) -> Result<String> {
    let text = fs::read_to_string(path)?;
    let mut lines: Vec<&str> = text.lines().collect();
    ensure!(lines.len() > index, "{}: too short", path.display());
    let removed = lines.remove(index).to_owned();
    fs::write(path, lines.join("\n") + "\n")?;
    Ok(removed)
}

#[test]
fn a_run_is_checked_reported_and_tamper_evident() -> Result<()> {
    let folder = Folder::new()?;
    let run = folder.orchbench(&["run", "small.toml", "--out", "results"])?;
    if run.status.code() != Some(0) {
        let verdicts = folder.orchbench(&["analyze", "results"])?;
        anyhow::bail!("run: {:?}\n{}\n{}", run.status, text(&run), text(&verdicts));
    }
    let results = folder.path("results");
    for name in [
        "environment.json",
        "plan.json",
        "measurements.json",
        "verdicts.json",
        "claims.json",
        "report.md",
        "report.html",
    ] {
        ensure!(results.join(name).is_file(), "no {name}");
    }
    ensure!(!results.join("open").exists(), "trials were left open");
    report_is_rebuilt(&folder, &results)?;
    audit::agrees(&results, &[])?;
    exported_is_the_same(&folder)?;
    unpack(&results)?;
    missing_row_is_broken(&folder, &results)?;
    missing_journal_line_is_unknown(&folder, &results)
}

/// Same folder, same report.
fn report_is_rebuilt(folder: &Folder, results: &Path) -> Result<()> {
    let before = fs::read_to_string(results.join("report.md"))?;
    let report = folder.orchbench(&["report", "results"])?;
    ensure!(report.status.code() == Some(0), "report: {}", text(&report));
    ensure!(
        before == fs::read_to_string(results.join("report.md"))?,
        "another report"
    );
    Ok(())
}

/// The folder as one file is checked like the folder.
fn exported_is_the_same(folder: &Folder) -> Result<()> {
    let export = folder.orchbench(&["export", "results", "results.tar.gz"])?;
    ensure!(export.status.code() == Some(0), "export: {}", text(&export));
    let [whole, file] =
        ["results", "results.tar.gz"].map(|name| folder.orchbench(&["check", name]));
    let (whole, file) = (whole?, file?);
    ensure!(whole.status.code() == Some(0), "{}", text(&whole));
    ensure!(
        text(&whole) == text(&file),
        "{}\n{}",
        text(&whole),
        text(&file)
    );
    Ok(())
}

fn missing_row_is_broken(folder: &Folder, results: &Path) -> Result<()> {
    let tampered = folder.path("short");
    copy(results, &tampered)?;
    let results = ResultsFolder::open(&tampered)?;
    let reference = find(
        &tampered.join("open"),
        &["restart-survival", "rows.one-day.ref"],
    )?;
    let mut rows = results.rows(fs::read_to_string(&reference)?.trim())?;
    rows.remove(17);
    let trial = reference
        .parent()
        .and_then(Path::file_name)
        .context("a trial")?;
    results
        .open_trial(&trial.to_string_lossy())?
        .write_rows("one-day", &rows)?;
    let analyze = folder.orchbench(&["analyze", "short"])?;
    let said = text(&analyze);
    ensure!(
        analyze.status.code() == Some(3),
        "{:?}: {said}",
        analyze.status
    );
    ensure!(
        said.contains("2013-01-01"),
        "does not name the partition: {said}"
    );
    Ok(())
}

fn missing_journal_line_is_unknown(folder: &Folder, results: &Path) -> Result<()> {
    for from_end in [false, true] {
        let tampered = folder.path(if from_end { "gap-end" } else { "gap" });
        copy(results, &tampered)?;
        let journal = find(&tampered.join("open"), &["retries", "journal"])?;
        let last = fs::read_to_string(&journal)?.lines().count() - 1;
        remove_line(&journal, if from_end { last } else { 4 })?;
        let name = tampered.to_string_lossy().into_owned();
        let file = journal
            .file_name()
            .context("a name")?
            .to_string_lossy()
            .into_owned();
        for command in ["analyze", "report"] {
            let ended = folder.orchbench(&[command, &name])?;
            let said = text(&ended);
            ensure!(ended.status.code() == Some(4), "{:?}: {said}", ended.status);
            ensure!(
                said.contains(&file),
                "{command} does not name {file}: {said}"
            );
        }
    }
    Ok(())
}
