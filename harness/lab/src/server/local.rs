//! A Temporal server in use: ours ([`LocalServer`]), or the user's.

use std::time::Duration;

use orchbench_temporal::Target;
use serde::Serialize;
use temporalio_client::ConnectionOptions;

use super::docker::StackImages;
use super::host::{Host, free_port};
use super::named::{NamedAddress, connection_options};
use super::namespace::make_namespace;
use super::{Provisioned, Ready, ServerError, ServerSettings, ServerSpec, Way, await_ready};

/// How long a server may take until it is ready; a fresh one takes under a second.
const READY_LIMIT: Duration = Duration::from_secs(60);
/// The namespace that the dev server makes by itself, and that any other is given.
const NAMESPACE: &str = "default";

/// The versions of a server in use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Versions {
    /// The server's own version, as it answers over gRPC.
    pub server: String,
    /// What `temporal --version` prints; `None` when the server is not its dev server.
    pub cli: Option<String>,
    /// The image's name; `None` without a container.
    pub image: Option<String>,
    /// The image's id; `None` without a container.
    pub image_id: Option<String>,
    /// Whether the image was built here under the vendor's name; `None` without one.
    pub image_local_build: Option<bool>,
}

/// A server to work with.
#[derive(Debug)]
pub enum Server {
    /// Started by the harness: it can be killed and restarted.
    Local(Box<LocalServer>),
    /// Named by the user: it can only be talked to.
    Named {
        /// Where it is.
        named: NamedAddress,
        /// Its version.
        versions: Versions,
    },
}

impl Server {
    /// Starts what was provisioned and waits until it is ready; a named address is only
    /// asked whether it answers.
    ///
    /// # Errors
    /// [`ServerError`] when it does not start or is not ready within 60 s.
    pub fn start(provisioned: &Provisioned, spec: &ServerSpec) -> Result<Self, ServerError> {
        let Provisioned::Address(named) = provisioned else {
            let local = LocalServer::start(provisioned, spec)?;
            return Ok(Server::Local(Box::new(local)));
        };
        let options = named.connection_options()?;
        let ready = await_ready(&options, &named.namespace, READY_LIMIT, || Ok(()))?;
        Ok(Server::Named {
            named: named.clone(),
            versions: versions(provisioned, &ready),
        })
    }

    /// `host:port`, or the URL that the user named.
    pub fn address(&self) -> &str {
        match self {
            Server::Local(local) => local.address(),
            Server::Named { named, .. } => &named.address,
        }
    }

    /// The namespace to work in.
    pub fn namespace(&self) -> &str {
        match self {
            Server::Local(_) => NAMESPACE,
            Server::Named { named, .. } => &named.namespace,
        }
    }

    /// The server as clients and workers name it; TLS and API key of a named one are in the
    /// environment, which child processes have too.
    pub fn target(&self) -> Target {
        match self {
            Server::Local(local) => Target::plain(local.address(), NAMESPACE),
            Server::Named { named, .. } => named.target(),
        }
    }

    /// The client's options for this server.
    ///
    /// # Errors
    /// [`ServerError::Configuration`] when the user's configuration is not valid.
    pub fn connection_options(&self) -> Result<ConnectionOptions, ServerError> {
        match self {
            Server::Local(local) => connection_options(local.address()),
            Server::Named { named, .. } => named.connection_options(),
        }
    }

    /// Its versions.
    pub fn versions(&self) -> &Versions {
        match self {
            Server::Local(local) => local.versions(),
            Server::Named { versions, .. } => versions,
        }
    }

    /// The server as one that can be killed.
    ///
    /// # Errors
    /// [`ServerError::NotOurs`] for a named one: such faults are not possible on it.
    pub fn local(&mut self) -> Result<&mut LocalServer, ServerError> {
        match self {
            Server::Local(local) => Ok(local),
            Server::Named { named, .. } => Err(ServerError::NotOurs {
                address: named.address.clone(),
                action: "kill or restart",
            }),
        }
    }
}

/// A server that the harness started, with its database on disk. Dropping it kills
/// the process, or removes the container.
#[derive(Debug)]
pub struct LocalServer {
    host: Host,
    address: String,
    port: u16,
    settings: ServerSettings,
    way: Way,
    versions: Versions,
}

impl LocalServer {
    /// Starts the server on loopback and waits until it is ready: GetSystemInfo
    /// answers, and the namespace can be described.
    ///
    /// # Errors
    /// [`ServerError::NotOurs`] for a named address; [`ServerError::Ended`] or
    /// [`ServerError::NotReady`] after 60 s; then nothing runs.
    pub fn start(provisioned: &Provisioned, spec: &ServerSpec) -> Result<Self, ServerError> {
        let port = match spec.port {
            Some(port) => port,
            None => free_port()?,
        };
        let address = format!("127.0.0.1:{port}");
        let mut host = Host::start(provisioned, spec, port)?;
        if !host.makes_namespace() {
            make_namespace(&address, NAMESPACE, READY_LIMIT, || {
                host.still_alive(&address)
            })?;
        }
        let ready = ready(&mut host, &address)?;
        Ok(LocalServer {
            host,
            port,
            settings: spec.settings.clone(),
            way: provisioned.way(),
            versions: versions(provisioned, &ready),
            address,
        })
    }

    /// `127.0.0.1:port` of the gRPC frontend, the same after a restart.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The port of the gRPC frontend.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The server's settings.
    pub fn settings(&self) -> &ServerSettings {
        &self.settings
    }

    /// How the server was come by.
    pub fn way(&self) -> Way {
        self.way
    }

    /// Its versions.
    pub fn versions(&self) -> &Versions {
        &self.versions
    }

    /// The server's process id (of a container: on the engine's machine); `None` when
    /// it does not run.
    ///
    /// # Errors
    /// [`ServerError::Process`] when the Docker engine does not answer.
    pub fn pid(&self) -> Result<Option<u32>, ServerError> {
        self.host.pid()
    }

    /// The container's id; `None` when the server is a process.
    pub fn container_id(&self) -> Option<&str> {
        self.host.container_id()
    }

    /// Takes the server's container off its networks, or puts it back; false when it is a
    /// process.
    ///
    /// # Errors
    /// [`ServerError::Process`] with the Docker engine's answer.
    pub fn set_connected(&self, connected: bool) -> Result<bool, ServerError> {
        let Some(container) = self.host.container() else {
            return Ok(false);
        };
        if connected {
            container.reconnect()?;
        } else {
            container.disconnect()?;
        }
        Ok(true)
    }

    /// SIGKILL. When this returns, the server is gone; nothing happens when it was.
    ///
    /// # Errors
    /// [`ServerError::Process`] when it cannot be killed.
    pub fn kill(&mut self) -> Result<(), ServerError> {
        self.host.kill()
    }

    /// Starts the server again on the same database and port (killing it first when it
    /// runs) and waits until it is ready.
    ///
    /// # Errors
    /// As [`LocalServer::start`].
    pub fn restart(&mut self) -> Result<Ready, ServerError> {
        self.host.kill()?;
        self.host.start_again()?;
        ready(&mut self.host, &self.address)
    }

    /// Ends the server: SIGTERM, SIGKILL after 5 s; a container is removed.
    ///
    /// # Errors
    /// [`ServerError::Process`] when it cannot be ended.
    pub fn stop(mut self) -> Result<(), ServerError> {
        self.host.terminate()
    }

    /// Whether the server runs, without asking it anything.
    ///
    /// # Errors
    /// [`ServerError::Ended`] when its process has ended by itself.
    pub fn still_alive(&mut self) -> Result<(), ServerError> {
        self.host.still_alive(&self.address)
    }
}

fn ready(host: &mut Host, address: &str) -> Result<Ready, ServerError> {
    let options = connection_options(address)?;
    await_ready(&options, NAMESPACE, READY_LIMIT, || {
        host.still_alive(address)
    })
}

fn versions(provisioned: &Provisioned, ready: &Ready) -> Versions {
    let mut versions = Versions {
        server: ready.server_version.clone(),
        cli: None,
        image: None,
        image_id: None,
        image_local_build: None,
    };
    match provisioned {
        Provisioned::Address(_) | Provisioned::Program(_) => {}
        Provisioned::Docker(StackImages { server: image, .. }) | Provisioned::DockerDev(image) => {
            versions.image = Some(image.name.clone());
            versions.image_id = Some(image.id.clone());
            versions.image_local_build = Some(image.local_build);
        }
        Provisioned::DevServer { version, .. } => versions.cli = Some(version.clone()),
    }
    versions
}
