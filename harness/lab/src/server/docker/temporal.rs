//! Temporal's server on PostgreSQL, in its network; a fresh one has no namespace.

use testcontainers::core::IntoContainerPort as _;
use testcontainers::{GenericImage, ImageExt as _};

use crate::server::{ServerError, ServerSettings};

use super::{Container, Postgres, StackImages};

const GRPC_PORT: u16 = 7233;
/// Where the server reads its dynamic configuration.
const DYNAMIC_CONFIG: &str = "/etc/temporal/dynamic-config.yaml";

/// Starts the server, published at `127.0.0.1:port`. It need not be
/// ready.
pub(in crate::server) fn start(
    images: &StackImages,
    postgres: &Postgres,
    settings: &ServerSettings,
    port: u16,
) -> Result<Container, ServerError> {
    let (host, database_port, user) = postgres.inside()?;
    let (name, tag) = images.server.name_and_tag();
    let server = GenericImage::new(name, tag)
        .with_exposed_port(GRPC_PORT.tcp())
        .with_env_var("DB", "postgres12")
        .with_env_var("POSTGRES_SEEDS", host)
        .with_env_var("DB_PORT", database_port)
        .with_env_var("POSTGRES_USER", user)
        .with_env_var("POSTGRES_PWD", user)
        .with_env_var("NUM_HISTORY_SHARDS", "4")
        .with_env_var("BIND_ON_IP", "0.0.0.0")
        // One process has nobody else to tell, and its own address may change with a restart.
        .with_env_var("TEMPORAL_BROADCAST_ADDRESS", "127.0.0.1")
        .with_env_var("LOG_LEVEL", "warn")
        .with_env_var("DYNAMIC_CONFIG_FILE_PATH", DYNAMIC_CONFIG)
        .with_copy_to(DYNAMIC_CONFIG, settings.dynamic_config_file().into_bytes())
        .with_network(postgres.network());
    let name = format!("temporal-{port}");
    Ok(Container::start(server, &name, &[(GRPC_PORT, port)])?)
}
