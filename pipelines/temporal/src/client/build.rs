//! Under which build of the workers new workflows begin.

use std::time::Duration;

use temporalio_client::tonic::{Code, IntoRequest as _, Status};
use temporalio_common::protos::temporal::api::enums::v1::RoutingConfigUpdateState;
use temporalio_common::protos::temporal::api::workflowservice::v1::{
    DescribeWorkerDeploymentRequest, SetWorkerDeploymentCurrentVersionRequest,
};
use tokio::time::{Instant, sleep};

use super::{Client, ClientError};
use crate::deployment;

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(50);

impl Client {
    /// From now on workflows of this client's task queue begin under a build, of which workers poll
    /// ([`crate::WorkerOptions::build_id`]); those that began under another stay with that. Returns when the whole
    /// task queue knows.
    ///
    /// # Errors
    /// [`ClientError::Refused`] or [`ClientError::Server`] as the server says, or where after `patience` it has
    /// not seen the build yet or not told all of the queue.
    pub async fn make_current(
        &self,
        build_id: &str,
        patience: Duration,
    ) -> Result<(), ClientError> {
        let deadline = Instant::now() + patience;
        let refused = |status: &Status| {
            self.refusal(
                format!("build {build_id} of task queue {}", self.task_queue),
                status,
            )
        };
        while let Err(status) = self.set_current(build_id).await {
            // It learns of a build by its workers' polls.
            let is_unseen = matches!(status.code(), Code::NotFound | Code::FailedPrecondition);
            if !is_unseen || Instant::now() >= deadline {
                return Err(refused(&status));
            }
            sleep(PAUSE).await;
        }
        while self
            .is_spreading()
            .await
            .map_err(|status| refused(&status))?
        {
            if Instant::now() >= deadline {
                let late = format!(
                    "not known to all partitions after {} ms",
                    patience.as_millis()
                );
                return Err(refused(&Status::deadline_exceeded(late)));
            }
            sleep(PAUSE).await;
        }
        Ok(())
    }

    async fn set_current(&self, build_id: &str) -> Result<(), Status> {
        let request = SetWorkerDeploymentCurrentVersionRequest {
            namespace: self.namespace.clone(),
            deployment_name: deployment::name(&self.task_queue),
            build_id: build_id.to_owned(),
            ..SetWorkerDeploymentCurrentVersionRequest::default()
        };
        let mut service = self.sdk.connection().workflow_service();
        let set = service.set_worker_deployment_current_version(request.into_request());
        set.await.map(drop)
    }

    /// Whether some partition of the task queue is yet to learn which build is current.
    async fn is_spreading(&self) -> Result<bool, Status> {
        let request = DescribeWorkerDeploymentRequest {
            namespace: self.namespace.clone(),
            deployment_name: deployment::name(&self.task_queue),
        };
        let mut service = self.sdk.connection().workflow_service();
        let described = service.describe_worker_deployment(request.into_request());
        let info = described.await?.into_inner().worker_deployment_info;
        let in_progress = RoutingConfigUpdateState::InProgress;
        Ok(info.is_some_and(|info| info.routing_config_update_state() == in_progress))
    }
}
