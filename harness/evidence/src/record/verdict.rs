//! `verdicts.json` and `claims.json`.

use serde::{Deserialize, Serialize};

use super::Interval;

/// A verdict has three values; in merges fail beats unknown beats pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The invariant holds, on evidence.
    Pass,
    /// The evidence does not decide.
    Unknown,
    /// The invariant is broken, on evidence.
    Fail,
}

/// What the checker says of one invariant in one trial.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// The trial.
    pub trial: String,
    /// The invariant's registered name, such as `completeness`.
    pub invariant: String,
    /// The outcome.
    pub outcome: Outcome,
    /// True when a failure is what the trial is there to show (the naive sink's doubles,
    /// a floor engine that loses its run): reported, but no broken invariant of the run.
    pub expected: bool,
    /// One sentence, naming partitions, files and lines.
    pub summary: String,
    /// The records concerned, a line each, at most 20.
    pub evidence: Vec<String>,
}

/// The file `verdicts.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdicts {
    /// See [`super::FORMAT_VERSION`].
    pub format_version: u32,
    /// A verdict an invariant a trial.
    pub verdicts: Vec<Verdict>,
    /// Trials that were void, with the reason.
    pub void: Vec<(String, String)>,
    /// What a reader must know before the figures.
    #[serde(default)]
    pub warnings: Vec<Warning>,
}

/// What became of one sentence of the guidance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClaimRecord {
    /// The claim's name (its file under `claims/`).
    pub claim: String,
    /// The row of the when-to-use table that it belongs to.
    pub row: String,
    /// The better side (an engine, or `engine/settings` where one engine is compared with
    /// itself), `equivalent`, `undecided` or `not measured`.
    pub decision: String,
    /// The sentence, generated from the data.
    pub sentence: String,
    /// The ratio or count that decided, where there is one.
    pub value: Option<f64>,
    /// Its interval.
    pub interval: Option<Interval>,
    /// Ids of the measurements (`experiment/metric/engine/settings/…`) that it rests on.
    pub evidence: Vec<String>,
}

/// The file `claims.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Claims {
    /// See [`super::FORMAT_VERSION`].
    pub format_version: u32,
    /// All claims, in the table's order.
    pub claims: Vec<ClaimRecord>,
}

/// Something that a reader of the results must know before the figures.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "warning", rename_all = "snake_case")]
pub enum Warning {
    /// The run was cut short: these planned trials have no end.
    Partial {
        /// Trials that have an end.
        ended: usize,
        /// Trials that were planned.
        planned: usize,
    },
    /// An engine that was asked for could not be reached.
    Unreachable {
        /// The engine.
        engine: String,
        /// Why.
        reason: String,
    },
    /// A trial was begun and not made to its end.
    Unfinished {
        /// The trial.
        trial: String,
        /// Why, as far as is known.
        reason: String,
    },
    /// A trial's fault hit nothing.
    Void {
        /// The trial.
        trial: String,
        /// Why.
        reason: String,
    },
    /// A condition was tried, and none of its trials counts: void, or not made.
    NothingCounts {
        /// Scenario, engine, settings and factors.
        condition: String,
    },
    /// A sweep has points that no trial reached.
    NotReached {
        /// Scenario, engine and execution.
        part: String,
        /// The points.
        points: Vec<String>,
    },
    /// A file of a trial cannot be read.
    Malformed {
        /// The trial.
        trial: String,
        /// File, line, expected and found.
        message: String,
    },
    /// An open loop fell behind its offer, so its latencies are left out.
    BehindOffer {
        /// The trial.
        trial: String,
        /// Achieved over offered rate, in percent, rounded down.
        achieved_percent: u32,
    },
    /// The server's image was built locally under a vendor's name.
    LocalImage {
        /// Its version.
        version: String,
    },
    /// The binary was not built with optimisation.
    DebugBuild,
}

impl std::fmt::Display for Warning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Partial { ended, planned } => write!(
                f,
                "partial results: {ended} of {planned} planned trials have an end"
            ),
            Self::Unreachable { engine, reason } => {
                write!(f, "engine {engine} could not be reached: {reason}")
            }
            Self::Unfinished { trial, reason } => {
                write!(f, "trial {trial} was not made to its end: {reason}")
            }
            Self::Void { trial, reason } => {
                write!(f, "trial {trial} is void and counts for nothing: {reason}")
            }
            Self::NothingCounts { condition } => write!(f, "no trial counts: {condition}"),
            Self::NotReached { part, points } => {
                write!(f, "sweep {part}: no trial reached {}", points.join(", "))
            }
            Self::Malformed { trial, message } => {
                write!(f, "trial {trial} cannot be read: {message}")
            }
            Self::BehindOffer {
                trial,
                achieved_percent,
            } => write!(
                f,
                "trial {trial}: the open loop achieved {achieved_percent} % of its offer (99 % needed), so its latencies are left out"
            ),
            Self::LocalImage { version } => write!(
                f,
                "the server's image {version} was built locally under the vendor's name"
            ),
            Self::DebugBuild => write!(f, "debug build: figures are not those of a release build"),
        }
    }
}
