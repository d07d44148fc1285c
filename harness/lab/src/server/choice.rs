//! Which server is wanted, which ways were tried, and what came of them.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use orchbench_start::{Program, Tried, Way};

use super::{Image, NamedAddress, Postgres, ServerSettings, StackImages};

/// Which server the user wants.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Choice {
    /// A named address (`TEMPORAL_ADDRESS`, a temporal.toml profile), else as [`Choice::Cache`].
    #[default]
    Auto,
    /// This address, `host:port` or a URL.
    Address(String),
    /// Temporal on PostgreSQL, in containers.
    Docker,
    /// The dev server in a container.
    DockerDev,
    /// The dev server of the `temporal` program on PATH.
    Path,
    /// `temporal-server` in the harness's cache, which is filled when empty.
    Cache,
}

/// A server, or what starts one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Provisioned {
    /// Somebody else's server: it is never started, killed or stopped.
    Address(NamedAddress),
    /// The images of Temporal on PostgreSQL.
    Docker(StackImages),
    /// The image of the dev server.
    DockerDev(Image),
    /// The Temporal CLI on PATH, whose `server start-dev` is the server.
    DevServer {
        /// Where it is.
        path: PathBuf,
        /// What `temporal --version` prints.
        version: String,
    },
    /// `temporal-server`, which keeps its data in SQLite files.
    Program(Program),
}

impl Provisioned {
    /// The way that worked.
    pub fn way(&self) -> Way {
        match self {
            Provisioned::Address(_) => Way::Address,
            Provisioned::Docker(_) => Way::Docker,
            Provisioned::DockerDev(_) => Way::DockerDev,
            Provisioned::DevServer { .. } => Way::Path,
            Provisioned::Program(program) => program.way,
        }
    }
}

impl fmt::Display for Provisioned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Provisioned::Address(named) => write!(f, "{} ({})", named.address, named.source),
            Provisioned::Docker(images) => {
                write!(f, "Docker images {} on {}", images.server, images.postgres)
            }
            Provisioned::DockerDev(image) => write!(f, "Docker image {image}"),
            Provisioned::DevServer { path, version } => {
                write!(f, "{} ({version}; its dev server)", path.display())
            }
            Provisioned::Program(Program { way, path, version }) => {
                write!(f, "{} ({version}; by way of {way})", path.display())
            }
        }
    }
}

/// No way worked. The command line ends with exit code 5.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Unavailable {
    /// Each way that was tried, in order, with what it lacked.
    pub tried: Vec<Tried>,
}

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no Temporal server; tried in this order:")?;
        for tried in &self.tried {
            write!(f, "\n  {}: {}", tried.way, tried.why)?;
        }
        Ok(())
    }
}

/// How a server is to be run.
#[derive(Debug, Clone)]
pub struct ServerSpec {
    /// Which server.
    pub choice: Choice,
    /// The server's settings.
    pub settings: ServerSettings,
    /// Folder of the database file and the log; created when absent. A container keeps
    /// its database in an anonymous volume instead, for as long as it exists.
    pub data_dir: PathBuf,
    /// Loopback port of the gRPC frontend, kept over restarts; `None` = a free one.
    pub port: Option<u16>,
    /// The PostgreSQL server to keep its data on, where it is on PostgreSQL; `None` = one
    /// of its own.
    pub postgres: Option<Arc<Postgres>>,
}

impl ServerSpec {
    /// Any server, default settings, a free port.
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        ServerSpec {
            choice: Choice::Auto,
            settings: ServerSettings::default(),
            data_dir: data_dir.into(),
            port: None,
            postgres: None,
        }
    }

    /// Sets the settings.
    #[must_use]
    pub fn settings(mut self, settings: ServerSettings) -> Self {
        self.settings = settings;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_stands_in_the_message_with_its_reason() {
        let unavailable = Unavailable {
            tried: vec![
                Tried {
                    way: Way::DockerDev,
                    why: "the engine does not answer".to_owned(),
                },
                Tried {
                    way: Way::Path,
                    why: "no such program".to_owned(),
                },
            ],
        };
        assert_eq!(
            unavailable.to_string(),
            "no Temporal server; tried in this order:\n  Docker: the engine does not answer\n  \
             temporal on PATH: no such program"
        );
    }
}
