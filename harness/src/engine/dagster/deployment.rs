//! Dagster as its users deploy it: code server, daemon and webserver, each a process that can be
//! struck; a client has the webserver launch runs. A run is a process of its own, which the code
//! server starts, and whose steps are processes in turn.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;

use super::project::Project;
use super::{DagsterWorker, Instance};
use crate::engine::event_log::EventLog;
use crate::engine::{
    Account, Ended, Job, ModelsTold, PipeSession, Records, Refreshed, Role, Rollout, Session,
    Setup, StepEnds, Strike, Target, Trial, TrialError, Work, WorkerConfig,
};
use orchbench_etl::Release;
use orchbench_evidence::experiment::observability::{Answer, Subject};
use orchbench_evidence::record::EventBody;
use orchbench_lab::process::{Child, CommandSpec, ProcessIdentity, Stream, children_of};
use orchbench_lab::server::free_port;

/// What it consists of, in the order in which it is started.
pub(super) const SERVICES: &[Target] = &[Target::CodeServer, Target::Webserver, Target::Daemon];

/// What its workspace calls the code server.
const LOCATION: &str = "orchbench";

/// How long a service that is started again may take to listen, and how often that is tried.
const READY: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(20);

/// How long a run worker that was killed may take to be gone.
const GONE: Duration = Duration::from_secs(10);

/// What the code server loads: the configuration of a worker, and the jobs.
#[derive(Serialize)]
struct Told<'a> {
    config: &'a WorkerConfig,
    jobs: &'a [Job],
}

struct Deployment {
    /// What the code server loads, and where that stands.
    config: WorkerConfig,
    jobs: Vec<Job>,
    location: PathBuf,
    engine: String,
    version: String,
    client: Box<dyn Session>,
    /// How each is started.
    commands: BTreeMap<Target, CommandSpec>,
    /// Where those that listen do.
    ports: BTreeMap<Target, u16>,
    running: Mutex<BTreeMap<Target, Child>>,
    events: EventLog,
}

/// Brings the services up, and a client when they answer.
pub(super) fn open(
    trial: &Trial<'_>,
    setup: &Setup,
    project: &Project,
    mut own: DagsterWorker,
    version: String,
) -> Result<Box<dyn Session>, TrialError> {
    let failed = |reason: String| TrialError::Unreachable {
        engine: trial.plan.engine.clone(),
        reason,
    };
    let folder = trial.dir("deployment")?;
    // Before the services, which would each make it.
    let mut words = vec![
        "--home".as_ref(),
        own.home.as_os_str(),
        "--settings".as_ref(),
        own.settings.as_ref(),
    ];
    if let Some(server) = &own.postgres {
        words.extend(["--postgres".as_ref(), OsStr::new(server)]);
    }
    project
        .run("instance", &words, &folder.join("instance.log"))
        .map_err(failed)?;
    let port = || free_port().map_err(|error| failed(error.to_string()));
    let (code_server, webserver) = (port()?, port()?);
    own.webserver = Some(format!("http://127.0.0.1:{webserver}"));
    own.location = Some(LOCATION);
    let mut config = trial.worker_config(setup, &own)?;
    config.etl.sources_file = Some(project.sources());
    let ports = BTreeMap::from([
        (Target::CodeServer, code_server),
        (Target::Webserver, webserver),
    ]);
    let commands = commands(project, &folder, &own.home, &ports);
    let location = folder.join("location.json");
    write(&location, &config, &setup.jobs).map_err(failed)?;
    write_workspace(&folder, code_server).map_err(failed)?;
    let mut running = BTreeMap::new();
    for service in SERVICES {
        let child = start(*service, &commands).map_err(failed)?;
        running.insert(*service, child);
    }
    let client = {
        let project = project.clone();
        move |config: &Path| project.module("client", &["--config".as_ref(), config.as_os_str()])
    };
    // One client, which no fault strikes.
    let one = Setup {
        workers: 1,
        restart_delay: None,
        ..setup.clone()
    };
    let instance = Instance::of(project.clone(), own.home).map_err(failed)?;
    let records: Box<dyn Records> = Box::new(instance);
    let client = Box::new(client);
    let database = trial.postgres_pid();
    let client =
        PipeSession::of_program(trial, &one, config.clone(), client, Some(records), database)?;
    Ok(Box::new(Deployment {
        config,
        jobs: setup.jobs.clone(),
        location,
        engine: trial.plan.engine.clone(),
        version,
        client,
        commands,
        ports,
        running: Mutex::new(running),
        events: trial.record_to().clone(),
    }))
}

fn write(path: &Path, config: &WorkerConfig, jobs: &[Job]) -> Result<(), String> {
    let text = serde_json::to_string_pretty(&Told { config, jobs });
    text.map_err(|error| error.to_string())
        .and_then(|text| std::fs::write(path, text).map_err(|error| error.to_string()))
        .map_err(|error| format!("{}: {error}", path.display()))
}

/// The workspace in which webserver and daemon find the code server.
fn workspace(folder: &Path) -> PathBuf {
    folder.join("workspace.yaml")
}

fn write_workspace(folder: &Path, port: u16) -> Result<(), String> {
    let path = workspace(folder);
    let server = format!("{{host: 127.0.0.1, port: {port}, location_name: {LOCATION}}}");
    std::fs::write(&path, format!("load_from: [{{grpc_server: {server}}}]\n"))
        .map_err(|error| format!("{}: {error}", path.display()))
}

/// What `dagster dev` starts, each by itself.
fn commands(
    project: &Project,
    folder: &Path,
    home: &Path,
    ports: &BTreeMap<Target, u16>,
) -> BTreeMap<Target, CommandSpec> {
    let at = |service: Target| {
        let port = ports[&service].to_string();
        [
            "-h".to_owned(),
            "127.0.0.1".to_owned(),
            "-p".to_owned(),
            port,
        ]
    };
    let workspace = ["-w".to_owned(), workspace(folder).display().to_string()];
    let module = ["-m", "orchbench_dagster.engine.location", "-d"].map(str::to_owned);
    let command = |service: Target, program: &str, words: Vec<String>| {
        let program = program.split(' ').map(str::to_owned);
        let spec = project.python(program.chain(words));
        let log = folder.join(format!("{service:?}.log").to_lowercase());
        let spec = spec
            .env("DAGSTER_HOME", home)
            .env("ORCHBENCH_LOCATION", folder.join("location.json"))
            .stdout(Stream::Log(log.clone()))
            .stderr(Stream::Log(log));
        (service, spec)
    };
    let source = [project.folder().display().to_string()];
    BTreeMap::from([
        command(
            Target::CodeServer,
            "-m dagster api grpc",
            [&module[..], &source, &at(Target::CodeServer)].concat(),
        ),
        command(
            Target::Webserver,
            "-m dagster_webserver",
            [&workspace[..], &at(Target::Webserver)].concat(),
        ),
        command(Target::Daemon, "-m dagster._daemon run", workspace.to_vec()),
    ])
}

fn start(service: Target, commands: &BTreeMap<Target, CommandSpec>) -> Result<Child, String> {
    Child::spawn(&commands[&service], "service").map_err(|error| format!("{service:?}: {error}"))
}

impl Deployment {
    fn unreachable(&self, reason: String) -> TrialError {
        TrialError::Unreachable {
            engine: self.engine.clone(),
            reason,
        }
    }

    /// Waits until a service takes connections, and says where; one without a port is there once it is
    /// started.
    fn await_listening(&self, service: Target, deadline: Instant) -> Result<String, TrialError> {
        let Some(port) = self.ports.get(&service) else {
            return Ok(String::new());
        };
        let address = (Ipv4Addr::LOCALHOST, *port);
        while TcpStream::connect(address).is_err() {
            if Instant::now() > deadline {
                return Err(self.unreachable(format!("{service:?}: nobody at port {port}")));
            }
            std::thread::sleep(LOOK);
        }
        Ok(format!("127.0.0.1:{port}"))
    }

    fn running(&self) -> MutexGuard<'_, BTreeMap<Target, Child>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a process is one in which a run is, and no helper of Python's.
fn is_run_worker(pid: u32) -> bool {
    let words = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&words).contains("--multiprocessing-fork")
}

impl Session for Deployment {
    fn start(&self, work: &Work) -> Result<(), TrialError> {
        self.client.start(work)
    }

    fn wait(&self, work: &Work, deadline: Instant) -> Result<Ended, TrialError> {
        self.client.wait(work, deadline)
    }

    fn account(&self, work: &Work) -> Result<Option<Account>, TrialError> {
        self.client.account(work)
    }

    fn step_ends(&self, work: &Work) -> Result<Option<StepEnds>, TrialError> {
        self.client.step_ends(work)
    }

    fn waits(&self, work: &Work) -> Result<bool, TrialError> {
        self.client.waits(work)
    }

    fn approve(&self, work: &Work, who: &str) -> Result<bool, TrialError> {
        self.client.approve(work, who)
    }

    /// All services anew: a webserver and a daemon that have loaded the code keep it for a while. Runs under
    /// way are of the old code server's processes, and go with it; a run that waits has none.
    fn deploy(&self, release: Release, rollout: Rollout) -> Result<bool, TrialError> {
        if rollout == Rollout::Rainbow {
            return Ok(false);
        }
        let mut config = self.config.clone();
        config.etl.release = release;
        write(&self.location, &config, &self.jobs).map_err(|why| self.unreachable(why))?;
        for service in SERVICES {
            self.strike_service(*service, Strike::Kill)?;
        }
        self.restart_services()?;
        Ok(true)
    }

    fn refreshed(&self, work: &Work) -> Result<Option<Refreshed>, TrialError> {
        self.client.refreshed(work)
    }

    fn forget(&self, work: &Work) -> Result<bool, TrialError> {
        self.client.forget(work)
    }

    fn models(&self, works: &[Work]) -> Result<ModelsTold, TrialError> {
        self.client.models(works)
    }

    fn answers(&self, questions: &[&str], subject: &Subject) -> Result<Vec<Answer>, TrialError> {
        self.client.answers(questions, subject)
    }

    /// The processes of runs.
    fn workers(&self) -> Vec<u32> {
        let running = self.running();
        let code_server = running.get(&Target::CodeServer).map(Child::id);
        let started = code_server.map(children_of).unwrap_or_default();
        started
            .into_iter()
            .filter(|pid| is_run_worker(*pid))
            .collect()
    }

    fn database(&self) -> Option<u32> {
        self.client.database()
    }

    fn processes(&self) -> Vec<(Role, u32)> {
        // Runs are children of the code server, which has waited for those that are over.
        let services = self.running();
        let services = services.values().map(|child| (Role::Server, child.id()));
        services.collect()
    }

    /// Strikes the process of a run alone: what it has started lives on.
    fn strike_worker(&self, pid: u32, strike: Strike) -> Result<(), TrialError> {
        let failed =
            |error: &dyn std::fmt::Display| self.unreachable(format!("run worker {pid}: {error}"));
        let Ok(worker) = ProcessIdentity::of(pid) else {
            return Ok(());
        };
        worker
            .signal(strike.signal())
            .map_err(|error| failed(&error))?;
        if strike != Strike::Kill {
            return Ok(());
        }
        if !worker.await_end(GONE) {
            return Err(failed(&"still there after SIGKILL"));
        }
        self.events.write(EventBody::WorkerExited {
            pid,
            signal: Some(strike.signal().as_raw()),
            code: None,
        })
    }

    fn strike_service(&self, service: Target, strike: Strike) -> Result<Option<u32>, TrialError> {
        let mut running = self.running();
        let Some(child) = running.get_mut(&service) else {
            return Ok(None);
        };
        let pid = child.id();
        strike
            .on(child)
            .map_err(|error| self.unreachable(format!("{service:?}: {error}")))?;
        Ok(Some(pid))
    }

    fn restart_services(&self) -> Result<(), TrialError> {
        let mut running = self.running();
        for service in SERVICES {
            let child = running.get_mut(service);
            let ended = child.is_none_or(|child| !matches!(child.try_wait(), Ok(None)));
            if !ended {
                continue;
            }
            let begun = Instant::now();
            let child = start(*service, &self.commands).map_err(|why| self.unreachable(why))?;
            let pid = child.id();
            running.insert(*service, child);
            let address = self.await_listening(*service, begun + READY)?;
            self.events.write(EventBody::ServerReady {
                pid: Some(pid),
                address,
                version: self.version.clone(),
                startup_ms: begun.elapsed().as_secs_f64() * 1e3,
            })?;
        }
        Ok(())
    }

    fn close(self: Box<Self>) -> Result<(), TrialError> {
        let closed = self.client.close();
        // What is left of runs is in the code server's group.
        drop(self.running);
        closed
    }
}
