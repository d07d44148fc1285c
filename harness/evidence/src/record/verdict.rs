//! `verdicts.json` and `claims.json`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{FormatVersion, Interval};

/// A verdict has three values; in merges fail beats unknown beats pass.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Verdict {
    /// The trial.
    pub trial: String,
    /// The invariant's registered name, such as `completeness`.
    pub invariant: String,
    /// The outcome.
    pub outcome: Outcome,
    /// True when a failure is what the trial is there to show (the naive sink's doubles,
    /// a floor engine that loses its run): reported, but no broken invariant of the run.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub expected: bool,
    /// One sentence, naming partitions, files and lines.
    pub summary: String,
    /// The records concerned, a line each, at most 20.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
}

/// The file `verdicts.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Verdicts {
    /// See [`super::FORMAT_VERSION`].
    pub format_version: FormatVersion,
    /// A verdict an invariant a trial.
    pub verdicts: Vec<Verdict>,
    /// Trials that were void, with the reason.
    pub void: Vec<(String, String)>,
    /// What a reader must know before the figures.
    #[serde(default)]
    pub warnings: Vec<Warning>,
}

/// What became of a prediction of the guidance.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ClaimVerdict {
    /// It is so, by its rule.
    Supported,
    /// It is not so, by its rule.
    Contradicted,
    /// The evidence leaves both possible.
    Undecided,
    /// No trial that counts bears on it.
    NotMeasured,
}

impl std::fmt::Display for ClaimVerdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Supported => "supported",
            Self::Contradicted => "contradicted",
            Self::Undecided => "undecided",
            Self::NotMeasured => "not measured",
        })
    }
}

/// The side of the when-to-use table that a phrase is about.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum GuidanceSide {
    /// Durable workflows.
    Temporal,
    /// Asset-style orchestration.
    AssetStyle,
}

/// One claim about a phrase of the guidance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ClaimRecord {
    /// The claim's name (its file under `claims/`).
    pub claim: String,
    /// The row of the when-to-use table that its phrase stands in.
    pub row: String,
    /// The phrase that it tests.
    pub phrase: String,
    /// The side that the phrase is about.
    pub side: GuidanceSide,
    /// What must be seen if the phrase is true.
    pub prediction: String,
    /// The kind of its rule: `bound`, `ratio`, `below`, `difference`, `capability`, `count`,
    /// `conformance`, `ablation`.
    pub kind: String,
    /// True of an ablation: it explains figures and counts for no phrase.
    pub apart: bool,
    /// What became of it, after Holm's correction within its row.
    pub verdict: ClaimVerdict,
    /// What was seen, generated from the data.
    pub sentence: String,
    /// The ratio, share or difference of shares that decides; `None` where nothing was measured.
    pub value: Option<f64>,
    /// The p-value by the rule alone.
    pub p: Option<f64>,
    /// The same after Holm's correction.
    pub p_adjusted: Option<f64>,
    /// The interval of `value` at the level that the correction asks of it; one-sided ones end
    /// at 0 or 1. `None` where trials are too few, or the rule estimates nothing.
    pub interval_adjusted: Option<Interval>,
    /// How large the effect is, of a ratio: `negligible`, `small`, `medium` or `large`, by the share of pairings
    /// in which one side is larger (Vargha and Delaney).
    #[serde(default)]
    pub effect: Option<String>,
    /// Every engine that took part: the rule's sides in order, then those shown beside.
    pub values: Vec<EngineValue>,
    /// Ids of the measurements (`experiment/metric/engine/settings/…`) that it rests on.
    pub evidence: Vec<String>,
    /// What would decide it: more blocks, an experiment to come. `None` of a decided claim.
    pub needs: Option<String>,
}

/// What an engine showed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EngineValue {
    /// The engine.
    pub engine: String,
    /// The settings.
    pub settings: String,
    /// The value as it is printed, with its unit: `12.3 ms`, `0 of 60`.
    pub text: String,
    /// Its own 0.95 interval, not corrected; `None` where trials are too few.
    pub interval: Option<Interval>,
    /// The number of trials, or of blocks where conditions are averaged within a block.
    pub n: usize,
}

/// The file `claims.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Claims {
    /// See [`super::FORMAT_VERSION`].
    pub format_version: FormatVersion,
    /// All claims, in the table's order.
    pub claims: Vec<ClaimRecord>,
}

/// Something that a reader of the results must know before the figures.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
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
    /// A raw file is not what was sealed when the run had ended.
    Damaged {
        /// Its name.
        file: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The machine was busy with something else when the run began.
    BusyAtStart {
        /// Load average of the last minute, in hundredths.
        load_percent: u32,
    },
    /// The machine was busy with something else while a trial was made.
    Busy {
        /// The trial.
        trial: String,
        /// Share of the processors' time that a hypervisor gave to somebody else, percent.
        steal_percent: u32,
        /// Share that went into processes that are not the harness's, percent.
        foreign_percent: u32,
    },
    /// An open loop's own generator was late, so its latencies are left out.
    GeneratorLate {
        /// The trial.
        trial: String,
        /// The open loop.
        load: String,
        /// 99th percentile of the lateness, microseconds.
        lateness_us: u64,
    },
    /// An open loop fell behind its offer, so its latencies are left out.
    BehindOffer {
        /// The trial.
        trial: String,
        /// The open loop.
        load: String,
        /// Achieved over offered rate, in percent, rounded down.
        achieved_percent: u32,
    },
    /// A derived file is not what the raw files give.
    Differs {
        /// Its name below the folder.
        file: String,
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
            Self::Damaged { file, problem } => write!(f, "{file}: {problem}"),
            Self::BusyAtStart { load_percent } => write!(
                f,
                "the machine was busy when the run began: a load of {load_percent} % of one processor; every figure is of a busy machine"
            ),
            Self::Busy {
                trial,
                steal_percent,
                foreign_percent,
            } => write!(
                f,
                "trial {trial}: the machine was busy with something else ({foreign_percent} % of its processors, {steal_percent} % stolen)"
            ),
            Self::GeneratorLate {
                trial,
                load,
                lateness_us,
            } => write!(
                f,
                "trial {trial}: the generator of the open loop at {load} was late ({lateness_us} µs at p99, more than 5 % of the median latency), so its latencies are left out"
            ),
            Self::BehindOffer {
                trial,
                load,
                achieved_percent,
            } => write!(
                f,
                "trial {trial}: the open loop at {load} achieved {achieved_percent} % of its offer (99 % needed), so its latencies are left out"
            ),
            Self::Differs { file } => write!(
                f,
                "{file} is not what the raw files give: `orchbench report` writes it anew"
            ),
            Self::LocalImage { version } => write!(
                f,
                "the server's image {version} was built locally under the vendor's name"
            ),
            Self::DebugBuild => write!(f, "debug build: figures are not those of a release build"),
        }
    }
}
