//! One container of ours, whatever it runs: labelled with its owner, published on pinned
//! loopback ports, removed with its anonymous volumes.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use testcontainers::bollard::Docker;
use testcontainers::bollard::errors::Error as Refusal;
use testcontainers::bollard::models::{
    ContainerConfig, ContainerInspectResponse, NetworkConnectRequest, NetworkDisconnectRequest,
    PortBinding,
};
use testcontainers::bollard::query_parameters::{
    CommitContainerOptions, KillContainerOptions, StartContainerOptions, StopContainerOptions,
};
use testcontainers::runners::AsyncRunner as _;
use testcontainers::{ContainerAsync, ContainerRequest, GenericImage, ImageExt as _};

use crate::process::{
    OWNER_LABEL, ProcessError, block_on_background, containers_may_exist, docker, ensure_guard,
    owner_tag,
};

/// How long a program may take to end when asked, seconds.
const STOP_GRACE_S: i32 = 10;
/// How long it is tried to freeze a container, and how often.
const FREEZE: Duration = Duration::from_secs(30);
const FREEZE_AGAIN: Duration = Duration::from_millis(100);

/// A container of ours; removed on drop, by the guard, or by the next sweep.
pub(in crate::server) struct Container {
    id: String,
    /// The networks that it was taken off.
    cut_from: Mutex<Vec<String>>,
    handle: Option<ContainerAsync<GenericImage>>,
    #[expect(dead_code, reason = "held so that the owner's record keeps the mark")]
    mark: ContainersMark,
}

impl std::fmt::Debug for Container {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Container({})", self.id)
    }
}

impl Container {
    /// Starts `request` under a name that ends with `name`, with each container port at
    /// its loopback port, and waits for what the request waits for.
    pub(super) fn start(
        request: impl Into<ContainerRequest<GenericImage>>,
        name: &str,
        ports: &[(u16, u16)],
    ) -> Result<Container, ProcessError> {
        // Recorded and guarded before it exists.
        let mark = ContainersMark::set()?;
        ensure_guard()?;
        let owner = owner_tag()?;
        let bindings: HashMap<_, _> = ports.iter().map(binding).collect();
        let request = request
            .into()
            .with_label(OWNER_LABEL, &owner)
            .with_container_name(full_name(name)?)
            .with_host_config_modifier(move |host| {
                host.publish_all_ports = Some(false);
                host.port_bindings = Some(bindings.clone());
            });
        let handle =
            block_on_background(request.start())?.map_err(|e| refused("start container", e))?;
        Ok(Container {
            id: handle.id().to_owned(),
            cut_from: Mutex::default(),
            handle: Some(handle),
            mark,
        })
    }

    /// The container's id.
    pub(in crate::server) fn id(&self) -> &str {
        &self.id
    }

    /// SIGKILL to its program; done when the engine says that the container has ended.
    pub(in crate::server) fn kill(&self) -> Result<(), ProcessError> {
        let id = self.id.clone();
        let options = KillContainerOptions {
            signal: "SIGKILL".to_owned(),
        };
        ask("kill container", move |docker| async move {
            docker.kill_container(&id, Some(options)).await
        })
    }

    /// Asks its program to end by this signal, and SIGKILL after the grace; done when it has.
    pub(in crate::server) fn stop(&self, signal: &str) -> Result<(), ProcessError> {
        let id = self.id.clone();
        let options = StopContainerOptions {
            signal: Some(signal.to_owned()),
            t: Some(STOP_GRACE_S),
        };
        ask("stop container", move |docker| async move {
            docker.stop_container(&id, Some(options)).await
        })
    }

    /// Makes an image of it, with this change to its settings in the words of a Dockerfile.
    pub(super) fn commit(
        &self,
        repository: &str,
        tag: &str,
        change: &str,
    ) -> Result<(), ProcessError> {
        let options = CommitContainerOptions {
            container: Some(self.id.clone()),
            repo: Some(repository.to_owned()),
            tag: Some(tag.to_owned()),
            changes: Some(change.to_owned()),
            ..Default::default()
        };
        ask("commit container", move |docker| async move {
            let made = docker.commit_container(options, ContainerConfig::default());
            made.await.map(drop)
        })
    }

    /// Freezes all its processes, or lets them go on. Docker gives up where some of them come and go
    /// meanwhile on a busy machine, and leaves it as it was; it is asked again then.
    pub(in crate::server) fn pause(&self, paused: bool) -> Result<(), ProcessError> {
        let deadline = Instant::now() + FREEZE;
        loop {
            match self.ask_to_pause(paused) {
                Err(error) if gave_up(&error) && Instant::now() < deadline => {
                    std::thread::sleep(FREEZE_AGAIN);
                }
                answer => return answer,
            }
        }
    }

    fn ask_to_pause(&self, paused: bool) -> Result<(), ProcessError> {
        let id = self.id.clone();
        ask("pause container", move |docker| async move {
            if paused {
                docker.pause_container(&id).await
            } else {
                docker.unpause_container(&id).await
            }
        })
    }

    /// Takes it off its networks: no packet comes in or goes out, also by its published ports.
    pub(in crate::server) fn disconnect(&self) -> Result<(), ProcessError> {
        let settings = self.inspect()?.network_settings;
        let networks = settings
            .and_then(|found| found.networks)
            .unwrap_or_default();
        for network in networks.into_keys() {
            let off = NetworkDisconnectRequest {
                container: self.id.clone(),
                force: Some(true),
            };
            let name = network.clone();
            ask("disconnect container", move |docker| async move {
                docker.disconnect_network(&name, off).await
            })?;
            self.cut_from().push(network);
        }
        Ok(())
    }

    /// Puts it back, under the same name and ports; its address in the network may be another.
    pub(in crate::server) fn reconnect(&self) -> Result<(), ProcessError> {
        let networks = std::mem::take(&mut *self.cut_from());
        for network in networks {
            let on = NetworkConnectRequest {
                container: self.id.clone(),
                endpoint_config: None,
            };
            ask("connect container", move |docker| async move {
                docker.connect_network(&network, on).await
            })?;
        }
        Ok(())
    }

    fn cut_from(&self) -> MutexGuard<'_, Vec<String>> {
        self.cut_from.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts it again after a kill or a stop, on the same volume and ports.
    pub(in crate::server) fn start_again(&self) -> Result<(), ProcessError> {
        let id = self.id.clone();
        ask("start container", move |docker| async move {
            docker
                .start_container(&id, None::<StartContainerOptions>)
                .await
        })
    }

    /// Its program's process id on the engine's machine; `None` when it does not run.
    pub(in crate::server) fn pid(&self) -> Result<Option<u32>, ProcessError> {
        let pid = self.inspect()?.state.and_then(|state| state.pid);
        Ok(pid
            .and_then(|pid| u32::try_from(pid).ok())
            .filter(|pid| *pid != 0))
    }

    fn inspect(&self) -> Result<ContainerInspectResponse, ProcessError> {
        let id = self.id.clone();
        ask("inspect container", move |docker| async move {
            docker.inspect_container(&id, None).await
        })
    }
}

/// Asks the Docker engine something; its refusal names the action.
fn ask<T, F>(
    action: &'static str,
    question: impl FnOnce(Docker) -> F + Send + 'static,
) -> Result<T, ProcessError>
where
    T: Send + 'static,
    F: Future<Output = Result<T, Refusal>> + Send,
{
    block_on_background(async move {
        question(docker().await?)
            .await
            .map_err(|error| refused(action, error))
    })?
}

impl Drop for Container {
    fn drop(&mut self) {
        if let Some(handle) = self.handle.take() {
            // What fails here is removed by the guard or the next sweep.
            let _ = block_on_background(async move { handle.rm().await });
        }
    }
}

/// The name that the engine knows a container or network of ours by.
pub(super) fn full_name(name: &str) -> Result<String, ProcessError> {
    Ok(format!("orchbench-{}-{name}", owner_tag()?))
}

fn binding((container, host): &(u16, u16)) -> (String, Option<Vec<PortBinding>>) {
    let bound = PortBinding {
        host_ip: Some("127.0.0.1".to_owned()),
        host_port: Some(host.to_string()),
    };
    (format!("{container}/tcp"), Some(vec![bound]))
}

/// Whether Docker's runtime gave up a freeze that may come about yet.
fn gave_up(error: &ProcessError) -> bool {
    error.to_string().contains("unable to freeze")
}

/// While one of these lives, the owner's record says that containers may exist.
#[derive(Debug)]
pub(super) struct ContainersMark;

static MARKS: AtomicUsize = AtomicUsize::new(0);

impl ContainersMark {
    pub(super) fn set() -> Result<Self, ProcessError> {
        MARKS.fetch_add(1, Ordering::SeqCst);
        let mark = ContainersMark;
        containers_may_exist(true)?;
        Ok(mark)
    }
}

impl Drop for ContainersMark {
    fn drop(&mut self) {
        if MARKS.fetch_sub(1, Ordering::SeqCst) == 1 {
            let _ = containers_may_exist(false);
        }
    }
}

pub(super) fn refused(action: &'static str, error: impl std::fmt::Display) -> ProcessError {
    ProcessError::Docker {
        action,
        reason: error.to_string(),
    }
}
