//! Connecting to a Temporal server, with a deadline and an error that says what was tried.

use std::time::Duration;

use temporalio_client::errors::ClientConnectError;
use temporalio_client::{Client, ClientOptions, Connection, ConnectionOptions, RetryOptions, Url};
use tokio::time::{Instant, sleep, timeout_at};

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

/// A client for the namespace of the server at `address` (`host:port`, or a URL), as soon as the
/// server answers.
pub(crate) async fn connect(
    address: &str,
    namespace: &str,
    identity: &str,
    patience: Duration,
) -> Result<Client, ConnectError> {
    let target = url(address)?;
    let begin = Instant::now();
    let deadline = begin + patience;
    let mut attempts = 0;
    let mut last = "the attempt was still under way".to_owned();
    let connection = loop {
        attempts += 1;
        let options = ConnectionOptions::new(target.clone())
            .identity(identity.to_owned())
            .connect_timeout(patience)
            .retry_options(retry_options())
            .build();
        match timeout_at(deadline, Connection::connect(options)).await {
            Ok(Ok(connection)) => break connection,
            Ok(Err(error)) => last = describe(&error),
            Err(_) => {}
        }
        if Instant::now() + PAUSE >= deadline {
            return Err(ConnectError::Unreachable {
                address: address.to_owned(),
                attempts,
                waited_ms: u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX),
                last,
            });
        }
        sleep(PAUSE).await;
    };
    Client::new(connection, ClientOptions::new(namespace).build()).map_err(|error| {
        ConnectError::Address {
            address: address.to_owned(),
            reason: error.to_string(),
        }
    })
}

fn url(address: &str) -> Result<Url, ConnectError> {
    let text = if address.contains("://") {
        address.to_owned()
    } else {
        format!("http://{address}")
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

/// Requests are tried again soon: a server that is back must not wait for the client's backoff.
fn retry_options() -> RetryOptions {
    RetryOptions::builder()
        .max_interval(Duration::from_millis(500))
        .max_elapsed_time(Some(REQUEST_PATIENCE))
        .max_retries(0)
        .build()
}

/// The innermost message, which is the one that says something ("connection refused").
fn describe(error: &ClientConnectError) -> String {
    if let ClientConnectError::SystemInfoCallError(status) = error {
        return format!("{}: {}", status.code(), status.message());
    }
    let mut innermost: &dyn std::error::Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_server_that_is_not_there_is_named_with_what_was_tried() {
        let patience = Duration::from_millis(300);
        // Port 1 is privileged and has no service here.
        let error = connect("127.0.0.1:1", "default", "test", patience).await;
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
        let error = connect("not an address", "default", "test", Duration::from_secs(60)).await;
        assert!(matches!(error, Err(ConnectError::Address { .. })));
    }
}
