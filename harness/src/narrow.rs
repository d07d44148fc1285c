//! What of a plan the server at hand lets make. The rest is left out before the first trial,
//! and named with its reason in plan.json and in the report.

use std::collections::BTreeSet;

use crate::engine;
use crate::experiment;
use crate::fault::{self, Needs};
use crate::profile::Profile;
use orchbench_evidence::record::{LeftOut, Plan, TrialPlan};
use orchbench_lab::server::Provisioned;

/// Leaves out the trials that cannot be made on a server, or not as often, and says in the
/// plan which and why.
pub fn narrow(plan: &mut Plan, profile: &Profile, server: &Provisioned) {
    match server {
        Provisioned::Address(named) => leave_out_own_server(plan, &named.address),
        Provisioned::Docker(_) => leave_out_blocks(plan, profile),
        Provisioned::Program(_) | Provisioned::DevServer { .. } => {
            leave_out_faults(plan, Needs::Container, "the server is in no container");
        }
        Provisioned::DockerDev(_) => {}
    }
}

/// Leaves out the trials of experiments that lack a program on this machine.
pub fn leave_out_lacking(plan: &mut Plan) {
    for name in experiment::names() {
        if plan.trials.iter().all(|trial| trial.experiment != name) {
            continue;
        }
        if let Some(reason) = experiment::lacks(name) {
            let what = format!("experiment {name}");
            leave_out(plan, &what, &reason, |trial| trial.experiment == name);
        }
    }
}

/// A server that the user names cannot be set, killed, or cut off from here.
fn leave_out_own_server(plan: &mut Plan, address: &str) {
    let reason = format!("the server at {address} is not ours");
    for name in engine::settings_names() {
        let set = engine::settings(name)
            .is_some_and(|settings| !settings.server().dynamic_config.is_empty());
        leave_out(
            plan,
            &format!("settings {name} of a server"),
            &reason,
            |trial| set && engine::needs_server(trial) && trial.settings == name,
        );
    }
    leave_out(plan, "time skipped by a server", &reason, |trial| {
        let clock = trial.factors.get(experiment::CLOCK);
        engine::needs_server(trial) && clock.is_some_and(|clock| clock == experiment::SKIPPED)
    });
    leave_out_faults(plan, Needs::OwnServer, &reason);
}

/// Leaves out the faults that need of Temporal's server what is missing, or more.
fn leave_out_faults(plan: &mut Plan, missing: Needs, reason: &str) {
    for fault in fault::all() {
        let what = format!("fault {} on a server", fault.name);
        leave_out(plan, &what, reason, |trial| {
            engine::needs_server(trial)
                && fault.needs >= missing
                && trial.faults.iter().any(|name| name == fault.name)
        });
    }
}

/// In containers each trial starts servers of its own: the profile may ask for fewer blocks.
pub fn leave_out_blocks(plan: &mut Plan, profile: &Profile) {
    // Of a scenario that comes twice, each entry has trials and a number of its own.
    let Ok(resolved) = profile.resolve() else {
        return;
    };
    for (entry, (scenario, _)) in profile.scenarios.iter().zip(resolved) {
        let Some(blocks) = entry.docker_blocks.filter(|blocks| *blocks < entry.blocks) else {
            continue;
        };
        let planned = experiment::plan(&scenario, entry.blocks).unwrap_or_default();
        let beyond = planned.trials.iter().filter(|trial| trial.block >= blocks);
        let beyond: BTreeSet<&str> = beyond.map(|trial| trial.id.as_str()).collect();
        let what = format!(
            "scenario {}: blocks: {blocks} instead of {}",
            entry.name, entry.blocks
        );
        let reason = "in containers each trial starts servers of its own (docker_blocks)";
        leave_out(plan, &what, reason, |trial| {
            beyond.contains(trial.id.as_str())
        });
    }
}

fn leave_out(plan: &mut Plan, what: &str, reason: &str, out: impl Fn(&TrialPlan) -> bool) {
    let before = plan.trials.len();
    plan.trials.retain(|trial| !out(trial));
    let trials = before - plan.trials.len();
    if trials > 0 {
        plan.left_out.push(LeftOut {
            what: what.to_owned(),
            trials,
            reason: reason.to_owned(),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile;
    use orchbench_evidence::record::FORMAT_VERSION;
    use orchbench_lab::server::{Image, NamedAddress, StackImages};

    fn planned(profile: &Profile) -> anyhow::Result<Plan> {
        let mut trials = Vec::new();
        for (scenario, blocks) in profile.resolve()? {
            trials.extend(experiment::plan(&scenario, blocks)?.trials);
        }
        Ok(Plan {
            format_version: FORMAT_VERSION,
            profile: profile.name.clone(),
            seed: profile.seed,
            engines: Vec::new(),
            trials,
            left_out: Vec::new(),
        })
    }

    #[test]
    fn on_a_named_server_what_needs_one_of_ours_is_left_out_and_named() -> anyhow::Result<()> {
        let profile = profile::find("full")?;
        let mut plan = planned(&profile)?;
        let before = plan.clone();
        let address = NamedAddress::from_flag("localhost:7233")?;
        narrow(&mut plan, &profile, &Provisioned::Address(address));

        let left: usize = plan.left_out.iter().map(|each| each.trials).sum();
        assert_eq!(plan.trials.len() + left, before.trials.len());
        let on = |plan: &Plan, settings: &str| {
            let mut trials = plan.trials.iter();
            trials.any(|each| each.engine == "temporal" && each.settings == settings)
        };
        assert!(on(&plan, "default") && on(&plan, "tuned-sticky"));
        assert!(on(&before, "tuned") && !on(&plan, "tuned"));
        let embedded = |plan: &Plan| {
            let trials = plan.trials.iter();
            trials.filter(|each| each.engine != "temporal").count()
        };
        assert_eq!(embedded(&plan), embedded(&before));
        for each in &plan.left_out {
            assert!(each.reason.contains("localhost:7233"), "{each:?}");
        }
        Ok(())
    }

    #[test]
    fn each_fault_of_a_fault_plan_counts() -> anyhow::Result<()> {
        let profile = profile::find("full")?;
        let mut plan = planned(&profile)?;
        for trial in &mut plan.trials {
            "default".clone_into(&mut trial.settings);
        }
        let address = NamedAddress::from_flag("localhost:7233")?;
        narrow(&mut plan, &profile, &Provisioned::Address(address));
        for name in [fault::CUT_NETWORK, fault::KILL_SERVER, fault::PAUSE_SERVER] {
            let what = format!("fault {name} on a server");
            assert!(
                plan.left_out.iter().any(|each| each.what == what),
                "{what} is not among {:?}",
                plan.left_out
            );
        }
        Ok(())
    }

    #[test]
    fn a_process_is_taken_off_no_network_of_containers() -> anyhow::Result<()> {
        let profile = profile::find("full")?;
        let mut plan = planned(&profile)?;
        let program = Provisioned::DevServer {
            path: "temporal".into(),
            version: "1".into(),
        };
        narrow(&mut plan, &profile, &program);
        let [left] = plan.left_out.as_slice() else {
            anyhow::bail!("expected one line, found {:?}", plan.left_out);
        };
        assert_eq!(left.what, "fault disconnect-network on a server");
        assert!(left.trials > 0);
        Ok(())
    }

    #[test]
    fn in_containers_a_scenario_has_the_blocks_of_its_profile() -> anyhow::Result<()> {
        let mut profile = profile::find("quick")?;
        for entry in &mut profile.scenarios {
            entry.docker_blocks = (entry.name == "throughput").then_some(1);
        }
        let mut plan = planned(&profile)?;
        let before = plan.clone();
        let image = Image {
            name: "image:1".into(),
            id: "sha256:0".into(),
            local_build: true,
        };
        let images = StackImages {
            postgres: image.clone(),
            admin_tools: image.clone(),
            server: image,
        };
        narrow(&mut plan, &profile, &Provisioned::Docker(images.clone()));
        let of = |plan: &Plan, throughput: bool| {
            let trials = plan.trials.iter();
            trials
                .filter(|each| (each.scenario == "throughput") == throughput)
                .count()
        };
        assert_eq!(of(&plan, false), of(&before, false));
        assert_eq!(of(&plan, true) * 3, of(&before, true));
        let [left] = plan.left_out.as_slice() else {
            anyhow::bail!("expected one line, found {:?}", plan.left_out);
        };
        assert_eq!(left.what, "scenario throughput: blocks: 1 instead of 3");
        // Of a scenario that comes twice, each entry has a number of its own.
        let restarts = profile
            .scenarios
            .iter()
            .rposition(|each| each.name == "restart-survival");
        profile.scenarios[restarts.unwrap_or_default()].docker_blocks = Some(1);
        let mut plan = before.clone();
        narrow(&mut plan, &profile, &Provisioned::Docker(images));
        let of = |plan: &Plan, engine: &str| {
            let trials = plan.trials.iter();
            let here = trials.filter(|each| each.scenario == "restart-survival");
            here.filter(|each| each.engine == engine).count()
        };
        assert_eq!(of(&plan, "temporal"), of(&before, "temporal"));
        assert_eq!(of(&plan, "dagster") * 3, of(&before, "dagster"));
        Ok(())
    }
}
