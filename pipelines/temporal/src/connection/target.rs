//! Which server is meant: a plain address, or what Temporal's own environment configuration says.
//!
//! The environment configuration is the same for every SDK and for the `temporal` command line
//! (<https://docs.temporal.io/develop/environment-configuration>): `TEMPORAL_ADDRESS`,
//! `TEMPORAL_NAMESPACE`, `TEMPORAL_API_KEY`, `TEMPORAL_TLS*`, `TEMPORAL_GRPC_META_*`, and profiles in
//! the file `temporal.toml`. What is said explicitly beats the environment, which beats the profile.
//! So Temporal Cloud needs no code.

mod security;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use temporalio_client::envconfig::{
    ClientConfigProfile, ConfigError, DataSource, LoadClientConfigProfileOptions,
};
use temporalio_client::{ConnectionOptions, TlsOptions, Url};
use temporalio_common::envconfig::{
    LoadClientConfigOptions, load_client_config, load_client_config_profile,
};

use super::ConnectError;

/// Where a server is when nobody says it.
const DEFAULT_ADDRESS: &str = "127.0.0.1:7233";

/// The namespace when nobody names one.
const DEFAULT_NAMESPACE: &str = "default";

/// Which server and namespace, and how they are spoken to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Target {
    /// A server that is spoken to in the clear. Nothing is read from the environment, which may speak
    /// of another server.
    Plain {
        /// `host:port`, or a URL.
        address: String,
        /// The namespace.
        namespace: String,
    },
    /// What Temporal's environment configuration says, under what is said here.
    Configured(Configured),
}

/// What beats Temporal's environment configuration; `None` leaves it as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Configured {
    /// `host:port`, or a URL.
    pub address: Option<String>,
    /// The namespace.
    pub namespace: Option<String>,
    /// The profile in the configuration file.
    pub profile: Option<String>,
    /// The configuration file, instead of `TEMPORAL_CONFIG_FILE` and of `temporalio/temporal.toml` in
    /// the user's configuration folder.
    pub config_file: Option<PathBuf>,
}

/// A target with all its questions answered.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// The address as it was said, for messages.
    pub address: String,
    /// The namespace.
    pub namespace: String,
    /// The SDK's options: URL, TLS, API key and metadata.
    pub options: ConnectionOptions,
}

/// Environment variables; `None` means those of the process.
type Variables<'a> = Option<&'a HashMap<String, String>>;

impl Target {
    /// The server at `address`, in the clear.
    #[must_use]
    pub fn plain(address: impl Into<String>, namespace: impl Into<String>) -> Self {
        Self::Plain {
            address: address.into(),
            namespace: namespace.into(),
        }
    }

    /// What the environment says, and nothing else.
    #[must_use]
    pub fn environment() -> Self {
        Self::Configured(Configured::default())
    }

    /// Reads the configuration, the certificates included. Nothing is connected to.
    ///
    /// # Errors
    /// [`ConnectError::Address`], [`ConnectError::Configuration`].
    pub fn resolve(&self) -> Result<Endpoint, ConnectError> {
        match self {
            Self::Plain { address, namespace } => Ok(Endpoint {
                address: address.clone(),
                namespace: namespace.clone(),
                options: ConnectionOptions::new(url(address, false)?).build(),
            }),
            Self::Configured(configured) => configured.resolve(None),
        }
    }
}

impl Configured {
    /// The address that the configuration names; `None` when it names none.
    ///
    /// # Errors
    /// [`ConnectError::Configuration`] when the configuration cannot be read.
    pub fn named_address(&self) -> Result<Option<String>, ConnectError> {
        Ok(self.profile(None)?.address)
    }

    fn resolve(&self, variables: Variables<'_>) -> Result<Endpoint, ConnectError> {
        let mut profile = self.profile(variables)?;
        security::read(&mut profile).map_err(|reason| self.configuration(reason))?;
        let address = profile
            .address
            .clone()
            .unwrap_or_else(|| DEFAULT_ADDRESS.to_owned());
        let namespace = profile
            .namespace
            .clone()
            .unwrap_or_else(|| DEFAULT_NAMESPACE.to_owned());
        // The SDK's own answer to whether TLS is on; it takes the address only as it is.
        profile.address = None;
        let mut options = ConnectionOptions::try_from(profile)
            .map_err(|error| self.configuration(reason(&error)))?;
        let url = url(&address, options.tls_options.is_some())?;
        match (url.scheme(), &options.tls_options) {
            // The SDK would speak in the clear, with the API key in its first request.
            ("http", Some(_)) => {
                return Err(ConnectError::Address {
                    address,
                    reason: "TLS or an API key is configured: expected https or no scheme".into(),
                });
            }
            ("https", None) => options.tls_options = Some(TlsOptions::default()),
            _ => {}
        }
        options.target = url;
        Ok(Endpoint {
            address,
            namespace,
            options,
        })
    }

    fn profile(&self, variables: Variables<'_>) -> Result<ClientConfigProfile, ConnectError> {
        // The SDK takes a file that is not there for an empty one, and would go to localhost.
        if let Some(file) = self.named_file()
            && !file.is_file()
        {
            return Err(self.configuration("no such file".to_owned()));
        }
        let options = LoadClientConfigProfileOptions::builder()
            .maybe_config_source(self.source())
            .maybe_config_file_profile(self.profile.clone())
            .config_file_strict(true)
            .build();
        let mut profile =
            load_client_config_profile(options, variables).map_err(|error| match &error {
                ConfigError::ProfileNotFound(name) => self.configuration(self.no_profile(name)),
                error => self.configuration(reason(error)),
            })?;
        profile.address = self.address.clone().or(profile.address);
        profile.namespace = self.namespace.clone().or(profile.namespace);
        Ok(profile)
    }

    fn source(&self) -> Option<DataSource> {
        let file = self.config_file.as_deref()?;
        Some(DataSource::Path(file.to_string_lossy().into_owned()))
    }

    fn no_profile(&self, name: &str) -> String {
        let options = LoadClientConfigOptions::builder()
            .maybe_config_source(self.source())
            .build();
        let mut known: Vec<String> = load_client_config(options, None)
            .map(|config| config.profiles.into_keys().collect())
            .unwrap_or_default();
        known.sort();
        let known = match known.as_slice() {
            [] => "there are none".to_owned(),
            known => format!("there are {}", known.join(", ")),
        };
        format!("profile {name:?}: not found; {known}")
    }

    /// The configuration file, when somebody names one.
    fn named_file(&self) -> Option<PathBuf> {
        let from_environment = || {
            std::env::var_os("TEMPORAL_CONFIG_FILE")
                .filter(|file| !file.is_empty())
                .map(PathBuf::from)
        };
        self.config_file.clone().or_else(from_environment)
    }

    fn configuration(&self, reason: String) -> ConnectError {
        let place = self.named_file().map_or_else(
            || "temporal.toml or TEMPORAL_*".to_owned(),
            |file: PathBuf| Path::display(&file).to_string(),
        );
        ConnectError::Configuration { place, reason }
    }
}

/// What the SDK says, without its own prefix, which says the same as ours.
fn reason(error: &ConfigError) -> String {
    match error {
        ConfigError::InvalidConfig(reason) => reason.clone(),
        ConfigError::LoadError(error) => error.to_string().trim_end().to_owned(),
        error => error.to_string(),
    }
}

fn url(address: &str, tls: bool) -> Result<Url, ConnectError> {
    let text = match (address.contains("://"), tls) {
        (true, _) => address.to_owned(),
        (false, true) => format!("https://{address}"),
        (false, false) => format!("http://{address}"),
    };
    let bad = |reason: String| ConnectError::Address {
        address: address.to_owned(),
        reason,
    };
    let url: Url = text.parse().map_err(|error| bad(format!("{error}")))?;
    if url.host_str().is_none_or(str::is_empty) {
        return Err(bad("no host".to_owned()));
    }
    Ok(url)
}

#[cfg(test)]
mod tests;
