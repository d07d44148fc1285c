//! How the steps of a run without work hang together.

use serde::{Deserialize, Serialize};

/// How no-op steps depend on one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// Each on the one before.
    Chain,
    /// None on another. The older name is that of recorded histories.
    #[serde(alias = "fan_out")]
    FanOut,
}

impl Shape {
    /// The name in factors, arguments and reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Chain => "chain",
            Self::FanOut => "fan-out",
        }
    }
}
