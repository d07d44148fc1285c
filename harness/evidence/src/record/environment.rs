//! `environment.json`: on what a run was made, and with which settings.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::FormatVersion;

/// The environment of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Environment {
    /// See [`super::FORMAT_VERSION`].
    pub format_version: FormatVersion,
    /// UTC time of the run's start, RFC 3339.
    pub started_at: String,
    /// Version of orchbench.
    pub orchbench_version: String,
    /// Commit that the binary was built from, with `-dirty` where its sources differed; `unknown`
    /// where it was built outside a checkout, `None` in older folders.
    pub commit: Option<String>,
    /// `release` or `debug`.
    pub build: String,
    /// Name of the processor.
    pub cpu: String,
    /// Processors that this process may use.
    pub cpus: usize,
    /// Memory, bytes.
    pub memory_bytes: u64,
    /// Kernel release.
    pub kernel: String,
    /// Operating system's name.
    pub os: String,
    /// Load average of the last minute at the start.
    pub load_1m: f64,
    /// Share of the processors' time that others took just before the first trial; `None` in older
    /// folders. The load average remembers what was before, such as the build of this program.
    #[serde(default)]
    pub foreign_share: Option<f64>,
    /// The Temporal server, where one was used.
    pub server: Option<ServerRecord>,
    /// The version of each engine that took part: name → version, of its own parts.
    #[serde(default)]
    pub versions: BTreeMap<String, String>,
    /// For each store, what it survives.
    pub durability: Vec<Durability>,
    /// Every setting of each named set of settings: name → setting → value.
    pub settings: BTreeMap<String, BTreeMap<String, String>>,
    /// Engines that were asked for and could not be reached: name → why.
    pub unreachable: BTreeMap<String, String>,
}

/// Which Temporal server, and how it came.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ServerRecord {
    /// How it was found: `address`, `docker`, `path`, `cache`, `go install`, …
    pub way: String,
    /// The program's or image's version, as it says itself.
    pub version: String,
    /// The server's own version, as its API gives it; `None` where it was not asked.
    #[serde(default)]
    pub api_version: Option<String>,
    /// Version of the SDK that workers and client are built on.
    #[serde(default)]
    pub sdk_version: Option<String>,
    /// The store behind it.
    pub store: String,
    /// True where an image under a vendor's name was built locally.
    pub local_image_build: bool,
    /// The images it runs from; empty without containers.
    #[serde(default)]
    pub images: Vec<ImageRecord>,
}

/// An image that containers of the run were of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ImageRecord {
    /// Its name with its tag.
    pub name: String,
    /// Its id (`sha256:…`).
    pub id: String,
    /// Whether it was built here, under the vendor's name, not pulled.
    pub local_build: bool,
}

impl fmt::Display for ImageRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let origin = if self.local_build {
            "built locally under the vendor's name"
        } else {
            "pulled"
        };
        write!(f, "{}, id {}, {origin}", self.name, self.id)
    }
}

/// What a store survives, and by which setting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Durability {
    /// `warehouse`, `catalog`, `temporal`, `journal`.
    pub store: String,
    /// `process crash` or `power loss`.
    pub survives: String,
    /// The setting that makes it so.
    pub setting: String,
}
