//! Bringing Temporal up for a trial: server, network, workers, client.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use orchbench_etl::Release;
use orchbench_temporal::{Client, Target};

use super::account::Watch;
use super::{ENGINE, READY, TemporalSession, TemporalWorker};
use crate::engine::event_log::EventLog;
use crate::engine::workers::{Workers, own_worker};
use crate::engine::{Rollout, Session, Setup, Trial, TrialError};
use orchbench_evidence::record::EventBody;
use orchbench_lab::proxy::Proxy;
use orchbench_lab::server::{Provisioned, Server, ServerSpec};

pub(super) fn open(trial: &Trial<'_>, setup: Setup) -> Result<Box<dyn Session>, TrialError> {
    let unreachable = |reason: String| TrialError::Unreachable {
        engine: ENGINE.name.into(),
        reason,
    };
    let Some(provisioned) = &trial.laboratory.server else {
        return Err(unreachable("no server was provisioned".into()));
    };
    let mut settings = trial.settings.server();
    if setup.skips_time {
        settings = settings.skipping_time();
    }
    if matches!(provisioned, Provisioned::Address(_)) && !settings.dynamic_config.is_empty() {
        let name = trial.settings.name;
        return Err(unreachable(format!(
            "settings {name}: a server named by its address cannot be set from here"
        )));
    }
    let spec = ServerSpec {
        postgres: trial.postgres(),
        ..ServerSpec::new(trial.dir("store")?.join("server")).settings(settings)
    };
    let watched = setup.crash.is_some() && !matches!(provisioned, Provisioned::Address(_));
    let begun = Instant::now();
    let server =
        Server::start(provisioned, &spec).map_err(|error| unreachable(error.to_string()))?;
    let startup_ms = begun.elapsed().as_secs_f64() * 1e3;
    record_ready(trial.record_to(), &server, startup_ms)?;

    // A queue of its own, so that no other worker of the server takes this trial's tasks.
    let task_queue = format!("orchbench-{}", trial.plan.id);
    let network = setup.network.then(|| between(&server)).transpose()?;
    let target = match &network {
        Some(network) => Target::plain(network.address().to_string(), server.namespace()),
        None => server.target(),
    };
    let workers = start_workers(trial, &setup, target, &task_queue)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(|source| TrialError::Io {
            what: "runtime of the Temporal client".into(),
            source,
        })?;
    let client = runtime
        .block_on(Client::connect_to(&server.target(), READY))
        .map_err(|error| unreachable(error.to_string()))?
        .with_task_queue(task_queue);
    workers.await_ready(setup.workers as usize, READY)?;
    let session = TemporalSession {
        runtime,
        client,
        workers,
        server: Mutex::new(server),
        database: trial.postgres_pid(),
        network,
        watch: watched.then(Watch::default),
        interrupted: Arc::clone(&trial.laboratory.interrupted),
        events: trial.record_to().clone(),
    };
    if setup.rollout == Rollout::Rainbow {
        session.make_current(Release::default())?;
    }
    Ok(Box::new(session))
}

/// A network of ours before the server.
fn between(server: &Server) -> Result<Proxy, TrialError> {
    if let Server::Named { named, .. } = server {
        return Err(TemporalSession::unreachable(&format!(
            "{}: a server named by its address has no network of ours before it",
            named.address
        )));
    }
    Proxy::start(server.address()).map_err(|source| TrialError::Io {
        what: "proxy".into(),
        source,
    })
}

fn start_workers(
    trial: &Trial<'_>,
    setup: &Setup,
    server: Target,
    task_queue: &str,
) -> Result<Workers, TrialError> {
    let temporal = TemporalWorker {
        tuned: trial.settings.tuned_worker,
        versioned: setup.rollout == Rollout::Rainbow,
        ..TemporalWorker::new(server, task_queue)
    };
    let template = trial.worker_config(setup, &temporal)?;
    Workers::start(trial, setup, template, own_worker(ENGINE.name))
}

pub(super) fn record_ready(
    events: &EventLog,
    server: &Server,
    startup_ms: f64,
) -> Result<(), TrialError> {
    let versions = server.versions();
    let version = match (&versions.cli, &versions.image) {
        (Some(cli), _) => format!("{} ({cli})", versions.server),
        (None, Some(image)) => format!("{} ({image})", versions.server),
        (None, None) => versions.server.clone(),
    };
    let pid = match server {
        Server::Local(local) => local.pid().ok().flatten(),
        Server::Named { .. } => None,
    };
    events.write(EventBody::ServerReady {
        pid,
        address: server.address().to_owned(),
        version,
        startup_ms,
    })
}
