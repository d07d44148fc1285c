//! The Docker engine, as far as ownership goes: reach it, and remove what an owner
//! left, found by label.

use std::collections::HashMap;
use std::time::Duration;

use testcontainers::bollard::Docker;
use testcontainers::bollard::errors::Error::DockerResponseServerError;
use testcontainers::bollard::query_parameters::{
    ListContainersOptions, ListNetworksOptions, RemoveContainerOptions,
};
use testcontainers::core::client::docker_client_instance;

use super::{ProcessError, block_on_background};

/// The label on every container and network that the harness starts; its value is the
/// owner's `<pid>-<start>`.
pub const OWNER_LABEL: &str = "orchbench.owner";

/// An engine that cannot answer within this time counts as absent.
const ANSWER_LIMIT: Duration = Duration::from_secs(3);

/// What the Docker engine said of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DockerAnswer {
    /// The engine's version, such as `20.10.24`.
    pub version: String,
}

/// Asks the Docker engine for its version.
///
/// # Errors
/// [`ProcessError::Docker`] with its answer when it does not answer within 3 s.
pub fn docker_version() -> Result<DockerAnswer, ProcessError> {
    block_on_background(async {
        let docker = docker().await?;
        let version = tokio::time::timeout(ANSWER_LIMIT, docker.version())
            .await
            .map_err(|_| refused("version", format!("no answer within {ANSWER_LIMIT:?}")))?
            .map_err(|e| refused("version", e.to_string()))?;
        Ok(DockerAnswer {
            version: version.version.unwrap_or_default(),
        })
    })?
}

/// A client of the Docker engine that `DOCKER_HOST` or the default socket names.
///
/// # Errors
/// [`ProcessError::Docker`] when there is no such address.
pub async fn docker() -> Result<Docker, ProcessError> {
    docker_client_instance()
        .await
        .map_err(|e| refused("connect", e.to_string()))
}

/// An image that the engine has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalImage {
    /// Its id (`sha256:…`).
    pub id: String,
    /// Whether it came from a registry; otherwise it was built or loaded here.
    pub from_registry: bool,
}

/// An image that the engine has already; `None` when it has not.
///
/// # Errors
/// [`ProcessError::Docker`] when the engine does not answer.
pub fn local_image(name: &str) -> Result<Option<LocalImage>, ProcessError> {
    let name = name.to_owned();
    block_on_background(async move {
        match docker().await?.inspect_image(&name).await {
            Ok(image) => Ok(Some(LocalImage {
                id: image.id.unwrap_or_default(),
                from_registry: image.repo_digests.is_some_and(|d| !d.is_empty()),
            })),
            Err(DockerResponseServerError {
                status_code: 404, ..
            }) => Ok(None),
            Err(e) => Err(refused("inspect image", e.to_string())),
        }
    })?
}

/// Removes the containers and networks of one owner; gives their names.
pub(super) fn remove_owned(owner: &str) -> Result<Vec<String>, ProcessError> {
    let filter = HashMap::from([("label".to_owned(), vec![format!("{OWNER_LABEL}={owner}")])]);
    block_on_background(async move {
        let docker = docker().await?;
        let mut removed = Vec::new();
        let listed = ListContainersOptions {
            all: true,
            filters: Some(filter.clone()),
            ..Default::default()
        };
        let containers = tokio::time::timeout(ANSWER_LIMIT, docker.list_containers(Some(listed)))
            .await
            .map_err(|_| refused("list containers", "no answer".to_owned()))?
            .map_err(|e| refused("list containers", e.to_string()))?;
        for id in containers.into_iter().filter_map(|c| c.id) {
            remove_container(&docker, &id).await?;
            removed.push(format!("container {id}"));
        }
        let listed = ListNetworksOptions {
            filters: Some(filter),
        };
        let networks = docker
            .list_networks(Some(listed))
            .await
            .map_err(|e| refused("list networks", e.to_string()))?;
        for id in networks.into_iter().filter_map(|n| n.id) {
            remove_network(&docker, &id).await?;
            removed.push(format!("network {id}"));
        }
        Ok(removed)
    })?
}

/// Removes a container with its anonymous volumes; one that is gone already is fine.
async fn remove_container(docker: &Docker, id: &str) -> Result<(), ProcessError> {
    let options = RemoveContainerOptions {
        force: true,
        v: true,
        ..Default::default()
    };
    match docker.remove_container(id, Some(options)).await {
        // 409: another sweep removes it at this moment.
        Ok(())
        | Err(DockerResponseServerError {
            status_code: 404 | 409,
            ..
        }) => Ok(()),
        Err(e) => Err(refused("remove container", e.to_string())),
    }
}

/// Removes a network; one that is gone already is fine.
async fn remove_network(docker: &Docker, id: &str) -> Result<(), ProcessError> {
    match docker.remove_network(id).await {
        Ok(())
        | Err(DockerResponseServerError {
            status_code: 404, ..
        }) => Ok(()),
        Err(e) => Err(refused("remove network", e.to_string())),
    }
}

fn refused(action: &'static str, reason: String) -> ProcessError {
    ProcessError::Docker { action, reason }
}
