//! The dev server in a container: started by testcontainers, killed and started again
//! by the engine's own client, on a pinned loopback port.
//!
//! The database is in an anonymous volume: it outlives a SIGKILL of the server and goes
//! with the container, needs no folder that the engine can see, and is writable for
//! whichever user the image runs as, since the server runs as root of the container.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use testcontainers::bollard::models::{Mount, MountType, PortBinding};
use testcontainers::bollard::query_parameters::{KillContainerOptions, StartContainerOptions};
use testcontainers::core::IntoContainerPort as _;
use testcontainers::runners::AsyncRunner as _;
use testcontainers::{ContainerAsync, GenericImage, ImageExt as _};

use crate::process::{
    OWNER_LABEL, ProcessError, block_on_background, containers_may_exist, docker, docker_version,
    ensure_guard, local_image, owner_tag,
};

use super::{Provisioned, ServerTuning};

/// The image of the Temporal CLI at the pinned version.
pub const IMAGE: &str = "temporalio/temporal:1.5.1";

const GRPC_PORT: u16 = 7233;

/// The image to use: `ORCHBENCH_TEMPORAL_IMAGE`, else [`IMAGE`].
pub fn image_name() -> String {
    std::env::var("ORCHBENCH_TEMPORAL_IMAGE")
        .ok()
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| IMAGE.to_owned())
}

/// The Docker way: the engine answers and has the image.
pub(super) fn available() -> Result<Provisioned, String> {
    let engine = docker_version().map_err(|e| e.to_string())?;
    let image = image_name();
    match local_image(&image).map_err(|e| e.to_string())? {
        Some(found) => Ok(Provisioned::Docker {
            image,
            image_id: found.id,
            local_build: !found.from_registry,
        }),
        None => Err(format!(
            "engine {} answers, but the image {image} is not there \
             (docker pull, or docker/build-temporal-image.sh)",
            engine.version
        )),
    }
}

/// A container of ours; removed on drop, by the guard, or by the next sweep.
pub(super) struct Container {
    id: String,
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
    /// Starts the server, published at `127.0.0.1:port`. It need not be ready.
    pub(super) fn start(
        image: &str,
        tuning: &ServerTuning,
        port: u16,
    ) -> Result<Container, ProcessError> {
        // Recorded and guarded before it exists.
        let mark = ContainersMark::set()?;
        ensure_guard()?;
        let owner = owner_tag()?;
        let (name, tag) = image.rsplit_once(':').unwrap_or((image, "latest"));
        let request = GenericImage::new(name, tag)
            .with_exposed_port(GRPC_PORT.tcp())
            .with_cmd(arguments(tuning))
            // A static program in an image without /etc/passwd asks for both.
            .with_env_var("USER", "root")
            .with_env_var("HOME", "/data")
            .with_env_var("TEMPORAL_VERSION_CHECK_DISABLED", "1")
            .with_user("0:0")
            .with_label(OWNER_LABEL, &owner)
            .with_container_name(format!("orchbench-temporal-{owner}-{port}"))
            .with_host_config_modifier(move |host| {
                host.publish_all_ports = Some(false);
                host.port_bindings = Some(HashMap::from([(
                    format!("{GRPC_PORT}/tcp"),
                    Some(vec![PortBinding {
                        host_ip: Some("127.0.0.1".to_owned()),
                        host_port: Some(port.to_string()),
                    }]),
                )]));
                host.mounts = Some(vec![Mount {
                    target: Some("/data".to_owned()),
                    typ: Some(MountType::VOLUME),
                    ..Default::default()
                }]);
            });
        let handle =
            block_on_background(request.start())?.map_err(|e| refused("start container", e))?;
        Ok(Container {
            id: handle.id().to_owned(),
            handle: Some(handle),
            mark,
        })
    }

    /// The container's id.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// SIGKILL to the server; done when the engine says that the container has ended.
    pub(super) fn kill(&self) -> Result<(), ProcessError> {
        let id = self.id.clone();
        block_on_background(async move {
            let options = KillContainerOptions {
                signal: "SIGKILL".to_owned(),
            };
            docker()
                .await?
                .kill_container(&id, Some(options))
                .await
                .map_err(|e| refused("kill container", e))
        })?
    }

    /// Starts the killed server again, on the same volume and port.
    pub(super) fn start_again(&self) -> Result<(), ProcessError> {
        let id = self.id.clone();
        block_on_background(async move {
            docker()
                .await?
                .start_container(&id, None::<StartContainerOptions>)
                .await
                .map_err(|e| refused("start container", e))
        })?
    }

    /// The server's process id on the engine's machine; `None` when it does not run.
    pub(super) fn pid(&self) -> Result<Option<u32>, ProcessError> {
        let id = self.id.clone();
        block_on_background(async move {
            let found = docker()
                .await?
                .inspect_container(&id, None)
                .await
                .map_err(|e| refused("inspect container", e))?;
            let pid = found.state.and_then(|state| state.pid).unwrap_or(0);
            Ok(u32::try_from(pid).ok().filter(|pid| *pid != 0))
        })?
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        if let Some(handle) = self.handle.take() {
            // What fails here is removed by the guard or the next sweep.
            let _ = block_on_background(async move { handle.rm().await });
        }
    }
}

fn arguments(tuning: &ServerTuning) -> Vec<String> {
    let fixed = [
        "server",
        "start-dev",
        "--ip",
        "0.0.0.0",
        "--headless",
        "--db-filename",
        "/data/temporal.db",
    ];
    let fixed = fixed.iter().map(|arg| (*arg).to_owned());
    fixed.chain(tuning.args()).collect()
}

/// While one of these lives, the owner's record says that containers may exist.
struct ContainersMark;

static MARKS: AtomicUsize = AtomicUsize::new(0);

impl ContainersMark {
    fn set() -> Result<Self, ProcessError> {
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

fn refused(action: &'static str, error: impl std::fmt::Display) -> ProcessError {
    ProcessError::Docker {
        action,
        reason: error.to_string(),
    }
}
