//! Temporal's server on PostgreSQL: the schema job, then the server, in PostgreSQL's
//! network; a fresh one has no namespace.

use std::time::{Duration, Instant};

use temporalio_client::tonic::{Code, IntoRequest as _};
use temporalio_client::{Connection, ConnectionOptions};
use temporalio_common::protos::temporal::api::workflowservice::v1::RegisterNamespaceRequest;
use testcontainers::core::wait::ExitWaitStrategy;
use testcontainers::core::{IntoContainerPort as _, WaitFor};
use testcontainers::{GenericImage, ImageExt as _};

use crate::process::block_on_background;
use crate::server::{ServerError, ServerSettings, connection_options};

use super::{Container, Postgres, StackImages};

const GRPC_PORT: u16 = 7233;
/// The job that docker-compose.yml runs, too.
const SCHEMA: &str = include_str!("../../../../../docker/schema.sh");
/// How long the schema job may take; it takes about six seconds.
const SCHEMA_LIMIT: Duration = Duration::from_secs(120);
/// Where the server reads its dynamic configuration.
const DYNAMIC_CONFIG: &str = "/etc/temporal/dynamic-config.yaml";
/// Pause between two looks at the schema job, and between two tries to make the namespace.
const PAUSE: Duration = Duration::from_millis(50);
/// How long a try to make the namespace may take.
const NAMESPACE_TRY: Duration = Duration::from_secs(5);
/// How long the namespace keeps closed workflows.
const RETENTION: Duration = Duration::from_hours(24);

/// Makes the schema and starts the server, published at `127.0.0.1:port`. It need not be
/// ready.
pub(in crate::server) fn start(
    images: &StackImages,
    postgres: &Postgres,
    settings: &ServerSettings,
    port: u16,
) -> Result<Container, ServerError> {
    let (host, database_port, user) = postgres.inside()?;
    let done = ExitWaitStrategy::new()
        .with_exit_code(0)
        .with_poll_interval(PAUSE);
    let (name, tag) = images.admin_tools.name_and_tag();
    let schema = GenericImage::new(name, tag)
        .with_entrypoint("/bin/sh")
        .with_wait_for(WaitFor::exit(done))
        .with_cmd(["-c", SCHEMA])
        .with_env_var("SQL_HOST", &host)
        .with_env_var("SQL_PORT", &database_port)
        .with_env_var("SQL_USER", user)
        .with_env_var("SQL_PASSWORD", user)
        .with_network(postgres.network())
        .with_startup_timeout(SCHEMA_LIMIT);
    drop(Container::start(schema, &format!("schema-{port}"), &[])?);

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
        .with_copy_to(DYNAMIC_CONFIG, dynamic_config(settings).into_bytes())
        .with_network(postgres.network());
    let name = format!("temporal-{port}");
    Ok(Container::start(server, &name, &[(GRPC_PORT, port)])?)
}

/// The settings as the file that the server reads.
fn dynamic_config(settings: &ServerSettings) -> String {
    let lines = settings
        .dynamic_config
        .iter()
        .map(|(key, value)| format!("{key}: [{{value: {value}}}]\n"));
    // An empty file would be no mapping.
    std::iter::once("{}\n".to_owned())
        .filter(|_| settings.dynamic_config.is_empty())
        .chain(lines)
        .collect()
}

/// Makes a namespace as soon as the server lets it. It is not asked for before: the
/// server would remember for ten seconds that there is none.
pub(in crate::server) fn make_namespace(
    address: &str,
    namespace: &str,
    limit: Duration,
) -> Result<(), ServerError> {
    let options = connection_options(address)?;
    let start = Instant::now();
    loop {
        let register = register(options.clone(), namespace.to_owned());
        let made = block_on_background(async move {
            tokio::time::timeout(NAMESPACE_TRY, register)
                .await
                .unwrap_or_else(|_| Err(format!("no answer within {NAMESPACE_TRY:?}")))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_settings_are_a_file_of_lists() {
        assert_eq!(dynamic_config(&ServerSettings::server_defaults()), "{}\n");
        assert_eq!(
            dynamic_config(&ServerSettings::tuned_timer()),
            "history.timerProcessorMaxTimeShift: [{value: \"5ms\"}]\n"
        );
    }
}
