//! The results folder as a whole: its versions, its packed and its exported form, and what is
//! derived from it, which is never believed.

#[expect(dead_code, reason = "the unit tests use the rest of the builder")]
#[path = "fixtures/results.rs"]
mod results;

use std::fs;
use std::path::Path;

use orchbench_evidence as harness;
use orchbench_evidence::analysis::analyze;
use orchbench_evidence::record::{
    FORMAT_VERSION, Outcome, Packing, ResultsFolder, Verdict, Warning, export,
};
use orchbench_evidence::report;
use orchbench_evidence::results::{Analysis, Conclusion};

fn analyzed(change: impl Fn(&Path) -> anyhow::Result<()>) -> anyhow::Result<Analysis> {
    let place = tempfile::tempdir()?;
    let folder = results::small_results(place.path())?;
    change(place.path())?;
    analyze(&folder)
}

fn of<'a>(analysis: &'a Analysis, trial: &str, outcome: Outcome) -> Vec<&'a Verdict> {
    let verdicts = analysis.verdicts.verdicts.iter();
    verdicts
        .filter(|verdict| verdict.trial == trial && verdict.outcome == outcome)
        .collect()
}

#[test]
fn a_row_set_that_is_not_what_its_name_says_makes_its_trials_unknown() -> anyhow::Result<()> {
    let analysis = analyzed(|root| {
        let folder = ResultsFolder::open(root)?;
        let empty = folder.row_set_path(&folder.keep_rows(&[])?)?;
        let digest = &folder.expected()?.sources["tiny"].rows;
        fs::copy(empty, folder.row_set_path(digest)?)?;
        Ok(())
    })?;
    anyhow::ensure!(analysis.conclusion() == Conclusion::Inconclusive);
    let unknown = of(&analysis, "rate-temporal", Outcome::Unknown);
    let words = "expected content of the SHA-256 in its name, found e3b0c44298fc";
    anyhow::ensure!(unknown[0].summary.contains(words), "{unknown:?}");
    anyhow::ensure!(of(&analysis, "rate-temporal", Outcome::Pass).is_empty());
    anyhow::ensure!(of(&analysis, "overhead-direct-default-0", Outcome::Unknown).is_empty());
    Ok(())
}

#[test]
fn a_foreign_folder_or_another_major_version_is_an_error() -> anyhow::Result<()> {
    let place = tempfile::tempdir()?;
    anyhow::ensure!(ResultsFolder::open(place.path()).is_err());
    for (version, found) in [("1", "1"), ("\"4.0\"", "4.0"), ("\"two\"", "two")] {
        let other = analyzed(|root| plan_of_version(root, version));
        let message = other.map(|_| ()).map_err(|error| error.to_string());
        let expected = format!("results folder: plan.json: expected format 3.x, found {found}");
        anyhow::ensure!(message == Err(expected), "{message:?}");
    }
    Ok(())
}

#[test]
fn a_newer_minor_version_is_read_and_its_new_fields_are_ignored() -> anyhow::Result<()> {
    let analysis = analyzed(|root| plan_of_version(root, "\"3.9\",\n  \"owner\": \"Ada\""))?;
    anyhow::ensure!(!analysis.counted.is_empty() && analysis.conclusion() != Conclusion::Broken);
    anyhow::ensure!(analysis.plan.format_version.to_string() == "3.9");
    let events = analyzed(|root| {
        let path = root.join("open/rate-temporal/events.jsonl");
        let written = format!("\"{FORMAT_VERSION}\"");
        let text = fs::read_to_string(&path)?.replacen(&written, "\"4.1\"", 1);
        Ok(fs::write(path, text)?)
    })?;
    let unknown = of(&events, "rate-temporal", Outcome::Unknown);
    let words = "rate-temporal/events.jsonl: line 1: expected format 3.x, found 4.1";
    anyhow::ensure!(unknown[0].summary.contains(words), "{unknown:?}");
    Ok(())
}

fn plan_of_version(root: &Path, version: &str) -> anyhow::Result<()> {
    let path = root.join("plan.json");
    let written = format!("\"format_version\": \"{FORMAT_VERSION}\"");
    let text = fs::read_to_string(&path)?;
    anyhow::ensure!(text.contains(&written), "{text}");
    let text = text.replacen(&written, &format!("\"format_version\": {version}"), 1);
    Ok(fs::write(path, text)?)
}

/// The derived files of a folder with their content.
fn derived(folder: &ResultsFolder) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
    let names = folder.derived()?.into_iter();
    names
        .map(|name| {
            let content = fs::read(folder.root().join(&name))?;
            Ok((name, content))
        })
        .collect()
}

fn written(folder: &ResultsFolder) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
    report::write(folder, &analyze(folder)?)?;
    derived(folder)
}

#[test]
fn open_packed_and_exported_give_the_same_bytes() -> anyhow::Result<()> {
    let place = tempfile::tempdir()?;
    let root = place.path().join("results");
    let folder = results::small_results(&root)?;
    let open = written(&folder)?;
    anyhow::ensure!(open.len() >= 9, "{open:?}");
    folder.pack(&folder.plan()?, Packing::RunOver)?;
    anyhow::ensure!(!root.join("open").exists() && root.join("evidence/retries.tar.gz").exists());
    for again in [folder, ResultsFolder::open(&root)?] {
        anyhow::ensure!(written(&again)? == open);
    }
    let file = place.path().join("results.tar.gz");
    let folder = ResultsFolder::open(&root)?;
    export(&folder, &file)?;
    let first = fs::read(&file)?;
    export(&folder, &file)?;
    anyhow::ensure!(fs::read(&file)? == first);
    let unpacked = ResultsFolder::open(&file)?;
    anyhow::ensure!(unpacked.is_unpacked() && derived(&unpacked)? == open);
    anyhow::ensure!(written(&unpacked)? == open);
    let temporary = unpacked.root().to_owned();
    drop(unpacked);
    anyhow::ensure!(!temporary.exists());
    Ok(())
}

#[test]
fn a_derived_file_that_was_edited_by_hand_is_told() -> anyhow::Result<()> {
    let place = tempfile::tempdir()?;
    let folder = results::small_results(place.path())?;
    let differs = || -> anyhow::Result<Vec<String>> {
        let warnings = report::inspect(&folder)?.verdicts.warnings;
        let files = warnings.into_iter().filter_map(|warning| match warning {
            Warning::Differs { file } => Some(file),
            _ => None,
        });
        Ok(files.collect())
    };
    anyhow::ensure!(differs()?.is_empty(), "nothing derived is there");
    let names: Vec<String> = written(&folder)?
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    anyhow::ensure!(differs()?.is_empty(), "{:?}", differs()?);
    for name in &names {
        let path = place.path().join(name);
        let as_given = fs::read(&path)?;
        // One digit, as a hand that wants another figure would.
        let edited: Vec<u8> = as_given
            .iter()
            .map(|byte| if *byte == b'1' { b'2' } else { *byte })
            .collect();
        fs::write(&path, edited)?;
        anyhow::ensure!(differs()? == [name.clone()], "{name}");
        fs::write(&path, as_given)?;
    }
    fs::write(place.path().join("charts/better.svg"), "<svg/>")?;
    anyhow::ensure!(differs()? == ["charts/better.svg"]);
    written(&folder)?;
    anyhow::ensure!(differs()?.is_empty(), "{:?}", differs()?);
    Ok(())
}
