//! The address that a user names: by flag, by `TEMPORAL_ADDRESS`, or in a profile of
//! temporal.toml. TLS, API key and namespace come from the same configuration.

use temporalio_client::ConnectionOptions;
use temporalio_client::envconfig::{ClientConfigProfile, LoadClientConfigProfileOptions};
use temporalio_common::envconfig::load_client_config_profile;

use super::ServerError;

/// The namespace where the configuration names none.
const DEFAULT_NAMESPACE: &str = "default";

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
        Ok(NamedAddress {
            address: address.to_owned(),
            namespace: namespace(&profile()?),
            source: "--temporal-address",
        })
    }

    /// The address of the environment or of its temporal.toml profile; `None` when
    /// neither names one.
    ///
    /// # Errors
    /// [`ServerError::Configuration`] when the profile is not readable.
    pub fn from_environment() -> Result<Option<Self>, ServerError> {
        let profile = profile()?;
        Ok(profile.address.clone().map(|address| NamedAddress {
            address,
            namespace: namespace(&profile),
            source: "TEMPORAL_ADDRESS or temporal.toml",
        }))
    }

    /// The client's options for this address, with TLS and API key of the profile.
    ///
    /// # Errors
    /// [`ServerError::Configuration`] when the address or the profile is not valid.
    pub fn connection_options(&self) -> Result<ConnectionOptions, ServerError> {
        let mut profile = profile()?;
        profile.address = Some(self.address.clone());
        ConnectionOptions::try_from(profile).map_err(configuration)
    }
}

/// The client's options for a server of ours at `address` (`host:port`): plain text,
/// and nothing of the user's environment, which may speak of another server.
///
/// # Errors
/// [`ServerError::Configuration`] when the address is not valid.
pub fn connection_options(address: &str) -> Result<ConnectionOptions, ServerError> {
    let target: temporalio_client::Url = format!("http://{address}")
        .parse()
        .map_err(|e| configuration(format!("address {address:?}: {e}")))?;
    Ok(ConnectionOptions::new(target).build())
}

fn profile() -> Result<ClientConfigProfile, ServerError> {
    load_client_config_profile(LoadClientConfigProfileOptions::default(), None)
        .map_err(configuration)
}

fn namespace(profile: &ClientConfigProfile) -> String {
    profile
        .namespace
        .clone()
        .unwrap_or_else(|| DEFAULT_NAMESPACE.to_owned())
}

fn configuration(error: impl std::fmt::Display) -> ServerError {
    ServerError::Configuration {
        reason: error.to_string(),
    }
}
