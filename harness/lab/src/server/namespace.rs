//! The namespace of a fresh server that makes none by itself.

use std::time::{Duration, Instant};

use temporalio_client::tonic::{Code, IntoRequest as _};
use temporalio_client::{Connection, ConnectionOptions};
use temporalio_common::protos::temporal::api::workflowservice::v1::RegisterNamespaceRequest;

use crate::process::block_on_background;

use super::{ServerError, connection_options};

/// Pause between two tries.
const PAUSE: Duration = Duration::from_millis(50);
/// How long a try may take.
const TRY: Duration = Duration::from_secs(5);
/// How long the namespace keeps closed workflows.
const RETENTION: Duration = Duration::from_hours(24);

/// Makes a namespace as soon as the server lets it. It is not asked for before: the
/// server would remember for ten seconds that there is none. `still_alive` is asked before
/// each try, and its error ends the wait.
pub(super) fn make_namespace(
    address: &str,
    namespace: &str,
    limit: Duration,
    mut still_alive: impl FnMut() -> Result<(), ServerError>,
) -> Result<(), ServerError> {
    let options = connection_options(address)?;
    let start = Instant::now();
    loop {
        still_alive()?;
        let register = register(options.clone(), namespace.to_owned());
        let made = block_on_background(async move {
            tokio::time::timeout(TRY, register)
                .await
                .unwrap_or_else(|_| Err(format!("no answer within {TRY:?}")))
        })?;
        match made {
            Ok(()) => return Ok(()),
            Err(reason) if start.elapsed() >= limit => {
                return Err(ServerError::NotReady {
                    address: address.to_owned(),
                    limit,
                    reason,
                });
            }
            Err(_) => std::thread::sleep(PAUSE),
        }
    }
}

async fn register(options: ConnectionOptions, namespace: String) -> Result<(), String> {
    let mut service = Connection::connect(options)
        .await
        .map_err(|e| e.to_string())?
        .workflow_service();
    let request = RegisterNamespaceRequest {
        namespace,
        workflow_execution_retention_period: RETENTION.try_into().ok(),
        ..Default::default()
    };
    match service.register_namespace(request.into_request()).await {
        Ok(_) => Ok(()),
        Err(status) if status.code() == Code::AlreadyExists => Ok(()),
        Err(status) => Err(format!("register namespace: {}", status.message())),
    }
}
