//! `orchbench list`: what there is, and what of it is available here.

use serde_json::json;

use crate::exit::Exit;
use crate::{engine, experiment, fault, output, profile, scenario};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Print as JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> anyhow::Result<Exit> {
    let sections = sections()?;
    if args.json {
        let object: serde_json::Map<String, serde_json::Value> = sections
            .into_iter()
            .map(|(title, rows)| {
                let rows: Vec<_> = rows
                    .into_iter()
                    .map(|[name, what, state]| json!({"name": name, "what": what, "state": state}))
                    .collect();
                (title.to_owned(), rows.into())
            })
            .collect();
        output::json(&object)?;
        return Ok(Exit::Done);
    }
    for (title, rows) in sections {
        output::line(&format!("{title}:"));
        let rows: Vec<Vec<String>> = rows
            .into_iter()
            .map(|[name, what, state]| vec![format!("  {name}"), what, state])
            .collect();
        output::table(&rows);
        output::line("");
    }
    Ok(Exit::Done)
}

type Section = (&'static str, Vec<[String; 3]>);

fn sections() -> anyhow::Result<Vec<Section>> {
    let engines = engine::all().into_iter().map(|each| {
        let state = match (each.available)() {
            Ok(how) => format!("available: {how}"),
            Err(why) => format!("not available: {why}"),
        };
        [each.name.to_owned(), each.what.to_owned(), state]
    });
    let experiments = experiment::all().map(|each| {
        [
            each.name.to_owned(),
            each.question.to_owned(),
            String::new(),
        ]
    });
    let faults = fault::all().map(|each| {
        let state = match (each.available)() {
            Ok(()) => "possible".to_owned(),
            Err(why) => format!("not possible here: {why}"),
        };
        [each.name.to_owned(), each.what.to_owned(), state]
    });
    let scenarios = scenario::all()?
        .into_iter()
        .map(|each| [each.name, each.title, each.experiment]);
    let claims = orchbench_evidence::claim::all()?
        .into_iter()
        .map(|each| [each.name, each.text.title, String::new()]);
    let mut profiles = Vec::new();
    for each in profile::embedded()? {
        let minutes = super::run::profile_minutes(&each)?;
        let takes = format!("about {minutes:.0} minutes");
        profiles.push([each.name, each.description, takes]);
    }
    Ok(vec![
        ("engines", engines.collect()),
        ("experiments", experiments.into()),
        ("faults", faults.into()),
        ("settings", settings()),
        ("scenarios", scenarios.collect()),
        ("claims", claims.collect()),
        ("profiles", profiles),
    ])
}

/// Every named set of settings: the default one whole, the others by what differs from it.
fn settings() -> Vec<[String; 3]> {
    let described = |name: &str| engine::settings(name).map(|each| each.describe());
    let default = described("default").unwrap_or_default();
    let row = |name: &str| {
        let values = described(name)?;
        let values: Vec<String> = values
            .into_iter()
            .filter(|(setting, value)| name == "default" || default.get(setting) != Some(value))
            .map(|(setting, value)| format!("{setting} = {value}"))
            .collect();
        Some([name.to_owned(), values.join(", "), String::new()])
    };
    engine::settings_names()
        .into_iter()
        .filter_map(row)
        .collect()
}
