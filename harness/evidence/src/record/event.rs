//! A trial's `events.jsonl`: what the harness did and saw in a trial, a JSON line each.

use std::collections::BTreeMap;

use orchbench_journal::{RetrySpec, StepName, Summary};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{FormatVersion, Sample, TrialPlan};

/// One line of a trial's event file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Event {
    /// CLOCK_MONOTONIC of the host, nanoseconds; comparable with the effect journal's.
    pub t_ns: u64,
    /// What happened.
    #[serde(flatten)]
    pub body: EventBody,
}

/// What happened in a trial, as the harness saw it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum EventBody {
    /// First event of every file.
    TrialStarted {
        /// See [`super::FORMAT_VERSION`].
        format_version: FormatVersion,
        /// The trial.
        plan: TrialPlan,
    },
    /// A Temporal server answers at its address.
    ServerReady {
        /// Its process, where it is ours to kill.
        pid: Option<u32>,
        /// `host:port` of its gRPC frontend.
        address: String,
        /// What it says it is.
        version: String,
        /// Milliseconds from start to ready.
        startup_ms: f64,
    },
    /// The harness killed the server.
    ServerKilled {
        /// The process that was killed.
        pid: Option<u32>,
    },
    /// A worker process said that it is ready.
    WorkerReady {
        /// Its process.
        pid: u32,
        /// Its epoch: grows with every worker started in the trial.
        epoch: u64,
        /// Name of its journal file without folder, when it writes one.
        journal: Option<String>,
    },
    /// A worker process ended.
    WorkerExited {
        /// Its process.
        pid: u32,
        /// The signal that ended it, if one did.
        signal: Option<i32>,
        /// Its exit code, if it exited.
        code: Option<i32>,
    },
    /// The engine acknowledged the start of a run: from here on it owes an end.
    RunAcknowledged {
        /// The run.
        run: String,
        /// The ETL's source, `None` for runs of no-op steps.
        source: Option<String>,
        /// The retry policy under which its steps run.
        retry: RetrySpec,
    },
    /// A run ended, right or wrong.
    RunEnded {
        /// The run.
        run: String,
        /// The summary of an ETL run that succeeded.
        summary: Option<Summary>,
        /// Why it failed, if it did.
        failure: Option<RunFailure>,
    },
    /// A run did not end within its deadline.
    RunStuck {
        /// The run.
        run: String,
        /// How long the harness waited, in milliseconds.
        waited_ms: u64,
    },
    /// A fault was armed.
    FaultArmed {
        /// Registered name of the fault.
        fault: String,
        /// Where: `load/after_effect/2013-01-01`, or a process.
        target: String,
    },
    /// A fault fired; whether it hit something in flight is the checker's question.
    FaultFired {
        /// Registered name of the fault.
        fault: String,
        /// Where.
        target: String,
        /// The process that it ended, if any.
        pid: Option<u32>,
    },
    /// The engine acknowledged a signal to a run: from here on it owes the effect.
    SignalAcknowledged {
        /// The run.
        run: String,
        /// The signal's name.
        signal: String,
        /// The step that waits for it.
        releases: StepName,
        /// When it was sent, CLOCK_MONOTONIC: the effect may come before the
        /// acknowledgement is seen, but not before this.
        sent_ns: u64,
    },
    /// What the engine's own history says of a run that ended.
    EngineHistory {
        /// The run.
        run: String,
        /// Whether it calls the run completed.
        succeeded: bool,
        /// The steps that it knows, in its order.
        steps: Vec<HistoryStep>,
    },
    /// A measured value.
    Sample(Sample),
    /// Measured values of one kind, too many for an event each, in the order of observation.
    Samples {
        /// Name of the metric, unit last.
        metric: String,
        /// The values, in the unit of the metric's name.
        values: Vec<f64>,
        /// What was varied within the trial.
        labels: BTreeMap<String, String>,
    },
    /// How busy the machine was while the trial was made, beside what the trial itself did.
    Machine {
        /// Load average of the last minute when it began.
        load_1m: f64,
        /// Share of the processors' time that a hypervisor gave to somebody else.
        steal_share: f64,
        /// Share of the processors' time that went into processes that are not the harness's.
        foreign_share: f64,
        /// How long work of a fixed size took, right before and right after the trial, milliseconds: the mean;
        /// `None` of trials made side by side, which would be in each other's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        yardstick_ms: Option<f64>,
    },
    /// The trial's journal files, as they were when the last worker had ended.
    JournalSealed {
        /// A seal a file.
        files: Vec<JournalSeal>,
    },
    /// Last event of every complete file.
    TrialEnded {
        /// How the trial ended.
        status: TrialStatus,
        /// Why, when it is not `completed`.
        reason: Option<String>,
        /// How many events stand before this one; `None` where nobody counted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        events: Option<u64>,
    },
}

/// Why a run failed, in the engine's words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunFailure {
    /// The named error type, such as `InjectedFatal`.
    pub error_type: String,
    /// The engine's message.
    pub message: String,
}

/// A step as the engine's own history has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HistoryStep {
    /// Idempotency key.
    pub key: String,
    /// The number of its last attempt, from 1.
    pub attempts: u32,
    /// Whether that attempt completed.
    pub completed: bool,
    /// Attempts that the engine is known to have noted as failed or lost, and when.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failed: Vec<FailedAttempt>,
    /// Whether the engine made it in another run of its own than the one that the harness asked for,
    /// as a second job that a hook or a sensor starts does.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub in_another_run: bool,
}

/// An attempt that an engine noted as failed or lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FailedAttempt {
    /// Its number, from 1.
    pub attempt: u32,
    /// When the engine noted that, CLOCK_MONOTONIC.
    pub noted_ns: u64,
}

/// What a journal file held when its trial ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct JournalSeal {
    /// File name below the trial's journal folder.
    pub file: String,
    /// Number of records.
    pub records: u64,
    /// Checksum of the last record, empty for a file without any.
    pub last_checksum: String,
}

/// How a trial ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TrialStatus {
    /// It was made to its end, whatever the engine's outcome.
    Completed,
    /// Its fault hit nothing; it counts for nothing and is made again.
    Void,
    /// The user interrupted it.
    Interrupted,
    /// The engine could not be brought up.
    Unreachable,
}
