//! `temporal-server` on SQLite files: what its embedded configuration reads from the
//! environment (the template is `common/config/config_template_embedded.yaml` in its source).
//!
//! A journal in WAL with synchronous=FULL is the template's default and the durability class
//! of the asset engine's catalog; it is said, lest the caller's environment says otherwise.

use std::ffi::OsString;
use std::path::Path;

use crate::process::ProcessError;

use super::host::free_port;
use super::{ServerError, ServerSettings};

/// Each service listens on these; the frontend's gRPC port is the server's.
const OTHER_PORTS: [&str; 8] = [
    "FRONTEND_HTTP_PORT",
    "FRONTEND_MEMBERSHIP_PORT",
    "HISTORY_GRPC_PORT",
    "HISTORY_MEMBERSHIP_PORT",
    "MATCHING_GRPC_PORT",
    "MATCHING_MEMBERSHIP_PORT",
    "WORKER_GRPC_PORT",
    "WORKER_MEMBERSHIP_PORT",
];

/// The server's words: without a token it would refuse to start.
pub(super) const ARGUMENTS: [&str; 2] = ["--allow-no-auth", "start"];

/// Writes the settings into `folder` and says the environment that keeps its data there too.
pub(super) fn environment(
    folder: &Path,
    settings: &ServerSettings,
    port: u16,
) -> Result<Vec<(&'static str, OsString)>, ServerError> {
    let dynamic_config = folder.join("dynamic-config.yaml");
    std::fs::write(&dynamic_config, settings.dynamic_config_file())
        .map_err(ProcessError::file("writing settings", &dynamic_config))?;
    let mut variables: Vec<(&'static str, OsString)> = vec![
        ("DB", "sqlite".into()),
        ("DBNAME", folder.join("temporal.db").into()),
        ("VISIBILITY_DBNAME", folder.join("visibility.db").into()),
        ("SQLITE_JOURNAL_MODE", "wal".into()),
        ("SQLITE_SYNCHRONOUS", "2".into()),
        ("NUM_HISTORY_SHARDS", "1".into()),
        ("LOG_LEVEL", "warn".into()),
        ("BIND_ON_IP", "127.0.0.1".into()),
        ("DYNAMIC_CONFIG_FILE_PATH", dynamic_config.into()),
        ("FRONTEND_GRPC_PORT", port.to_string().into()),
    ];
    for name in OTHER_PORTS {
        variables.push((name, free_port()?.to_string().into()));
    }
    Ok(variables)
}
