//! When a server counts as ready: it answers GetSystemInfo, its namespace can be described, and the
//! service that has the histories has joined it ("not enough hosts to serve the request" before that).

use std::time::{Duration, Instant};

use temporalio_client::tonic::{Code, IntoRequest as _};
use temporalio_client::{Connection, ConnectionOptions};
use temporalio_common::protos::temporal::api::common::v1::WorkflowExecution;
use temporalio_common::protos::temporal::api::workflowservice::v1::{
    DescribeNamespaceRequest, DescribeWorkflowExecutionRequest, GetSystemInfoRequest,
};

use crate::process::block_on_background;

use super::ServerError;

/// One probe may take this long; the server may be frozen in the middle of it.
const PROBE_LIMIT: Duration = Duration::from_secs(2);
/// A workflow that nobody starts.
const NOBODYS: &str = "orchbench-readiness";
/// Pause between two probes.
const PROBE_PAUSE: Duration = Duration::from_millis(20);

/// A server's answer when it was ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ready {
    /// The server's own version.
    pub server_version: String,
    /// From the first probe to the answer.
    pub waited: Duration,
}

/// Probes until the server is ready. `still_alive` is asked before each probe, and its
/// error ends the wait.
///
/// # Errors
/// [`ServerError::NotReady`] with the last failure after `limit`; whatever
/// `still_alive` says.
pub fn await_ready(
    options: &ConnectionOptions,
    namespace: &str,
    limit: Duration,
    mut still_alive: impl FnMut() -> Result<(), ServerError>,
) -> Result<Ready, ServerError> {
    let start = Instant::now();
    loop {
        still_alive()?;
        let probe = probe(options.clone(), namespace.to_owned());
        let answer = block_on_background(async move {
            tokio::time::timeout(PROBE_LIMIT, probe)
                .await
                .unwrap_or_else(|_| Err(format!("no answer within {PROBE_LIMIT:?}")))
        })?;
        match answer {
            Ok(server_version) => {
                return Ok(Ready {
                    server_version,
                    waited: start.elapsed(),
                });
            }
            Err(reason) if start.elapsed() >= limit => {
                return Err(ServerError::NotReady {
                    address: options.target.to_string(),
                    limit,
                    reason,
                });
            }
            Err(_) => std::thread::sleep(PROBE_PAUSE),
        }
    }
}

async fn probe(options: ConnectionOptions, namespace: String) -> Result<String, String> {
    let connection = Connection::connect(options)
        .await
        .map_err(|e| e.to_string())?;
    let mut service = connection.workflow_service();
    let info = service
        .get_system_info(GetSystemInfoRequest::default().into_request())
        .await
        .map_err(|e| format!("system info: {}", e.message()))?;
    let request = DescribeNamespaceRequest {
        namespace: namespace.clone(),
        ..Default::default()
    };
    service
        .describe_namespace(request.into_request())
        .await
        .map_err(|e| format!("namespace {namespace}: {}", e.message()))?;
    let request = DescribeWorkflowExecutionRequest {
        namespace,
        execution: Some(WorkflowExecution {
            workflow_id: NOBODYS.to_owned(),
            run_id: String::new(),
        }),
    };
    match service
        .describe_workflow_execution(request.into_request())
        .await
    {
        Err(e) if matches!(e.code(), Code::Unavailable | Code::DeadlineExceeded) => {
            Err(format!("histories: {}", e.message()))
        }
        // That there is none is an answer.
        _ => Ok(info.into_inner().server_version),
    }
}
