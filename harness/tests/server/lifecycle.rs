//! A server of ours over its life: as a process and as a container.

use std::net::{TcpListener, TcpStream};
use std::process::{Command, Output, Stdio};

use anyhow::{Context as _, Result, ensure};
use orchbench_lab::process::{ProcessIdentity, TempFolder, block_on_background, docker};
use orchbench_lab::server::{
    Choice, LocalServer, Provisioned, ServerError, ServerSettings, ServerSpec, connection_options,
    find, provision,
};
use temporalio_client::Connection;
use temporalio_client::tonic::IntoRequest as _;
use temporalio_common::protos::temporal::api::common::v1::{WorkflowExecution, WorkflowType};
use temporalio_common::protos::temporal::api::taskqueue::v1::TaskQueue;
use temporalio_common::protos::temporal::api::workflowservice::v1::{
    DescribeWorkflowExecutionRequest, StartWorkflowExecutionRequest,
};

use crate::processes::elsewhere;
use crate::role::{Role, has_role, say, wait_to_be_killed};
use crate::{eventually, use_built_binary};

const OWNER_ROLE: &str = "lifecycle::role_owner_of_a_container";

/// `temporal-server` from the cache, or provisioned into it.
fn program() -> Result<Provisioned> {
    Ok(provision(&Choice::Cache, &|what, _| eprintln!("{what}"))?)
}

#[test]
fn a_server_survives_sigkill_on_the_same_file_and_port() -> Result<()> {
    use_built_binary();
    let folder = TempFolder::create("test-server")?;
    let spec = ServerSpec::new(folder.path()).settings(ServerSettings::tuned());
    let mut server = LocalServer::start(&program()?, &spec)?;
    survives_sigkill(&mut server)?;
    let pid = server.pid()?.context("the server runs")?;
    let identity = ProcessIdentity::of(pid)?;
    server.stop()?;
    ensure!(
        !identity.alive(),
        "the server process {pid} outlives stop()"
    );
    Ok(())
}

/// Starts a workflow, kills the server, and finds the workflow after the restart.
pub(crate) fn survives_sigkill(server: &mut LocalServer) -> Result<()> {
    let address = server.address().to_owned();
    ensure!(!server.versions().server.is_empty(), "no server version");
    let run_id = start_workflow(&address)?;
    let before = server.pid()?.context("the server runs")?;
    server.kill()?;
    ensure!(server.pid()?.is_none(), "a pid after the kill");
    ensure!(
        TcpStream::connect(&address).is_err(),
        "the port answers after the kill"
    );
    let ready = server.restart()?;
    println!("restarted in {:?} on {address}", ready.waited);
    ensure!(
        server.address() == address,
        "another address after the restart"
    );
    ensure!(
        server.pid()?.is_some_and(|pid| pid != before),
        "the same process"
    );
    ensure!(workflow_run(&address)? == run_id, "the workflow is lost");
    Ok(())
}

#[test]
fn a_server_by_hand_is_seen_where_its_process_is_not() -> Result<()> {
    use_built_binary();
    program()?;
    let state = TempFolder::create("test-state")?;
    let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
    let server = |words: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_orchbench"));
        command
            .arg("server")
            .args(words)
            .env("XDG_STATE_HOME", state.path())
            .env_remove("TEMPORAL_ADDRESS");
        command
    };
    let text = |output: &Output| {
        let said = [&output.stdout[..], &output.stderr].concat();
        String::from_utf8_lossy(&said).into_owned()
    };
    let words = [
        "start",
        "--detach",
        "--server",
        "cache",
        "--port",
        &port.to_string(),
    ];
    let started = server(&words).stdin(Stdio::null()).output()?;
    ensure!(started.status.success(), "{}", text(&started));
    let there = |words: &[&str]| elsewhere(&server(words)).map(|mut there| there.output());
    let seen = there(&["status"]).transpose()?;
    let refused = there(&["stop"]).transpose()?;
    // Before anything is said of them: the server is to end.
    let stopped = server(&["stop"]).output()?;
    ensure!(
        text(&stopped).contains("stopped the server"),
        "{}",
        text(&stopped)
    );
    if let (Some(seen), Some(refused)) = (seen, refused) {
        ensure!(text(&seen).contains("running at"), "{}", text(&seen));
        ensure!(
            text(&refused).contains("in another PID namespace"),
            "{}",
            text(&refused)
        );
        ensure!(!refused.status.success());
    }
    let status = server(&["status"]).output()?;
    ensure!(text(&status).contains("not running"), "{}", text(&status));
    Ok(())
}

#[test]
fn a_server_that_ends_early_says_why() -> Result<()> {
    use_built_binary();
    let folder = TempFolder::create("test-server")?;
    let taken = TcpListener::bind(("127.0.0.1", 0))?;
    let mut spec = ServerSpec::new(folder.path());
    spec.port = Some(taken.local_addr()?.port());
    match LocalServer::start(&program()?, &spec) {
        Err(ServerError::Ended { tail, .. }) => {
            ensure!(!tail.is_empty(), "the log's end is missing");
            Ok(())
        }
        other => anyhow::bail!("expected an early end on a taken port, found {other:?}"),
    }
}

#[test]
fn a_container_survives_sigkill_on_the_same_port() -> Result<()> {
    use_built_binary();
    if let Some(why) = docker_lacks() {
        println!("not run: {why}");
        return Ok(());
    }
    let folder = TempFolder::create("test-container")?;
    let provisioned = provision(&Choice::DockerDev, &|_, _| {})?;
    let mut server = LocalServer::start(&provisioned, &ServerSpec::new(folder.path()))?;
    let id = server.container_id().context("a container")?.to_owned();
    survives_sigkill(&mut server)?;
    server.stop()?;
    ensure!(!container_exists(&id)?, "the container outlives stop()");
    Ok(())
}

#[test]
fn a_container_goes_with_its_killed_owner() -> Result<()> {
    use_built_binary();
    if let Some(why) = docker_lacks() {
        println!("not run: {why}");
        return Ok(());
    }
    let state = TempFolder::create("test-state")?;
    let mut owner = Role::start(OWNER_ROLE, state.path())?;
    let id = owner.line("container ")?;
    ensure!(container_exists(&id)?, "the container runs");
    owner.kill()?;
    eventually("the container is gone", || Ok(!container_exists(&id)?))
}

#[test]
fn role_owner_of_a_container() -> Result<()> {
    if !has_role(OWNER_ROLE) {
        return Ok(());
    }
    use_built_binary();
    let provisioned = provision(&Choice::DockerDev, &|_, _| {})?;
    let folder = TempFolder::create("test-container")?;
    let server = LocalServer::start(&provisioned, &ServerSpec::new(folder.path()))?;
    say("container ", server.container_id().unwrap_or_default())?;
    wait_to_be_killed()
}

/// Why the Docker tests cannot run here; `None` when they can.
fn docker_lacks() -> Option<String> {
    find(&Choice::DockerDev).err().map(|why| why.to_string())
}

fn container_exists(id: &str) -> Result<bool> {
    let id = id.to_owned();
    block_on_background(
        async move { Ok(docker().await?.inspect_container(&id, None).await.is_ok()) },
    )?
}

pub(crate) fn start_workflow(address: &str) -> Result<String> {
    let options = connection_options(address)?;
    block_on_background(async move {
        let request = StartWorkflowExecutionRequest {
            namespace: "default".to_owned(),
            workflow_id: "kept".to_owned(),
            workflow_type: Some(WorkflowType {
                name: "NobodyRunsThis".to_owned(),
            }),
            task_queue: Some(TaskQueue {
                name: "nobody-polls-this".to_owned(),
                ..Default::default()
            }),
            request_id: "once".to_owned(),
            ..Default::default()
        };
        let mut service = Connection::connect(options).await?.workflow_service();
        let answer = service
            .start_workflow_execution(request.into_request())
            .await?;
        Ok(answer.into_inner().run_id)
    })?
}

pub(crate) fn workflow_run(address: &str) -> Result<String> {
    let options = connection_options(address)?;
    block_on_background(async move {
        let request = DescribeWorkflowExecutionRequest {
            namespace: "default".to_owned(),
            execution: Some(WorkflowExecution {
                workflow_id: "kept".to_owned(),
                run_id: String::new(),
            }),
        };
        let mut service = Connection::connect(options).await?.workflow_service();
        let answer = service
            .describe_workflow_execution(request.into_request())
            .await?
            .into_inner();
        Ok(answer
            .workflow_execution_info
            .and_then(|info| info.execution)
            .map(|execution| execution.run_id)
            .unwrap_or_default())
    })?
}
