//! Connecting to a Temporal server, with a deadline and an error that says what was tried.

mod target;

use std::io;
use std::time::Duration;

use temporalio_client::errors::ClientConnectError;
use temporalio_client::tonic::Code;
use temporalio_client::{Client, ClientOptions, Connection, RetryOptions};
use tokio::time::{Instant, sleep, timeout_at};

pub use self::target::{Configured, Endpoint, Target};

/// Between two attempts at a server that does not answer yet.
const PAUSE: Duration = Duration::from_millis(100);

/// How long one request is tried again while the server cannot be reached: long enough for a server
/// that is killed and started again. With the SDK's own 10 s, a test of such a restart would measure
/// the client's patience.
const REQUEST_PATIENCE: Duration = Duration::from_secs(60);

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The address is none.
    #[error("temporal address {address:?}: expected host:port or a URL: {reason}")]
    Address {
        /// What was given.
        address: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Temporal's environment configuration cannot be read or makes no sense.
    #[error("temporal configuration {place}: {reason}")]
    Configuration {
        /// The file, or where it would be.
        place: String,
        /// What was expected and found.
        reason: String,
    },
    /// The server is there, but does not want this client, or the client does not trust it: the
    /// certificate, the API key or the namespace's permissions. Trying again does not help.
    #[error("temporal server at {address}: refused: {reason}")]
    Refused {
        /// The address that was tried.
        address: String,
        /// What was said, by the server or by TLS.
        reason: String,
    },
    /// The server did not answer within the deadline.
    #[error(
        "temporal server at {address}: no answer within {waited_ms} ms ({attempts} attempts to connect); last: {last}"
    )]
    Unreachable {
        /// The address that was tried.
        address: String,
        /// How many attempts were made.
        attempts: u32,
        /// How long was waited.
        waited_ms: u64,
        /// What the last attempt said.
        last: String,
    },
}

impl ConnectError {
    /// Whether the command line or the configuration is wrong, rather than a server out of reach.
    #[must_use]
    pub fn is_configuration(&self) -> bool {
        matches!(self, Self::Address { .. } | Self::Configuration { .. })
    }
}

/// A client for the target's namespace, as soon as its server answers.
pub(crate) async fn connect(
    target: &Target,
    identity: &str,
    patience: Duration,
) -> Result<Client, ConnectError> {
    let Endpoint {
        address,
        namespace,
        mut options,
    } = target.resolve()?;
    options.identity = identity.to_owned();
    options.connect_timeout = Some(patience);
    options.retry_options = retry_options();
    let begin = Instant::now();
    let deadline = begin + patience;
    let mut attempts = 0;
    let mut last = "the attempt was still under way".to_owned();
    let connection = loop {
        attempts += 1;
        match timeout_at(deadline, Connection::connect(options.clone())).await {
            Ok(Ok(connection)) => break connection,
            Ok(Err(error)) => match permanent(&address, &error) {
                Some(permanent) => return Err(permanent),
                None => last = describe(&error),
            },
            Err(_) => {}
        }
        if Instant::now() + PAUSE >= deadline {
            return Err(ConnectError::Unreachable {
                address,
                attempts,
                waited_ms: u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX),
                last,
            });
        }
        sleep(PAUSE).await;
    };
    Client::new(connection, ClientOptions::new(namespace).build()).map_err(|error| {
        ConnectError::Address {
            address,
            reason: error.to_string(),
        }
    })
}

/// Requests are tried again soon: a server that is back must not wait for the client's backoff.
fn retry_options() -> RetryOptions {
    RetryOptions::builder()
        .max_interval(Duration::from_millis(500))
        .max_elapsed_time(Some(REQUEST_PATIENCE))
        .max_retries(0)
        .build()
}

/// The error as one that no further attempt will cure; `None` for the others.
fn permanent(address: &str, error: &ClientConnectError) -> Option<ConnectError> {
    let refused = |reason| ConnectError::Refused {
        address: address.to_owned(),
        reason,
    };
    match error {
        ClientConnectError::InvalidUri(_) => Some(ConnectError::Address {
            address: address.to_owned(),
            reason: error.to_string(),
        }),
        ClientConnectError::InvalidHeaders(_) | ClientConnectError::InvalidConfig(_) => {
            Some(ConnectError::Configuration {
                place: "temporal.toml or TEMPORAL_*".to_owned(),
                reason: error.to_string(),
            })
        }
        ClientConnectError::SystemInfoCallError(status)
            if matches!(
                status.code(),
                Code::Unauthenticated | Code::PermissionDenied
            ) =>
        {
            Some(refused(describe(error)))
        }
        // A handshake that one of the sides has broken off: tokio-rustls passes it on as this kind.
        error => causes(error)
            .filter_map(|cause| cause.downcast_ref::<io::Error>())
            .find(|cause| cause.kind() == io::ErrorKind::InvalidData)
            .map(|cause| refused(format!("TLS: {cause}"))),
    }
}

/// The innermost message, which is the one that says something ("connection refused").
fn describe(error: &ClientConnectError) -> String {
    match error {
        ClientConnectError::SystemInfoCallError(status)
            if std::error::Error::source(status).is_none() =>
        {
            format!("{}: {}", status.code(), status.message())
        }
        error => innermost(error),
    }
}

fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    causes(error)
        .last()
        .map(ToString::to_string)
        .unwrap_or_default()
}

/// The error and what it came from, outermost first.
fn causes<'a>(
    error: &'a (dyn std::error::Error + 'static),
) -> impl Iterator<Item = &'a (dyn std::error::Error + 'static)> {
    let status = error
        .downcast_ref::<ClientConnectError>()
        .and_then(|error| match error {
            // The SDK does not call the status its source.
            ClientConnectError::SystemInfoCallError(status) => {
                Some(status as &(dyn std::error::Error + 'static))
            }
            _ => None,
        });
    std::iter::successors(Some(status.unwrap_or(error)), |error| error.source())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_server_that_is_not_there_is_named_with_what_was_tried() {
        let patience = Duration::from_millis(300);
        // Port 1 is privileged and has no service here.
        let error = connect(&Target::plain("127.0.0.1:1", "default"), "test", patience).await;
        let message = error.map(drop).map_err(|error| error.to_string());
        let message = message.err().unwrap_or_default();
        assert!(
            message.starts_with("temporal server at 127.0.0.1:1: no answer within "),
            "{message}"
        );
        assert!(message.contains("refused"), "{message}");
    }

    #[tokio::test]
    async fn an_address_that_is_none_is_refused_at_once() {
        let target = Target::plain("not an address", "default");
        let error = connect(&target, "test", Duration::from_secs(60)).await;
        assert!(matches!(error, Err(ConnectError::Address { .. })));
    }
}
