//! A run taken up again: what was recorded stays, what differs is refused by name, and there is
//! one at a time.

use std::fs;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use orchbench_evidence::record::ResultsFolder;

use crate::folder::{Folder, text};

const SMALL: [&str; 6] = [
    "run",
    "small.toml",
    "--experiment",
    "overhead",
    "--engine",
    "asset-engine",
];

/// A folder with a finished run of one trial, made in a repository that is not orchbench's.
fn finished() -> Result<Folder> {
    let folder = Folder::new()?;
    for words in [
        vec!["init", "--quiet"],
        vec!["add", "small.toml"],
        vec![
            "-c",
            "user.name=a",
            "-c",
            "user.email=a@b",
            "commit",
            "--quiet",
            "--message=m",
        ],
    ] {
        let git = Command::new("git")
            .args(words)
            .current_dir(folder.path(""))
            .output()?;
        ensure!(git.status.success(), "{}", text(&git));
    }
    let run = folder.orchbench(&[&SMALL[..], &["--out", "results"]].concat())?;
    ensure!(run.status.code() == Some(0), "{}", text(&run));
    Ok(folder)
}

/// `run --resume` with more words ends with a code and says something.
fn resume(folder: &Folder, words: &[&str], code: i32, said: &str) -> Result<()> {
    let resumed = folder.orchbench(&[&["run", "--resume", "--out", "results"], words].concat())?;
    let text = text(&resumed);
    ensure!(
        resumed.status.code() == Some(code),
        "{words:?}: {:?}: {text}",
        resumed.status
    );
    ensure!(text.contains(said), "{words:?}: {text}");
    Ok(())
}

#[test]
fn a_finished_run_stays_as_it_is_and_knows_its_binary() -> Result<()> {
    let folder = finished()?;
    let raw = |name: &str| fs::read(folder.path("results").join(name));
    let before = [
        raw("environment.json")?,
        raw("plan.json")?,
        raw("manifest.json")?,
    ];
    resume(&folder, &["--server", "cache"], 0, "nothing is to be made")?;
    resume(
        &folder,
        &["small.toml", "--engine", "asset-engine"],
        0,
        "nothing is to be made",
    )?;
    for (words, said) in [
        (vec!["standard"], "PROFILE: expected small"),
        (
            vec!["--engine", "temporal"],
            "--engine: expected asset-engine",
        ),
        (
            vec!["--experiment", "retries"],
            "--experiment: expected overhead",
        ),
        (vec!["--plan"], "--plan"),
    ] {
        resume(&folder, &words, 2, said)?;
    }
    let after = [
        raw("environment.json")?,
        raw("plan.json")?,
        raw("manifest.json")?,
    ];
    ensure!(before == after, "a run that made nothing has written");

    // The commit is the binary's own, wherever it runs.
    let commit = ResultsFolder::open(&folder.path("results"))?
        .environment()?
        .commit;
    let source = Command::new("git")
        .args(["-C", env!("CARGO_MANIFEST_DIR"), "rev-parse", "HEAD"])
        .output()?;
    let own = match source.status.success() {
        true => String::from_utf8(source.stdout)?,
        false => "unknown".to_owned(),
    };
    let commit = commit.context("a commit")?;
    ensure!(
        commit.trim_end_matches("-dirty") == own.trim(),
        "{commit}, built from {own}"
    );
    Ok(())
}

#[test]
fn evidence_that_was_changed_is_not_gone_on_with() -> Result<()> {
    let folder = finished()?;
    let results = ResultsFolder::open(&folder.path("results"))?;
    let mut environment = results.environment()?;
    environment.cpus += 1;
    results.write_json("environment.json", &environment)?;
    resume(
        &folder,
        &[],
        2,
        "environment.json: expected the raw files of the run to go on with",
    )?;
    // A trial that is to be made is made where the others were.
    results.unseal()?;
    fs::remove_dir_all(folder.path("results/evidence"))?;
    resume(&folder, &[], 2, "cpus: expected")?;
    ensure!(results.environment()? == environment, "another environment");
    environment.cpus -= 1;
    results.write_json("environment.json", &environment)?;
    resume(&folder, &[], 0, "report: ")
}

#[test]
fn two_at_once_are_refused() -> Result<()> {
    let folder = finished()?;
    let results = ResultsFolder::open(&folder.path("results"))?;
    let claim = results.claim()?;
    resume(&folder, &[], 2, "found a run that goes on in it")?;
    drop(claim);
    resume(&folder, &[], 0, "nothing is to be made")
}

#[test]
fn a_plan_that_leads_out_of_the_folder_is_refused() -> Result<()> {
    let folder = finished()?;
    let path = folder.path("results/plan.json");
    let mut plan: serde_json::Value = serde_json::from_slice(&fs::read(&path)?)?;
    plan["trials"][0]["id"] = "../../led-out".into();
    fs::write(&path, plan.to_string())?;
    resume(
        &folder,
        &[],
        2,
        "trial \"../../led-out\": expected a plain file name",
    )?;
    for place in ["led-out", "../led-out", "results/led-out"] {
        ensure!(!folder.path(place).exists(), "{place}");
    }
    Ok(())
}

#[test]
fn a_folder_whose_engine_was_out_of_reach_can_be_used_and_gone_on_with() -> Result<()> {
    let folder = Folder::new()?;
    let nobody = ["--temporal-address", "127.0.0.1:1"];
    let temporal = [
        "run",
        "small.toml",
        "--engine",
        "temporal",
        "--out",
        "results",
    ];
    let unreached = folder.orchbench(&[&temporal[..], &nobody].concat())?;
    ensure!(unreached.status.code() == Some(5), "{}", text(&unreached));
    ensure!(
        !folder.path("results").exists(),
        "nothing was made, and a folder is left"
    );
    let words = [
        "run",
        "small.toml",
        "--experiment",
        "overhead",
        "--out",
        "results",
    ];
    let other = folder.orchbench(&[&words[..], &nobody].concat())?;
    ensure!(other.status.code() == Some(5), "{}", text(&other));
    let results = ResultsFolder::open(&folder.path("results"))?;
    let engines = results.plan()?.trials;
    ensure!(
        engines.iter().any(|trial| trial.engine == "temporal"),
        "gone from the plan"
    );
    // Nobody is there yet: nothing changes.
    let seal = results.seal_digest()?;
    let resumed =
        folder.orchbench(&[&["run", "--resume", "--out", "results"], &nobody[..]].concat())?;
    ensure!(resumed.status.code() == Some(5), "{}", text(&resumed));
    ensure!(seal.is_some() && results.seal_digest()? == seal);
    Ok(())
}
