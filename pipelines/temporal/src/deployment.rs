//! Worker versioning: workers are of a build, the builds of a task queue are the versions of one worker
//! deployment, and a workflow stays to its end with the build that it began under. So that other code can be
//! deployed beside the old, whose workers stay as long as it has workflows.

use temporalio_common::worker::{
    VersioningBehavior, WorkerDeploymentOptions, WorkerDeploymentVersion,
};

/// The name of the worker deployment of a task queue. The server takes neither of the two marks in it that
/// part a deployment's name from a build's.
pub(crate) fn name(task_queue: &str) -> String {
    task_queue.replace(['.', ':'], "-")
}

/// A worker of a build, to which its workflows are pinned.
pub(crate) fn pinned(task_queue: &str, build_id: &str) -> WorkerDeploymentOptions {
    let version = WorkerDeploymentVersion::builder()
        .deployment_name(name(task_queue))
        .build_id(build_id)
        .build();
    WorkerDeploymentOptions::new(version)
        .use_worker_versioning(true)
        .default_versioning_behavior(VersioningBehavior::Pinned)
        .build()
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_deployment_is_named_as_its_queue_without_the_marks_of_a_version() {
        assert_eq!(
            super::name("orchbench-deploy.a:b.0"),
            "orchbench-deploy-a-b-0"
        );
    }
}
