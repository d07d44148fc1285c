//! The seal of a run: whatever is changed, removed or added afterwards is named, and no pass.

#[expect(dead_code, reason = "the unit tests use the rest of the builder")]
#[path = "fixtures/results.rs"]
mod results;

use std::fs;
use std::path::Path;

use anyhow::{Result, ensure};
use orchbench_evidence as harness;
use orchbench_evidence::analysis::analyze;
use orchbench_evidence::check::mutation;
use orchbench_evidence::record::{Outcome, Packing, ResultsFolder, Warning};
use orchbench_evidence::report;
use orchbench_evidence::results::{Analysis, Conclusion};

/// The recorded trials, sealed, after a change.
fn changed(change: impl Fn(&Path) -> Result<()>) -> Result<Analysis> {
    let place = tempfile::tempdir()?;
    let folder = mutation::recorded(place.path())?;
    change(place.path())?;
    analyze(&ResultsFolder::open(folder.root())?)
}

/// The same, sealed again as one would who has something to hide.
fn resealed(change: impl Fn(&Path) -> Result<()>) -> Result<Analysis> {
    changed(|root| {
        change(root)?;
        Ok(ResultsFolder::open(root)?.seal()?)
    })
}

fn damages(analysis: &Analysis) -> Vec<String> {
    let warnings = analysis.verdicts.warnings.iter();
    warnings
        .filter_map(|warning| match warning {
            Warning::Damaged { file, problem } => Some(format!("{file}: {problem}")),
            _ => None,
        })
        .collect()
}

fn edit(path: &Path, change: impl Fn(&str) -> String) -> Result<()> {
    let text = fs::read_to_string(path)?;
    let changed = change(&text);
    ensure!(changed != text, "{}: nothing changed", path.display());
    Ok(fs::write(path, changed)?)
}

fn events(root: &Path, trial: &str) -> std::path::PathBuf {
    root.join("open").join(trial).join("events.jsonl")
}

fn without(text: &str, word: &str) -> String {
    let kept = text.lines().filter(|line| !line.contains(word));
    kept.map(|line| format!("{line}\n")).collect()
}

#[test]
fn whatever_is_not_as_sealed_is_named_and_no_pass() -> Result<()> {
    let sound = changed(|_| Ok(()))?;
    ensure!(sound.conclusion() == Conclusion::Sound && damages(&sound).is_empty());
    type Change = fn(&Path) -> Result<()>;
    let cases: [(Change, &str); 9] = [
        (
            |root| {
                edit(&root.join("environment.json"), |text| {
                    text.replace("\"cpus\"", " \"cpus\"")
                })
            },
            "environment.json: expected SHA-256 ",
        ),
        (
            |root| {
                edit(&root.join("plan.json"), |text| {
                    text.replacen("\"seed\": ", "\"seed\": 1", 1)
                })
            },
            "plan.json: expected SHA-256 ",
        ),
        (
            |root| Ok(fs::remove_file(root.join("expected.json"))?),
            "expected.json: sealed, and missing",
        ),
        (
            |root| Ok(fs::remove_dir_all(root.join("open/saga"))?),
            "saga: sealed, and missing",
        ),
        (
            |root| Ok(fs::remove_file(root.join("open/saga/applied.jsonl"))?),
            "saga/applied.jsonl: sealed, and missing",
        ),
        (
            |root| Ok(fs::write(root.join("open/saga/rows.other.ref"), "x")?),
            "saga/rows.other.ref: not among the sealed files",
        ),
        (
            |root| Ok(fs::write(root.join("notes.txt"), "x")?),
            "notes.txt: not among the sealed files",
        ),
        (
            |root| {
                fs::create_dir(root.join("open/more"))?;
                Ok(fs::write(root.join("open/more/events.jsonl"), "")?)
            },
            "open/more: not of a trial of the plan",
        ),
        (
            |root| Ok(fs::remove_file(root.join("manifest.json"))?),
            "manifest.json: expected the seal of a run",
        ),
    ];
    for (change, words) in cases {
        let analysis = changed(change)?;
        let said = damages(&analysis);
        ensure!(
            said.iter().any(|each| each.starts_with(words)),
            "{words}: {said:?}"
        );
        ensure!(analysis.conclusion() != Conclusion::Sound, "{words}");
    }
    Ok(())
}

#[test]
fn an_attempt_dropped_from_the_chain_is_seen_although_the_chain_was_made_anew() -> Result<()> {
    // The journal's own checksums and its seal in the events may all be made to fit; the manifest's
    // digest is what stands in the report.
    let before = changed(|_| Ok(()))?.seal;
    let made_anew = |root: &Path| {
        let journals = fs::read_dir(root.join("open/saga/journal"))?;
        for path in journals.map(|entry| entry.map(|entry| entry.path())) {
            let path = path?;
            edit(&path, |text| {
                text.lines()
                    .take(3)
                    .map(|line| format!("{line}\n"))
                    .collect()
            })?;
        }
        Ok(())
    };
    let analysis = changed(made_anew)?;
    ensure!(analysis.conclusion() != Conclusion::Sound);
    let said = damages(&analysis);
    ensure!(said.iter().all(|each| each.starts_with("saga/journal/")) && !said.is_empty());
    ensure!(
        resealed(made_anew)?.seal != before,
        "the same digest for other files"
    );
    Ok(())
}

#[test]
fn events_that_are_not_a_trials_whole_ones_are_unknown_whatever_was_sealed() -> Result<()> {
    type Change = fn(&str) -> String;
    let cases: [(Change, &str); 5] = [
        (|text| text.repeat(2), "expected the trial's last event"),
        (
            |text| without(text, "engine_history"),
            "events before the trial's end, found",
        ),
        (
            |text| without(text, "\"event\":\"sample\""),
            "events before the trial's end, found",
        ),
        (
            |text| text.replacen("\"value\":", "\"value\":-", 1),
            "expected a value from 0 to 1e18, found -",
        ),
        (
            |text| text.replacen("\"value\":", "\"value\":11111111111111111111", 1),
            "expected a value from 0 to 1e18, found 1111",
        ),
    ];
    for (change, words) in cases {
        let of = |trial: &str| {
            resealed(|root| edit(&events(root, trial), change)).map(|analysis| {
                let verdicts = analysis.verdicts.verdicts.clone().into_iter();
                let own: Vec<_> = verdicts.filter(|verdict| verdict.trial == trial).collect();
                (analysis.conclusion(), own)
            })
        };
        // The one trial has a history, the other one samples.
        let (conclusion, verdicts) = match of("saga") {
            Ok(found) => found,
            Err(_) => of("open-loop")?,
        };
        ensure!(conclusion == Conclusion::Inconclusive, "{words}");
        ensure!(
            verdicts
                .iter()
                .all(|verdict| verdict.outcome == Outcome::Unknown)
                && verdicts
                    .iter()
                    .any(|verdict| verdict.invariant == "history_agrees")
                && verdicts[0].summary.contains(words),
            "{words}: {verdicts:?}"
        );
    }
    Ok(())
}

#[test]
fn a_plan_without_trials_is_no_pass() -> Result<()> {
    let emptied = |root: &Path| {
        fs::remove_dir_all(root.join("open"))?;
        let folder = ResultsFolder::open(root)?;
        let mut plan = folder.plan()?;
        plan.trials.clear();
        Ok(folder.write_json("plan.json", &plan)?)
    };
    ensure!(resealed(emptied)?.conclusion() == Conclusion::Inconclusive);
    Ok(())
}

#[test]
fn a_seal_holds_for_open_and_packed_trials_and_is_the_same_each_time() -> Result<()> {
    let place = tempfile::tempdir()?;
    let folder = results::small_results(place.path())?;
    let digest = folder.seal_digest()?;
    ensure!(digest.is_some() && folder.damages()?.is_empty());
    folder.pack(&folder.plan()?, Packing::RunOver)?;
    let packed = ResultsFolder::open(place.path())?;
    ensure!(packed.damages()?.is_empty(), "{:?}", packed.damages()?);
    packed.seal()?;
    ensure!(packed.seal_digest()? == digest);
    let analysis = analyze(&packed)?;
    report::write(&packed, &analysis)?;
    let report = fs::read_to_string(place.path().join("report.md"))?;
    ensure!(
        report.contains(&digest.unwrap_or_default()),
        "the report does not tell the seal"
    );
    packed.unseal()?;
    packed.unseal()?;
    ensure!(packed.seal_digest()?.is_none());
    Ok(())
}
