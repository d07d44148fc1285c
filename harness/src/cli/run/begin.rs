//! A new run: its folder, its server, its plan and its environment. Nothing is written before all
//! of them are there, so that a run that cannot be made leaves the folder as it was.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::found::{Found, provision};
use super::{Args, Prepared};
use crate::exit::UsageError;
use crate::profile::Profile;
use crate::{engine, environment, narrow, output};
use orchbench_evidence::record::{Environment, Plan, ResultsFolder};
use orchbench_lab::server::Provisioned;

pub(super) fn prepare(args: &Args) -> anyhow::Result<Prepared> {
    let profile = args.profile()?;
    let mut plan = super::plan(args, &profile)?;
    let root = args.out.clone().unwrap_or_else(|| default_root(&profile));
    let folder = ResultsFolder::create(&root)?;
    let claim = folder.claim()?;
    refuse_results(&root)?;
    let found = ready(args, &profile, &mut plan);
    if found.is_err() {
        // Only an empty folder goes, and one that cannot go does no harm.
        let _ = fs::remove_dir(&root);
    }
    let (server, environment) = found?;
    folder.write_json("environment.json", &environment)?;
    // The last one: a folder with a plan is one to go on with.
    folder.write_json("plan.json", &plan)?;
    let trials = plan.trials.iter();
    let open = trials.filter(|trial| engine::can_make(trial, &environment.unreachable));
    Ok(Prepared {
        open: open.count(),
        folder,
        _claim: claim,
        plan,
        server,
        unreachable: environment.unreachable,
    })
}

fn default_root(profile: &Profile) -> PathBuf {
    let time = jiff::Timestamp::now().strftime("%Y-%m-%dT%H%M%SZ");
    Path::new("reports").join(format!("{time}-{}", profile.name))
}

/// Finds the engines and captures the environment; the plan loses what the server does not let make.
fn ready(
    args: &Args,
    profile: &Profile,
    plan: &mut Plan,
) -> anyhow::Result<(Option<Provisioned>, Environment)> {
    let found = provision(args, plan.trials.iter())?;
    narrow::leave_out_lacking(plan);
    match &found.server {
        Some(server) => narrow(plan, profile, server)?,
        None => say_left_out(plan, "this machine")?,
    }
    let environment = capture(plan, &found);
    Ok((found.server, environment))
}

/// Leaves out what cannot be made on the server, and says so.
pub(super) fn narrow(
    plan: &mut Plan,
    profile: &Profile,
    server: &Provisioned,
) -> anyhow::Result<()> {
    narrow::narrow(plan, profile, server);
    say_left_out(plan, server)
}

fn say_left_out(plan: &Plan, place: impl std::fmt::Display) -> anyhow::Result<()> {
    for left in &plan.left_out {
        output::note(&left.to_string());
    }
    if plan.trials.is_empty() {
        let message = format!("no trial of the profile can be made on {place}");
        return Err(UsageError(message).into());
    }
    Ok(())
}

pub(super) fn capture(plan: &Plan, found: &Found) -> Environment {
    let settings: BTreeSet<String> = plan
        .trials
        .iter()
        .map(|each| each.settings.clone())
        .collect();
    let settings: Vec<String> = settings.into_iter().collect();
    environment::capture(
        &settings,
        found.server.as_ref(),
        found.versions.clone(),
        found.unreachable.clone(),
    )
}

/// A new run goes into an empty folder, or into one where another did not come to its plan: what
/// lay there before would be taken for its own.
fn refuse_results(root: &Path) -> anyhow::Result<()> {
    let context = || format!("cannot list {}", root.display());
    for entry in fs::read_dir(root).with_context(context)? {
        let name = entry.with_context(context)?.file_name();
        let name = name.to_string_lossy();
        if name.starts_with('.') || name == "environment.json" {
            continue;
        }
        let found = match root.join("plan.json").exists() {
            true => "results (add --resume to go on with them)".to_owned(),
            false => format!("{name} in it"),
        };
        let message = format!(
            "--out {}: expected a new folder, found {found}",
            root.display()
        );
        return Err(UsageError(message).into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_run_takes_an_empty_folder_and_one_without_a_plan_but_no_other() -> anyhow::Result<()> {
        let place = tempfile::tempdir()?;
        let root = place.path();
        refuse_results(root)?;
        fs::write(root.join("environment.json"), "{}")?;
        fs::write(root.join(".plan.json.x.partial"), "{")?;
        refuse_results(root)?;
        fs::create_dir(root.join("evidence"))?;
        let refused = refuse_results(root).map_err(|error| error.to_string());
        let words = "expected a new folder, found evidence in it";
        anyhow::ensure!(refused.is_err_and(|error| error.ends_with(words)));
        fs::write(root.join("plan.json"), "{}")?;
        let refused = refuse_results(root).map_err(|error| error.to_string());
        anyhow::ensure!(refused.is_err_and(|error| error.contains("add --resume")));
        Ok(())
    }
}
