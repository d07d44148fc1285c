//! PostgreSQL in a container: Temporal's store, and the warehouse beside it.
//!
//! Its data is in an anonymous volume, with PostgreSQL's own durability (fsync and
//! synchronous_commit on). The password guards nothing: the port is a loopback port.

use std::time::Duration;

use testcontainers::core::wait::HealthWaitStrategy;
use testcontainers::core::{Healthcheck, IntoContainerPort as _, WaitFor};
use testcontainers::{GenericImage, ImageExt as _};

use crate::server::ServerError;
use crate::server::host::free_port;

use super::container::full_name;
use super::network::Network;
use super::{Container, StackImages};

const PORT: u16 = 5432;
/// User and password.
const USER: &str = "temporal";
/// The database for the pipeline's rows.
const WAREHOUSE: &str = "warehouse";
/// How long it may take until it accepts connections; a fresh one takes seconds.
const READY_LIMIT: Duration = Duration::from_secs(60);
const PROBE_PAUSE: Duration = Duration::from_millis(100);
/// More than the limit leaves time for: it counts, not the engine.
const PROBES: u32 = 1_000;

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
    /// Starts one and waits until it accepts connections.
    ///
    /// # Errors
    /// [`ServerError::Process`] with the Docker engine's answer, or when it does not
    /// accept connections within 60 s.
    pub fn start(images: &StackImages) -> Result<Postgres, ServerError> {
        let port = free_port()?;
        let network = Network::create(&format!("{port}"))?;
        // Over TCP: while the database is made, the server listens on its socket only.
        let probe = format!("pg_isready --host 127.0.0.1 --username {USER} --dbname {WAREHOUSE}");
        let healthy = HealthWaitStrategy::new().with_poll_interval(PROBE_PAUSE);
        let (name, tag) = images.postgres.name_and_tag();
        let request = GenericImage::new(name, tag)
            .with_exposed_port(PORT.tcp())
            .with_wait_for(WaitFor::Healthcheck(healthy))
            .with_env_var("POSTGRES_USER", USER)
            .with_env_var("POSTGRES_PASSWORD", USER)
            .with_env_var("POSTGRES_DB", WAREHOUSE)
            .with_network(network.name())
            .with_health_check(
                Healthcheck::cmd_shell(probe)
                    .with_interval(PROBE_PAUSE)
                    .with_retries(PROBES),
            )
            .with_startup_timeout(READY_LIMIT);
        let container = Container::start(request, &container_name(port), &[(PORT, port)])?;
        Ok(Postgres {
            port,
            container,
            network,
        })
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
