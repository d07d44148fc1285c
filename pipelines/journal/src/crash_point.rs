//! Where a planned crash can hit a step.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The named points that every step passes.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum CrashPoint {
    /// Invoked, nothing done yet.
    BeforeEffect,
    /// The effect is done; nobody knows.
    AfterEffect,
    /// The effect is done and in the journal; the engine does not know.
    BeforeReturn,
}

impl CrashPoint {
    /// Every point, in the order in which a step passes them.
    pub const ALL: [Self; 3] = [Self::BeforeEffect, Self::AfterEffect, Self::BeforeReturn];

    /// The name in files and JSON, such as `before_effect`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BeforeEffect => "before_effect",
            Self::AfterEffect => "after_effect",
            Self::BeforeReturn => "before_return",
        }
    }
}

impl std::fmt::Display for CrashPoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}
