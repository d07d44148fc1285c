//! Where a server of ours runs, and how it is started there: a child process or a
//! container.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::process::{Child, CommandSpec, ProcessError, Stream};

use super::docker::{self, Container, Postgres};
use super::error::log_tail;
use super::{Provisioned, ServerError, ServerSpec, sqlite};

/// What a server's process is in messages and in the registry.
const ROLE: &str = "temporal-server";
/// How long a server may take to end by itself after SIGTERM.
const STOP_GRACE: Duration = Duration::from_secs(5);

/// A server's process or container, and what starts it again.
#[derive(Debug)]
pub(super) enum Host {
    /// A child process.
    Process {
        /// What starts it.
        command: Box<CommandSpec>,
        log: PathBuf,
        child: Option<Child>,
        /// Whether a fresh one has the namespace `default`.
        makes_namespace: bool,
    },
    /// A container.
    Container {
        container: Box<Container>,
        running: bool,
        /// What it keeps its data on; goes after the server.
        postgres: Option<Arc<Postgres>>,
    },
}

impl Host {
    /// Starts what was provisioned; it need not be ready.
    pub(super) fn start(
        provisioned: &Provisioned,
        spec: &ServerSpec,
        port: u16,
    ) -> Result<Host, ServerError> {
        match provisioned {
            Provisioned::Address(named) => Err(ServerError::NotOurs {
                address: named.address.clone(),
                action: "start",
            }),
            Provisioned::Docker(images) => {
                let postgres = match &spec.postgres {
                    Some(postgres) => Arc::clone(postgres),
                    None => Arc::new(Postgres::start(images)?),
                };
                let started = docker::start_on_postgres(images, &postgres, &spec.settings, port)?;
                Ok(Host::Container {
                    container: Box::new(started),
                    running: true,
                    postgres: Some(postgres),
                })
            }
            Provisioned::DockerDev(image) => Ok(Host::Container {
                container: Box::new(docker::start_dev(image, &spec.settings, port)?),
                running: true,
                postgres: None,
            }),
            Provisioned::DevServer { path, .. } => {
                let command = CommandSpec::foreign(path, dev_arguments(spec, port))
                    // The server would ask its vendor for newer versions.
                    .env("TEMPORAL_VERSION_CHECK_DISABLED", "1");
                Host::process(command, spec, true)
            }
            Provisioned::Program(program) => {
                make_folder(&spec.data_dir)?;
                let mut command = CommandSpec::foreign(&program.path, sqlite::ARGUMENTS);
                for (name, value) in sqlite::environment(&spec.data_dir, &spec.settings, port)? {
                    command = command.env(name, value);
                }
                Host::process(command, spec, false)
            }
        }
    }

    fn process(
        command: CommandSpec,
        spec: &ServerSpec,
        makes_namespace: bool,
    ) -> Result<Host, ServerError> {
        make_folder(&spec.data_dir)?;
        let log = spec.data_dir.join("temporal-server.log");
        let command = command
            .stdout(Stream::Log(log.clone()))
            .stderr(Stream::Log(log.clone()));
        Ok(Host::Process {
            child: Some(Child::spawn(&command, ROLE)?),
            command: Box::new(command),
            log,
            makes_namespace,
        })
    }

    /// Starts it again after a kill, with the same arguments.
    pub(super) fn start_again(&mut self) -> Result<(), ServerError> {
        match self {
            Host::Process { command, child, .. } => *child = Some(Child::spawn(command, ROLE)?),
            Host::Container {
                container, running, ..
            } => {
                container.start_again()?;
                *running = true;
            }
        }
        Ok(())
    }

    /// SIGKILL; nothing happens when it does not run.
    pub(super) fn kill(&mut self) -> Result<(), ServerError> {
        match self {
            Host::Process { child, .. } => {
                if let Some(mut running) = child.take() {
                    running.kill()?;
                }
            }
            Host::Container {
                container, running, ..
            } => {
                if std::mem::take(running) {
                    container.kill()?;
                }
            }
        }
        Ok(())
    }

    /// SIGTERM for a process; a container is removed when the host is dropped.
    pub(super) fn terminate(&mut self) -> Result<(), ServerError> {
        if let Host::Process { child, .. } = self
            && let Some(mut running) = child.take()
        {
            running.terminate(STOP_GRACE)?;
        }
        Ok(())
    }

    /// The server's process id; `None` when it does not run.
    pub(super) fn pid(&self) -> Result<Option<u32>, ServerError> {
        match self {
            Host::Process { child, .. } => Ok(child.as_ref().map(Child::id)),
            Host::Container { container, .. } => Ok(container.pid()?),
        }
    }

    /// The container, when it is one.
    pub(super) fn container(&self) -> Option<&Container> {
        match self {
            Host::Process { .. } => None,
            Host::Container { container, .. } => Some(container),
        }
    }

    /// The container's id, when it is one.
    pub(super) fn container_id(&self) -> Option<&str> {
        self.container().map(Container::id)
    }

    /// Whether a fresh server of this kind has the namespace `default`.
    pub(super) fn makes_namespace(&self) -> bool {
        match self {
            Host::Process {
                makes_namespace, ..
            } => *makes_namespace,
            Host::Container { postgres, .. } => postgres.is_none(),
        }
    }

    /// An error when a server process has ended by itself.
    pub(super) fn still_alive(&mut self, address: &str) -> Result<(), ServerError> {
        match self {
            Host::Process {
                child: Some(child),
                log,
                ..
            } => match child.try_wait()? {
                None => Ok(()),
                Some(status) => Err(ServerError::Ended {
                    address: address.to_owned(),
                    status,
                    log: log.clone(),
                    tail: log_tail(log, 10),
                }),
            },
            _ => Ok(()),
        }
    }
}

/// A loopback port that nobody listens on. A connection to it is opened and closed from
/// the listening side: that leaves it in TIME_WAIT, in which the kernel gives it to
/// nobody who asks for any port, but lets the server bind it (as the Temporal SDK does).
///
/// # Errors
/// [`ServerError`] when the system has none.
pub fn free_port() -> Result<u16, ServerError> {
    let taken = || -> std::io::Result<u16> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?;
        let _client = TcpStream::connect(address)?;
        let (accepted, _) = listener.accept()?;
        drop(accepted);
        Ok(address.port())
    };
    taken().map_err(|e| ProcessError::file("finding a free port on", "127.0.0.1")(e).into())
}

fn make_folder(path: &Path) -> Result<(), ProcessError> {
    std::fs::create_dir_all(path).map_err(ProcessError::file("creating folder", path))
}

fn dev_arguments(spec: &ServerSpec, port: u16) -> Vec<String> {
    let database = spec.data_dir.join("temporal.db").display().to_string();
    let port = port.to_string();
    let fixed = [
        "server",
        "start-dev",
        "--ip",
        "127.0.0.1",
        "--port",
        &port,
        "--headless",
        "--db-filename",
        &database,
    ];
    let fixed = fixed.iter().map(|arg| (*arg).to_owned());
    fixed.chain(spec.settings.args()).collect()
}
