//! PostgreSQL in a container: Temporal's store, and the warehouse beside it.
//!
//! Its data is in an anonymous volume, a copy of what was [`prepared`], with PostgreSQL's own durability (fsync and
//! synchronous_commit on). The password guards nothing: the port is a loopback port.

use std::time::{Duration, Instant};

use postgres::{Client, NoTls};
use testcontainers::core::IntoContainerPort as _;
use testcontainers::{GenericImage, ImageExt as _};

use crate::server::ServerError;
use crate::server::host::free_port;

use super::container::{full_name, refused};
use super::network::Network;
use super::prepared::prepared;
use super::{Container, Image, StackImages};

const PORT: u16 = 5432;
/// User and password.
const USER: &str = "temporal";
/// The database for the pipeline's rows.
const WAREHOUSE: &str = "warehouse";
/// Where its data is: not where the vendor's image has a volume, of which nothing is committed.
const DATA: &str = "/var/lib/postgresql/prepared";
/// How long it may take until it accepts connections; a fresh one takes seconds.
const READY_LIMIT: Duration = Duration::from_secs(60);
const PROBE_PAUSE: Duration = Duration::from_millis(50);

/// A PostgreSQL server of ours. Dropping it removes the container, its data and the
/// network.
#[derive(Debug)]
pub struct Postgres {
    port: u16,
    container: Container,
    // Removed after the container has left it.
    network: Network,
}

impl Postgres {
    /// Starts one that has Temporal's databases and an empty warehouse, and waits until it accepts connections.
    ///
    /// # Errors
    /// [`ServerError::Process`] with the Docker engine's answer, or when it does not
    /// accept connections within 60 s.
    pub fn start(images: &StackImages) -> Result<Postgres, ServerError> {
        Self::start_from(&prepared(images)?)
    }

    /// Starts one that has what the image brings; an empty warehouse where it brings no data.
    pub(super) fn start_from(image: &Image) -> Result<Postgres, ServerError> {
        let port = free_port()?;
        let network = Network::create(&format!("{port}"))?;
        let (name, tag) = image.name_and_tag();
        let request = GenericImage::new(name, tag)
            .with_exposed_port(PORT.tcp())
            .with_env_var("POSTGRES_USER", USER)
            .with_env_var("POSTGRES_PASSWORD", USER)
            .with_env_var("POSTGRES_DB", WAREHOUSE)
            .with_env_var("PGDATA", DATA)
            .with_network(network.name());
        let container = Container::start(request, &container_name(port), &[(PORT, port)])?;
        let started = Postgres {
            port,
            container,
            network,
        };
        started.wait_until_ready()?;
        Ok(started)
    }

    /// Over TCP: while the database is made, the server listens on its socket only. Not by a health check of Docker's,
    /// which would go on, and cost processor time, for as long as the container lives.
    fn wait_until_ready(&self) -> Result<(), ServerError> {
        let deadline = Instant::now() + READY_LIMIT;
        while let Err(error) = Client::connect(&self.warehouse_url(), NoTls) {
            if Instant::now() > deadline {
                let reason = format!("it accepts no connection after {READY_LIMIT:?}: {error}");
                return Err(refused("start PostgreSQL", reason).into());
            }
            std::thread::sleep(PROBE_PAUSE);
        }
        Ok(())
    }

    /// The warehouse, as the pipeline's steps name it.
    pub fn warehouse_url(&self) -> String {
        format!("{}/{WAREHOUSE}", self.url())
    }

    /// The server, as one names it that may make databases.
    pub fn url(&self) -> String {
        format!("postgres://{USER}:{USER}@127.0.0.1:{}", self.port)
    }

    /// The container's id.
    pub fn container_id(&self) -> &str {
        self.container.id()
    }

    /// SIGKILL. When this returns, it is gone.
    ///
    /// # Errors
    /// [`ServerError::Process`] with the Docker engine's answer.
    pub fn kill(&self) -> Result<(), ServerError> {
        Ok(self.container.kill()?)
    }

    /// A fast shutdown (SIGINT): open transactions are rolled back, clients disconnected. When
    /// this returns, it is gone.
    ///
    /// # Errors
    /// [`ServerError::Process`] with the Docker engine's answer.
    pub fn stop(&self) -> Result<(), ServerError> {
        Ok(self.container.stop("SIGINT")?)
    }

    /// Freezes all its processes, or lets them go on.
    ///
    /// # Errors
    /// [`ServerError::Process`] with the Docker engine's answer.
    pub fn pause(&self, paused: bool) -> Result<(), ServerError> {
        Ok(self.container.pause(paused)?)
    }

    /// Its process on the engine's machine; `None` when it does not run.
    ///
    /// # Errors
    /// [`ServerError::Process`] with the Docker engine's answer.
    pub fn pid(&self) -> Result<Option<u32>, ServerError> {
        Ok(self.container.pid()?)
    }

    /// Starts it again after a kill or a stop, on the same data and port. It need not be ready:
    /// whoever uses it meets that, as with any database that comes back.
    ///
    /// # Errors
    /// [`ServerError::Process`] with the Docker engine's answer.
    pub fn start_again(&self) -> Result<(), ServerError> {
        Ok(self.container.start_again()?)
    }

    /// Makes an image of it as it is, of whose data each container has a volume of its own. That takes a second and a half
    /// to copy; but in the container's layer PostgreSQL, which flushes every file when it recovers from a kill, would have
    /// each of them copied then.
    pub(super) fn commit(&self, repository: &str, tag: &str) -> Result<(), ServerError> {
        let volume = format!("VOLUME {DATA}");
        Ok(self.container.commit(repository, tag, &volume)?)
    }

    /// Its port on the loopback interface.
    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// The network in which other containers reach it.
    pub(super) fn network(&self) -> &str {
        self.network.name()
    }

    /// Host, port, and the name that is also the password, as other containers need them.
    pub(super) fn inside(&self) -> Result<(String, String, &'static str), ServerError> {
        let host = full_name(&container_name(self.port))?;
        Ok((host, PORT.to_string(), USER))
    }
}

fn container_name(port: u16) -> String {
    format!("postgres-{port}")
}
