//! The words that say which Temporal server a command talks to.

use std::path::PathBuf;
use std::time::Duration;

use orchbench_temporal::{Client, Configured, Target};

/// The longest wait that a flag takes, in milliseconds: more is a slip, and would overflow a clock.
pub(super) const HOUR_MS: u64 = 60 * 60 * 1_000;

/// Which Temporal server. What is said here beats Temporal's environment (TEMPORAL_ADDRESS,
/// TEMPORAL_NAMESPACE, TEMPORAL_API_KEY, TEMPORAL_TLS*), which beats the profile in temporal.toml.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Connection {
    /// The server's gRPC address; by default TEMPORAL_ADDRESS, the profile's, 127.0.0.1:7233.
    #[arg(long, global = true, value_name = "ADDRESS")]
    temporal_address: Option<String>,
    /// The namespace; by default TEMPORAL_NAMESPACE, the profile's, `default`.
    #[arg(long, global = true)]
    namespace: Option<String>,
    /// The profile in temporal.toml; by default TEMPORAL_PROFILE.
    #[arg(long, global = true)]
    profile: Option<String>,
    /// The temporal.toml; by default TEMPORAL_CONFIG_FILE, or the user's own.
    #[arg(long, global = true, value_name = "FILE")]
    config_file: Option<PathBuf>,
    /// How long to wait for the server, in milliseconds.
    #[arg(long, global = true, value_name = "MS", default_value_t = 10_000,
        value_parser = clap::value_parser!(u64).range(1..=HOUR_MS))]
    connect_timeout_ms: u64,
}

impl Connection {
    /// The server that is meant.
    pub(super) fn target(&self) -> Target {
        Target::Configured(Configured {
            address: self.temporal_address.clone(),
            namespace: self.namespace.clone(),
            profile: self.profile.clone(),
            config_file: self.config_file.clone(),
        })
    }

    /// How long to wait for the server.
    pub(super) fn connect_timeout_ms(&self) -> u64 {
        self.connect_timeout_ms
    }

    /// A client of it.
    pub(super) async fn client(&self) -> anyhow::Result<Client> {
        let patience = Duration::from_millis(self.connect_timeout_ms);
        Ok(Client::connect_to(&self.target(), patience).await?)
    }
}
