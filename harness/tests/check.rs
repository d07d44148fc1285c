//! `orchbench check` as a user has it: on the recorded trials, on damaged copies of them,
//! and on folders that are none. Damage is unknown or an error that names the place, never
//! a pass.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use orchbench_evidence::check::mutation;
use tempfile::TempDir;

/// What the command said, and how it ended.
#[derive(Debug)]
struct Said {
    code: i32,
    out: String,
    err: String,
}

/// `orchbench check …` on the recorded folder after a change.
fn checked(args: &[&str], change: impl Fn(&Path) -> Result<()>) -> Result<Said> {
    let place = TempDir::new()?;
    mutation::recorded(place.path())?;
    change(place.path())?;
    said(args, place.path())
}

fn said(args: &[&str], folder: &Path) -> Result<Said> {
    said_by("check", args, folder)
}

fn said_by(command: &str, args: &[&str], folder: &Path) -> Result<Said> {
    let output = Command::new(env!("CARGO_BIN_EXE_orchbench"))
        .arg(command)
        .args(args)
        .arg(folder)
        .stdin(Stdio::null())
        .output()?;
    Ok(Said {
        code: output.status.code().context("ended by a signal")?,
        out: String::from_utf8(output.stdout)?,
        err: String::from_utf8(output.stderr)?,
    })
}

/// Ends with `code`, and names each of `words`.
fn says(found: &Said, code: i32, words: &[&str]) -> Result<()> {
    ensure!(found.code == code, "expected exit code {code}: {found:?}");
    let text = format!("{}{}", found.out, found.err);
    for word in words {
        ensure!(text.contains(word), "expected {word:?}: {found:?}");
    }
    Ok(())
}

fn edit(path: &Path, change: impl Fn(&str) -> String) -> Result<()> {
    let text = fs::read_to_string(path)?;
    let changed = change(&text);
    ensure!(changed != text, "{}: nothing changed", path.display());
    Ok(fs::write(path, changed)?)
}

/// The journal of the approval's first worker.
fn journal(root: &Path) -> Result<std::path::PathBuf> {
    let mut paths: Vec<_> = fs::read_dir(root.join("open/approval/journal"))?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    paths.sort();
    paths.into_iter().next().context("a journal")
}

#[test]
fn the_recorded_trials_pass() -> Result<()> {
    let found = checked(&[], |_| Ok(()))?;
    says(&found, 0, &["0 unknown, 0 fail; 0 void"])
}

#[test]
fn the_score_is_full_and_falls_when_there_is_nothing_to_plant_in() -> Result<()> {
    let full = checked(&["--mutations"], |_| Ok(()))?;
    says(&full, 0, &["zombie-write", "100 %"])?;
    let without_saga = checked(&["--mutations"], |root| {
        Ok(fs::remove_file(root.join("open/saga/events.jsonl"))?)
    })?;
    says(&without_saga, 3, &["nothing to plant it in"])?;
    ensure!(!without_saga.out.contains("100 %"), "{without_saga:?}");
    let no_good_trial = checked(&["--mutations"], |root| {
        Ok(fs::remove_dir_all(root.join("open"))?)
    })?;
    says(&no_good_trial, 2, &["expected a trial", "found none"])
}

#[test]
fn a_folder_that_is_none_ends_with_2() -> Result<()> {
    let empty = TempDir::new()?;
    says(&said(&[], empty.path())?, 2, &["plan.json", "found none"])?;
    let foreign = checked(&[], |root| {
        Ok(fs::write(root.join("plan.json"), "hello\n")?)
    })?;
    says(&foreign, 2, &["plan.json: line 1", "expected JSON"])?;
    let newer = checked(&[], |root| {
        edit(&root.join("plan.json"), |text| {
            text.replacen(
                "\"format_version\": \"3.0\"",
                "\"format_version\": \"99.0\"",
                1,
            )
        })
    })?;
    says(&newer, 2, &["plan.json: expected format 3.x, found 99"])
}

#[test]
fn a_damaged_journal_is_unknown_with_file_and_line() -> Result<()> {
    let cut = checked(&[], |root| {
        edit(&journal(root)?, |text| text[..text.len() - 20].to_owned())
    })?;
    says(
        &cut,
        4,
        &["unknown: approval: journal_integrity", "end of the file"],
    )?;
    let foreign = checked(&[], |root| {
        let path = journal(root)?;
        edit(&path, |text| format!("level=info\n{text}"))
    })?;
    says(&foreign, 4, &["line 1: expected a journal record"])?;
    let newer = checked(&[], |root| {
        edit(&journal(root)?, |text| {
            text.replacen("\"format_version\":1", "\"format_version\":99", 1)
        })
    })?;
    says(&newer, 4, &["expected format_version up to 1, found 99"])
}

#[test]
fn damaged_results_are_unknown_with_file_and_line() -> Result<()> {
    let newer = checked(&[], |root| {
        edit(&root.join("open/approval/events.jsonl"), |text| {
            text.replacen(
                "\"format_version\":\"3.0\"",
                "\"format_version\":\"99.0\"",
                1,
            )
        })
    })?;
    says(
        &newer,
        4,
        &["approval/events.jsonl: line 1: expected format 3.x, found 99"],
    )?;
    let cut = checked(&[], |root| {
        let name = fs::read_to_string(root.join("open/approval/rows.one-day.ref"))?;
        let path = root.join(format!("rows/{}.jsonl.gz", name.trim()));
        let bytes = fs::read(&path)?;
        Ok(fs::write(path, &bytes[..bytes.len() - 20])?)
    })?;
    says(&cut, 4, &["unknown: approval: completeness", "rows/"])?;
    let no_log = checked(&[], |root| {
        Ok(fs::remove_file(root.join("open/approval/applied.jsonl"))?)
    })?;
    says(&no_log, 4, &["unknown: approval: single_change"])
}

/// What check, analyze and report say of one folder each: the same code, which is no pass, and why.
fn no_pass(change: impl Fn(&Path) -> Result<()>) -> Result<Said> {
    let command = |name: &str| -> Result<Said> {
        let place = TempDir::new()?;
        mutation::recorded(place.path())?;
        change(place.path())?;
        said_by(name, &[], place.path())
    };
    let found = command("check")?;
    for other in ["analyze", "report"] {
        let other = command(other)?;
        ensure!(other.code == found.code, "{other:?}\n{found:?}");
        ensure!(!other.err.trim().is_empty(), "silent: {other:?}");
    }
    ensure!(found.code != 0, "{found:?}");
    Ok(found)
}

#[test]
fn what_was_changed_since_the_seal_is_no_pass_for_any_command() -> Result<()> {
    let events = |root: &Path| root.join("open/saga/events.jsonl");
    let lines = |text: &str, keep: fn(&str) -> bool| -> String {
        let kept = text.lines().filter(|line| keep(line));
        kept.map(|line| format!("{line}\n")).collect()
    };
    let appended = no_pass(|root| edit(&events(root), |text| text.repeat(2)))?;
    says(&appended, 4, &["saga/events.jsonl: line 10", "as sealed"])?;
    let without_history = no_pass(|root| {
        edit(&events(root), |text| {
            lines(text, |line| !line.contains("engine_history"))
        })
    })?;
    says(&without_history, 4, &["unknown: saga: history_agrees"])?;
    let negative = no_pass(|root| {
        let path = root.join("open/open-loop/events.jsonl");
        edit(&path, |text| text.replacen("\"value\":", "\"value\":-", 1))
    })?;
    says(&negative, 4, &["unknown: open-loop: samples_agree"])?;
    let dropped = no_pass(|root| {
        edit(&journal(root)?, |text| {
            text.split_inclusive('\n').take(3).collect()
        })
    })?;
    says(&dropped, 4, &["as sealed"])?;
    let unsealed = no_pass(|root| Ok(fs::remove_file(root.join("manifest.json"))?))?;
    says(&unsealed, 4, &["manifest.json: expected the seal"])
}

#[test]
fn a_plan_without_trials_or_with_one_twice_is_no_pass() -> Result<()> {
    let plan = |root: &Path, change: fn(&mut Vec<serde_json::Value>)| -> Result<()> {
        let path = root.join("plan.json");
        let mut plan: serde_json::Value = serde_json::from_slice(&fs::read(&path)?)?;
        change(plan["trials"].as_array_mut().context("trials")?);
        Ok(fs::write(path, plan.to_string())?)
    };
    let empty = no_pass(|root| plan(root, Vec::clear))?;
    says(&empty, 4, &["0 verdicts"])?;
    let twice = no_pass(|root| plan(root, |trials| trials.push(trials[0].clone())))?;
    says(&twice, 2, &["expected each trial once", "twice"])
}

/// A disk that is full is no place where anything was printed.
#[test]
fn output_that_is_lost_is_an_error() -> Result<()> {
    let place = TempDir::new()?;
    mutation::recorded(place.path())?;
    let folder = place.path().to_string_lossy().into_owned();
    for words in [
        vec!["check", &folder],
        vec!["check", "--json", &folder],
        vec!["list"],
        vec!["run", "--plan"],
        vec!["--help"],
        vec!["--version"],
    ] {
        let full = fs::OpenOptions::new().write(true).open("/dev/full")?;
        let output = Command::new(env!("CARGO_BIN_EXE_orchbench"))
            .args(&words)
            .stdin(Stdio::null())
            .stdout(full)
            .output()?;
        let err = String::from_utf8(output.stderr)?;
        ensure!(
            output.status.code() == Some(1),
            "{words:?}: {:?} {err}",
            output.status
        );
        ensure!(err.contains("standard output: "), "{words:?}: {err}");
    }
    Ok(())
}

#[test]
fn a_trial_without_end_is_no_pass() -> Result<()> {
    let cut = checked(&[], |root| {
        let path = root.join("open/approval/events.jsonl");
        edit(&path, |text| text[..text.len() - 20].to_owned())
    })?;
    says(&cut, 4, &["4 of 5 planned trials have an end"])?;
    let none = checked(&[], |root| Ok(fs::remove_dir_all(root.join("open"))?))?;
    says(
        &none,
        4,
        &["0 verdicts", "0 of 5 planned trials have an end"],
    )
}

#[test]
fn a_derived_file_that_was_edited_by_hand_is_named() -> Result<()> {
    let edited = checked(&[], |root| {
        Ok(fs::write(root.join("claims.json"), "{\"claims\": []}\n")?)
    })?;
    says(
        &edited,
        0,
        &["warning: claims.json is not what the raw files give"],
    )
}
