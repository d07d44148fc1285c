//! What is wrong with a service.

use serde::{Deserialize, Serialize};

/// What is wrong with a service's answers to acts; compensations are always answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trouble {
    /// Nothing.
    Nothing,
    /// It answers 500 at first, without an effect.
    Errors,
    /// It answers 429 with `Retry-After` at first, without an effect.
    Throttles,
    /// It does what is asked, and at first the answer never comes.
    Silent,
    /// The same for good: the effect is there, and nobody will ever be told.
    Mute,
    /// It answers 422, without an effect, for good.
    Refuses,
}

impl Trouble {
    /// Its name in factors.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Errors => "errors",
            Self::Throttles => "throttles",
            Self::Silent => "silent",
            Self::Mute => "mute",
            Self::Refuses => "refuses",
        }
    }

    /// Whether no number of attempts gets past it.
    #[must_use]
    pub fn is_for_good(self) -> bool {
        matches!(self, Self::Mute | Self::Refuses)
    }
}

/// How a service behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conduct {
    /// What is wrong with it.
    pub trouble: Trouble,
    /// To how many calls that applies, where it is not for good.
    pub times: u32,
    /// How long it takes over every call, milliseconds.
    pub latency_ms: u64,
    /// What a 429 says, whole seconds.
    pub retry_after_s: u32,
}

impl Conduct {
    /// What is wrong with the next answer.
    pub(super) fn next(&mut self) -> Trouble {
        if self.trouble.is_for_good() {
            return self.trouble;
        }
        let Some(left) = self.times.checked_sub(1) else {
            return Trouble::Nothing;
        };
        self.times = left;
        self.trouble
    }
}
