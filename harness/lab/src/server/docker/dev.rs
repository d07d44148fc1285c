//! The dev server in a container.
//!
//! The database is in an anonymous volume: it outlives a SIGKILL of the server and goes
//! with the container, needs no folder that the engine can see, and is writable for
//! whichever user the image runs as, since the server runs as root of the container.

use testcontainers::core::{IntoContainerPort as _, Mount};
use testcontainers::{GenericImage, ImageExt as _};

use crate::process::ProcessError;
use crate::server::ServerSettings;

use super::{Container, Image};

const GRPC_PORT: u16 = 7233;

/// Starts the server, published at `127.0.0.1:port`. It need not be ready.
pub(in crate::server) fn start(
    image: &Image,
    settings: &ServerSettings,
    port: u16,
) -> Result<Container, ProcessError> {
    let (name, tag) = image.name_and_tag();
    let request = GenericImage::new(name, tag)
        .with_exposed_port(GRPC_PORT.tcp())
        .with_cmd(arguments(settings))
        // A static program in an image without /etc/passwd asks for both.
        .with_env_var("USER", "root")
        .with_env_var("HOME", "/data")
        .with_env_var("TEMPORAL_VERSION_CHECK_DISABLED", "1")
        .with_user("0:0")
        .with_mount(Mount::volume_mount("", "/data"));
    Container::start(request, &format!("temporal-{port}"), &[(GRPC_PORT, port)])
}

fn arguments(settings: &ServerSettings) -> Vec<String> {
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
    fixed.chain(settings.args()).collect()
}
