//! Namespaces: a fresh server on PostgreSQL has none.

use std::time::Duration;

use temporalio_client::tonic::{Code, IntoRequest};
use temporalio_common::protos::temporal::api::workflowservice::v1::{
    DescribeNamespaceRequest, RegisterNamespaceRequest,
};
use tokio::time::{Instant, sleep};

use super::{Client, ClientError};

/// How long closed workflows are kept.
const RETENTION: Duration = Duration::from_hours(24);

/// The server's frontends learn of a new namespace by and by (10 s by default).
const KNOWN_WITHIN: Duration = Duration::from_secs(30);

impl Client {
    /// Makes the client's namespace when the server has none of this name, and waits until it is known.
    ///
    /// # Errors
    /// [`ClientError::Server`] when the server refuses, or still does not know the namespace after 30 s.
    pub async fn ensure_namespace(&self) -> Result<(), ClientError> {
        let failed = |reason: String| ClientError::Server {
            subject: format!("namespace {}", self.namespace),
            reason,
        };
        if self.namespace_known().await.map_err(failed)? {
            return Ok(());
        }
        let request = RegisterNamespaceRequest {
            namespace: self.namespace.clone(),
            workflow_execution_retention_period: RETENTION.try_into().ok(),
            ..RegisterNamespaceRequest::default()
        };
        let mut service = self.sdk.connection().workflow_service();
        match service.register_namespace(request.into_request()).await {
            Ok(_) => {}
            // Another client was faster.
            Err(status) if status.code() == Code::AlreadyExists => {}
            Err(status) => return Err(failed(status.message().to_owned())),
        }
        let deadline = Instant::now() + KNOWN_WITHIN;
        while !self.namespace_known().await.map_err(failed)? {
            if Instant::now() >= deadline {
                return Err(failed("registered, but not known after 30 s".to_owned()));
            }
            sleep(Duration::from_millis(100)).await;
        }
        Ok(())
    }

    async fn namespace_known(&self) -> Result<bool, String> {
        let request = DescribeNamespaceRequest {
            namespace: self.namespace.clone(),
            ..DescribeNamespaceRequest::default()
        };
        let mut service = self.sdk.connection().workflow_service();
        match service.describe_namespace(request.into_request()).await {
            Ok(_) => Ok(true),
            Err(status) if status.code() == Code::NotFound => Ok(false),
            Err(status) => Err(status.message().to_owned()),
        }
    }
}
