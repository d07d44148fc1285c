//! How long a profile takes is said by its plan, and by no prose.

use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};

fn said(words: &[&str]) -> Result<String> {
    let output = Command::new(env!("CARGO_BIN_EXE_orchbench"))
        .args(words)
        .stdin(Stdio::null())
        .output()?;
    ensure!(output.status.success(), "{words:?}: {output:?}");
    Ok(String::from_utf8(output.stdout)?)
}

#[test]
fn list_says_how_long_a_profile_takes_as_its_plan_does() -> Result<()> {
    let list: serde_json::Value = serde_json::from_str(&said(&["list", "--json"])?)?;
    let profiles = list["profiles"].as_array().context("no profiles")?;
    ensure!(profiles.len() >= 3, "{profiles:?}");
    for profile in profiles {
        let name = profile["name"].as_str().context("no name")?;
        let plan = said(&["run", name, "--plan"])?;
        let all = plan.lines().find(|line| line.starts_with("all "));
        let all = all.context("no sum")?;
        let minutes = all.split_whitespace().last().context("no minutes")?;
        let minutes: f64 = minutes.parse()?;
        let about = profile["state"].as_str().context("no state")?;
        let listed = about
            .strip_prefix("about ")
            .and_then(|rest| rest.strip_suffix(" minutes"))
            .with_context(|| format!("{name}: {about}"))?;
        let listed: f64 = listed.parse()?;
        ensure!((listed - minutes).abs() <= 0.55, "{name}: {about}, {all}");
        // What is promised of them.
        let most = match name {
            "quick" => 10.0,
            "standard" => 60.0,
            _ => f64::INFINITY,
        };
        ensure!(minutes <= most, "{name}: {all}");
    }
    Ok(())
}

#[test]
fn no_prose_says_how_long_a_profile_takes() -> Result<()> {
    let list: serde_json::Value = serde_json::from_str(&said(&["list", "--json"])?)?;
    let profiles = list["profiles"].as_array().context("no profiles")?;
    let described = profiles.iter().filter_map(|each| each["what"].as_str());
    let mut texts: Vec<String> = described.map(str::to_owned).collect();
    texts.push(said(&["run", "--help"])?);
    texts.push(include_str!("../../README.md").to_owned());
    for text in texts {
        for line in text.lines().filter(|line| !line.starts_with('|')) {
            let words = line.split(|c: char| !c.is_alphanumeric());
            let told = words.map(str::to_lowercase);
            let told: Vec<String> = told
                .filter(|word| ["minute", "minutes", "hour", "hours"].contains(&word.as_str()))
                .collect();
            ensure!(told.is_empty(), "{told:?}: {line}");
        }
    }
    Ok(())
}
