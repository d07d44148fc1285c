//! The address that a user names: by flag, by `TEMPORAL_ADDRESS`, or in a profile of
//! temporal.toml. TLS, API key and namespace come from the same configuration.

use orchbench_temporal::{Configured, Target};
use temporalio_client::ConnectionOptions;

use super::ServerError;

/// A server that the user named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedAddress {
    /// `host:port` or a URL.
    pub address: String,
    /// The namespace to work in.
    pub namespace: String,
    /// Who named it, for messages: `--temporal-address` or the environment.
    pub source: &'static str,
}

impl NamedAddress {
    /// An address from the command line; the rest from the environment's profile.
    ///
    /// # Errors
    /// [`ServerError::Configuration`] when that profile is not readable.
    pub fn from_flag(address: &str) -> Result<Self, ServerError> {
        Self::new(address, "--temporal-address")
    }

    /// The address of the environment or of its temporal.toml profile; `None` when
    /// neither names one.
    ///
    /// # Errors
    /// [`ServerError::Configuration`] when the profile is not readable.
    pub fn from_environment() -> Result<Option<Self>, ServerError> {
        Configured::default()
            .named_address()
            .map_err(configuration)?
            .map(|address| Self::new(&address, "TEMPORAL_ADDRESS or temporal.toml"))
            .transpose()
    }

    fn new(address: &str, source: &'static str) -> Result<Self, ServerError> {
        let endpoint = at(address).resolve().map_err(configuration)?;
        Ok(Self {
            address: endpoint.address,
            namespace: endpoint.namespace,
            source,
        })
    }

    /// The server as clients and workers name it.
    pub fn target(&self) -> Target {
        at(&self.address)
    }

    /// The client's options for this address, with TLS and API key of the profile.
    ///
    /// # Errors
    /// [`ServerError::Configuration`] when the address or the profile is not valid.
    pub fn connection_options(&self) -> Result<ConnectionOptions, ServerError> {
        options(&self.target())
    }
}

/// The client's options for a server of ours at `address` (`host:port`): plain text,
/// and nothing of the user's environment, which may speak of another server.
///
/// # Errors
/// [`ServerError::Configuration`] when the address is not valid.
pub fn connection_options(address: &str) -> Result<ConnectionOptions, ServerError> {
    options(&Target::plain(address, "default"))
}

fn at(address: &str) -> Target {
    Target::Configured(Configured {
        address: Some(address.to_owned()),
        ..Configured::default()
    })
}

fn options(target: &Target) -> Result<ConnectionOptions, ServerError> {
    Ok(target.resolve().map_err(configuration)?.options)
}

fn configuration(error: impl std::fmt::Display) -> ServerError {
    ServerError::Configuration {
        reason: error.to_string(),
    }
}
