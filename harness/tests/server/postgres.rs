//! Temporal on PostgreSQL in containers: killed and restarted, swept after its owner, and
//! a whole run on it.

use std::collections::HashMap;
use std::process::Command;
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use orchbench_lab::process::{OWNER_LABEL, TempFolder, block_on_background, docker, owner_tag};
use orchbench_lab::server::{LocalServer, Postgres, Provisioned, ServerSettings, ServerSpec};
use testcontainers::bollard::query_parameters::{ListContainersOptions, ListNetworksOptions};

use crate::images::images;
use crate::lifecycle::{start_workflow, survives_sigkill, workflow_run};
use crate::processes::SWEEPER_ROLE;
use crate::role::{Role, has_role, say, wait_to_be_killed};
use crate::{eventually, run_on_docker, use_built_binary};

const OWNER_ROLE: &str = "postgres::role_owner_of_a_stack";

/// A worker killed on each engine, and the server killed.
const PROFILE: &str = r#"
description = "the test's own"
seed = 7

[[scenario]]
name = "restart-survival"
blocks = 1
parameters = { steps = ["load"], points = ["after_effect"], arms = ["supervised"], server_kill_sources = ["one-day", "one-day-EWR", "one-day-JFK", "one-day-LGA"] }
"#;

#[test]
fn temporal_on_postgres_survives_sigkill_of_server_and_database() -> Result<()> {
    use_built_binary();
    let Some(images) = images() else {
        return Ok(());
    };
    let folder = TempFolder::create("test-stack")?;
    let postgres = Arc::new(Postgres::start(&images)?);
    let spec = ServerSpec {
        postgres: Some(Arc::clone(&postgres)),
        ..ServerSpec::new(folder.path()).settings(ServerSettings::tuned())
    };
    let mut server = LocalServer::start(&Provisioned::Docker(images), &spec)?;
    survives_sigkill(&mut server)?;

    postgres.kill()?;
    postgres.start_again()?;
    let address = server.address().to_owned();
    eventually("the server has its database again", || {
        Ok(workflow_run(&address).is_ok())
    })?;
    let warehouse = orchbench_etl::Warehouse::open(&postgres.warehouse_url())?;
    ensure!(
        warehouse.applied()?.is_empty(),
        "a fresh warehouse has a log"
    );
    drop(warehouse);

    let owner = owner_tag()?;
    ensure!(owned(&owner)?.len() == 3, "{:?}", owned(&owner)?);
    server.stop()?;
    drop((spec, postgres));
    ensure!(owned(&owner)?.is_empty(), "left: {:?}", owned(&owner)?);
    Ok(())
}

#[test]
fn a_stack_goes_with_its_killed_owner() -> Result<()> {
    use_built_binary();
    if images().is_none() {
        return Ok(());
    }
    let state = TempFolder::create("test-state")?;
    let mut owner = Role::start(OWNER_ROLE, state.path())?;
    let tag = owner.line("owner ")?;
    let there = owned(&tag)?;
    ensure!(
        there.len() == 3,
        "expected two containers and a network, found {there:?}"
    );
    owner.kill()?;
    eventually("containers and network are gone", || {
        Ok(owned(&tag)?.is_empty())
    })
}

#[test]
fn the_next_sweep_removes_the_stack_of_a_killed_owner_and_guard() -> Result<()> {
    use_built_binary();
    if images().is_none() {
        return Ok(());
    }
    let state = TempFolder::create("test-state")?;
    let mut owner = Role::start(OWNER_ROLE, state.path())?;
    let tag = owner.line("owner ")?;
    let pid = tag.split('-').next().context("the owner's pid")?;
    kill_guard(pid.parse()?)?;
    owner.kill()?;
    ensure!(
        owned(&tag)?.len() == 3,
        "nobody is left who could remove them"
    );

    let swept = Role::start(SWEEPER_ROLE, state.path())?.rest()?;
    ensure!(
        owned(&tag)?.is_empty(),
        "left: {:?}, swept: {swept:?}",
        owned(&tag)?
    );
    Ok(())
}

#[test]
fn role_owner_of_a_stack() -> Result<()> {
    if !has_role(OWNER_ROLE) {
        return Ok(());
    }
    use_built_binary();
    let images = images().context("the images")?;
    let folder = TempFolder::create("test-stack")?;
    let server = LocalServer::start(
        &Provisioned::Docker(images),
        &ServerSpec::new(folder.path()),
    )?;
    start_workflow(server.address())?;
    say("owner ", &owner_tag()?)?;
    wait_to_be_killed()
}

#[test]
fn a_run_on_postgres_is_right_and_names_its_images() -> Result<()> {
    let Some(images) = images() else {
        return Ok(());
    };
    let folder = run_on_docker(PROFILE)?;
    let read = std::fs::read_to_string(folder.path().join("results/environment.json"))?;
    let environment: serde_json::Value = serde_json::from_str(&read)?;
    let server = &environment["server"];
    ensure!(server["store"] == "PostgreSQL", "{server}");
    let named = server["images"].as_array().context("images")?;
    for image in images.all() {
        ensure!(
            named.iter().any(|each| each["name"] == *image.name
                && each["id"] == *image.id
                && each["local_build"] == image.local_build),
            "{} is not in {server}",
            image.name
        );
    }
    ensure!(read.contains("warehouse (PostgreSQL)"), "{read}");
    Ok(())
}

/// Kills the process that would remove at once what its owner leaves.
pub(crate) fn kill_guard(owner: u32) -> Result<()> {
    let guard = Command::new("pgrep")
        .args(["-P", &owner.to_string(), "-f", "orchbench guard"])
        .output()?;
    let guard: i32 = String::from_utf8(guard.stdout)?
        .trim()
        .parse()
        .context("the guard's pid")?;
    let guard = rustix::process::Pid::from_raw(guard).context("the guard's pid")?;
    rustix::process::kill_process(guard, rustix::process::Signal::KILL)?;
    Ok(())
}

/// Containers and networks that carry an owner's label, by name.
pub(crate) fn owned(owner: &str) -> Result<Vec<String>> {
    let label = format!("{OWNER_LABEL}={owner}");
    let filters = HashMap::from([("label".to_owned(), vec![label])]);
    block_on_background(async move {
        let docker = docker().await?;
        let options = ListContainersOptions {
            all: true,
            filters: Some(filters.clone()),
            ..Default::default()
        };
        let containers = docker.list_containers(Some(options)).await?;
        let options = ListNetworksOptions {
            filters: Some(filters),
        };
        let networks = docker.list_networks(Some(options)).await?;
        let names = containers
            .into_iter()
            .flat_map(|each| each.names.unwrap_or_default());
        anyhow::Ok(
            names
                .chain(networks.into_iter().filter_map(|each| each.name))
                .collect(),
        )
    })?
}
