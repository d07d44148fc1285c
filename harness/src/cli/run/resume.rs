//! A run taken up again: what is missing is made, by the same plan, in the same environment.
//! What was recorded of the first start stays; what would differ from it is refused by name.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::begin::{capture, narrow};
use super::found::provision;
use super::{Args, Prepared};
use crate::engine::TrialError;
use crate::exit::UsageError;
use crate::profile::{self, Profile};
use crate::{output, runner};
use orchbench_evidence::record::{
    DamageKind, Environment, FolderError, Packing, Plan, ResultsFolder, TrialPlan,
};

pub(super) fn prepare(args: &Args) -> anyhow::Result<Prepared> {
    let root = args.out.clone().unwrap_or_default();
    let folder = ResultsFolder::open(&root)?;
    let claim = folder.claim()?;
    let mut plan = folder.plan()?;
    same_words(args, &plan)?;
    let first = folder.environment()?;
    let mut open = open_trials(&folder, &plan)?;
    refuse_changed(&folder, &open)?;
    let (mut server, mut unreachable) = (None, BTreeMap::new());
    if open.is_empty() {
        output::note("every trial of the plan has its end: nothing is to be made");
        if folder.seal_digest()?.is_none() {
            folder.pack(&plan, Packing::RunOver)?;
            folder.seal()?;
        }
    } else {
        let found = provision(args, open.iter())?;
        let now = capture(&plan, &found);
        let environment = gone_on(&first, &now)?;
        folder.unseal()?;
        server = found.server;
        unreachable = found.unreachable;
        if environment != first {
            if let Some(server) = &server {
                let profile = recorded_profile(args, &plan)?;
                narrow(&mut plan, &profile, server)?;
                folder.write_json("plan.json", &plan)?;
                open = open_trials(&folder, &plan)?;
            }
            folder.write_json("environment.json", &environment)?;
        }
    }
    Ok(Prepared {
        folder,
        _claim: claim,
        plan,
        open: open.len(),
        server,
        unreachable,
    })
}

fn open_trials(folder: &ResultsFolder, plan: &Plan) -> anyhow::Result<Vec<TrialPlan>> {
    let mut open = Vec::new();
    for trial in &plan.trials {
        if !runner::is_complete(folder, trial)? {
            open.push(trial.clone());
        }
    }
    Ok(open)
}

/// The words on the command line say what the plan says, where they say anything.
fn same_words(args: &Args, plan: &Plan) -> anyhow::Result<()> {
    let differs = |what: &str, planned: &str, asked: &str| {
        UsageError(format!(
            "{what}: expected {planned}, by which the run to go on with was planned, found {asked} (leave it out, or begin a new run)"
        ))
    };
    if args.profile.is_some() {
        let asked = args.profile()?.name;
        if asked != plan.profile {
            return Err(differs("PROFILE", &plan.profile, &asked).into());
        }
    }
    let planned = |of: fn(&TrialPlan) -> &String| -> BTreeSet<&String> {
        plan.trials.iter().map(of).collect()
    };
    for (flag, asked, planned) in [
        ("--engine", &args.engine, planned(|trial| &trial.engine)),
        (
            "--experiment",
            &args.experiment,
            planned(|trial| &trial.experiment),
        ),
    ] {
        let asked: BTreeSet<&String> = asked.iter().collect();
        if !asked.is_empty() && asked != planned {
            return Err(differs(flag, &listed(&planned), &listed(&asked)).into());
        }
    }
    Ok(())
}

fn listed(names: &BTreeSet<&String>) -> String {
    let names: Vec<&str> = names.iter().map(|name| name.as_str()).collect();
    names.join(",")
}

/// A trial that was lost is made again; what else was changed, added or removed since the run was
/// sealed would be sealed as if it had been measured so.
fn refuse_changed(folder: &ResultsFolder, open: &[TrialPlan]) -> Result<(), FolderError> {
    let made_again = |file: &str| {
        let trial = file.split('/').next();
        open.iter().any(|each| trial == Some(&each.id))
    };
    for damage in folder.damages()? {
        match damage.kind {
            DamageKind::NotSealed => continue,
            DamageKind::Missing if made_again(&damage.file) => continue,
            _ => {}
        }
        return Err(FolderError::Unexpected {
            path: damage.file.into(),
            expected: "the raw files of the run to go on with, as they were written".to_owned(),
            found: damage.kind.to_string(),
        });
    }
    Ok(())
}

/// The profile of the plan, for what the server lets make of it.
fn recorded_profile(args: &Args, plan: &Plan) -> anyhow::Result<Profile> {
    let name = args.profile.as_deref().unwrap_or(&plan.profile);
    profile::find(name).map_err(|error| {
        anyhow::Error::new(error).context("name the profile's file beside --resume")
    })
}

/// The environment of the run that goes on: the first one. An engine that was out of reach then is
/// added to it, since no trial was made on another.
///
/// # Errors
/// When the surroundings are others, each named with what it was and what it is.
fn gone_on(first: &Environment, now: &Environment) -> anyhow::Result<Environment> {
    let mut expected = first.clone();
    let reached = |name: &String| !first.unreachable.contains_key(name);
    if let Some((engine, reason)) = now.unreachable.iter().find(|(name, _)| reached(name)) {
        let (engine, reason) = (engine.clone(), reason.clone());
        return Err(TrialError::Unreachable { engine, reason }.into());
    }
    expected.unreachable.clone_from(&now.unreachable);
    for (engine, version) in &now.versions {
        let versions = &mut expected.versions;
        versions
            .entry(engine.clone())
            .or_insert_with(|| version.clone());
    }
    if let (None, Some(_)) = (&first.server, &now.server) {
        expected.server = now.server.clone();
        expected.durability = now.durability.clone();
    }
    // What is of one start, what only the trials on a server have, and the versions of engines that
    // have no open trial.
    let mut free = vec![
        "format_version",
        "started_at",
        "load_1m",
        "foreign_share",
        "unreachable",
        "versions",
    ];
    if now
        .versions
        .iter()
        .any(|(name, version)| expected.versions.get(name) != Some(version))
    {
        free.pop();
    }
    if now.server.is_none() {
        free.extend(["server", "durability"]);
    }
    let (was, is) = (fields(&expected)?, fields(now)?);
    let differing: Vec<String> = was
        .iter()
        .filter(|(name, _)| !free.contains(&name.as_str()))
        .filter_map(|(name, was)| {
            let is = is.get(name).unwrap_or(&Value::Null);
            (is != was).then(|| format!("{name}: expected {was}, found {is}"))
        })
        .collect();
    if differing.is_empty() {
        return Ok(expected);
    }
    let message = format!(
        "--resume: a run is made in one environment, that of its environment.json; here {} (begin a new run)",
        differing.join("; ")
    );
    Err(UsageError(message).into())
}

fn fields(environment: &Environment) -> anyhow::Result<serde_json::Map<String, Value>> {
    match serde_json::to_value(environment)? {
        Value::Object(fields) => Ok(fields),
        other => anyhow::bail!("an environment is an object, not {other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use orchbench_evidence::record::ServerRecord;

    fn environment() -> Environment {
        crate::environment::capture(
            &["default".to_owned()],
            None,
            BTreeMap::new(),
            BTreeMap::new(),
        )
    }

    fn server(version: &str) -> Option<ServerRecord> {
        Some(ServerRecord {
            way: "cache".into(),
            version: version.into(),
            api_version: None,
            sdk_version: None,
            store: "SQLite".into(),
            local_image_build: false,
            images: Vec::new(),
        })
    }

    #[test]
    fn the_first_environment_stays_and_what_differs_is_refused_by_name() -> anyhow::Result<()> {
        let first = Environment {
            server: server("1.0"),
            ..environment()
        };
        let later = Environment {
            started_at: "2126-01-01T00:00:00Z".into(),
            load_1m: first.load_1m + 1.0,
            foreign_share: Some(0.5),
            ..first.clone()
        };
        anyhow::ensure!(gone_on(&first, &later)? == first);
        let without = Environment {
            server: None,
            ..later.clone()
        };
        anyhow::ensure!(gone_on(&first, &without)? == first, "no server is needed");
        for (other, words) in [
            (
                Environment {
                    kernel: "7".into(),
                    ..later.clone()
                },
                "kernel: expected",
            ),
            (
                Environment {
                    commit: Some("c".into()),
                    ..later.clone()
                },
                "commit: expected",
            ),
            (
                Environment {
                    cpus: 999,
                    ..later.clone()
                },
                "found 999",
            ),
            (
                Environment {
                    server: server("2.0"),
                    ..later.clone()
                },
                "\"version\":\"2.0\"",
            ),
        ] {
            let refused = gone_on(&first, &other).map_err(|error| error.to_string());
            anyhow::ensure!(
                refused.as_ref().is_err_and(|error| error.contains(words)),
                "{words}: {refused:?}"
            );
        }
        Ok(())
    }

    #[test]
    fn a_server_that_was_out_of_reach_is_added() -> anyhow::Result<()> {
        let first = Environment {
            unreachable: BTreeMap::from([("temporal".into(), "nobody".into())]),
            ..environment()
        };
        let now = Environment {
            server: server("1.0"),
            ..environment()
        };
        let on = gone_on(&first, &now)?;
        anyhow::ensure!(on.server == now.server && on.unreachable.is_empty());
        anyhow::ensure!(on.started_at == first.started_at);
        Ok(())
    }
}
