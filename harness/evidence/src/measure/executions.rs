//! The journal's records as executions of steps: an invocation and what became of it.

use std::collections::BTreeMap;

use orchbench_journal::{CrashPoint, Day, StepName};
use orchbench_journal::{Kind, Record};

use super::TrialEvidence;

/// One invocation of a step.
#[derive(Debug, Clone, PartialEq)]
pub struct Execution {
    /// The run.
    pub run: String,
    /// The step.
    pub step: StepName,
    /// The partition, `None` for steps of a whole run.
    pub partition: Option<Day>,
    /// The attempt as the engine numbered it, from 1.
    pub attempt: u32,
    /// The journal file.
    pub file: String,
    /// When it was invoked, CLOCK_MONOTONIC.
    pub invoked_ns: u64,
    /// How it ended, `None` when the journal has no end of it.
    pub finish: Option<Finish>,
    /// Where and when a crash rule hit it.
    pub crash: Option<(CrashPoint, u64)>,
    /// Data version of its output, when it ended well.
    pub output_digest: Option<String>,
    /// Rows that it changed (1 for a publication), when it ended well and says so.
    pub changed: Option<u64>,
    /// Rows that it made, or that were in the warehouse after a load, when it ended well and says so.
    pub rows: Option<u64>,
}

/// The end of an execution.
#[derive(Debug, Clone, PartialEq)]
pub struct Finish {
    /// When, CLOCK_MONOTONIC.
    pub t_ns: u64,
    /// The error's type and message, `None` when it ended well.
    pub error: Option<String>,
}

/// All executions of a trial, by idempotency key, each key's in the order of invocation.
#[derive(Debug, Clone, Default)]
pub struct Executions {
    /// By idempotency key.
    pub by_key: BTreeMap<String, Vec<Execution>>,
}

impl Execution {
    /// When it ended well, `None` when it did not.
    pub fn ok_ns(&self) -> Option<u64> {
        self.finish
            .as_ref()
            .filter(|finish| finish.error.is_none())
            .map(|finish| finish.t_ns)
    }

    /// When it failed and with which error, `None` when it did not.
    pub fn error(&self) -> Option<(u64, &str)> {
        let finish = self.finish.as_ref()?;
        Some((finish.t_ns, finish.error.as_deref()?))
    }

    /// The name of its error's type, such as `InjectedFatal`.
    pub fn error_type(&self) -> Option<&str> {
        self.error()
            .map(|(_, error)| error.split(':').next().unwrap_or(error).trim())
    }

    /// `attempt 2 (1-77.jsonl)`.
    pub fn describe(&self) -> String {
        format!("attempt {} ({})", self.attempt, self.file)
    }
}

impl Executions {
    /// Pairs each `invoke` with the `ok`, `error` or `crash` that follows it in its file
    /// under the same key and attempt.
    pub fn of(trial: &TrialEvidence) -> Self {
        let mut executions: Vec<(String, Execution)> = Vec::new();
        for file in &trial.journal {
            let mut open: BTreeMap<(&str, u32), usize> = BTreeMap::new();
            for record in &file.records {
                let (Some(key), Some(attempt)) = (record.key.as_deref(), record.attempt) else {
                    continue;
                };
                if record.kind == Kind::Invoke {
                    if let Some(execution) = begin(&file.name, record, attempt) {
                        open.insert((key, attempt), executions.len());
                        executions.push((key.to_owned(), execution));
                    }
                } else if let Some(index) = open.get(&(key, attempt)) {
                    follow(&mut executions[*index].1, record);
                }
            }
        }
        let mut by_key: BTreeMap<String, Vec<Execution>> = BTreeMap::new();
        for (key, execution) in executions {
            by_key.entry(key).or_default().push(execution);
        }
        for each in by_key.values_mut() {
            each.sort_by_key(|execution| execution.invoked_ns);
        }
        Self { by_key }
    }

    /// Every execution.
    pub fn all(&self) -> impl Iterator<Item = &Execution> {
        self.by_key.values().flatten()
    }

    /// Number of invocations.
    pub fn count(&self) -> usize {
        self.by_key.values().map(Vec::len).sum()
    }

    /// Invocations beyond the first of each key.
    pub fn repeated(&self) -> usize {
        self.count() - self.by_key.len()
    }

    /// Pairs of executions of one key of which the second began before the first had
    /// ended (or crashed).
    pub fn overlaps(&self) -> usize {
        let end_ns = |each: &Execution| {
            let ended = each.finish.as_ref().map(|finish| finish.t_ns);
            ended.or(each.crash.map(|(_, t_ns)| t_ns))
        };
        let of_key = |each: &Vec<Execution>| -> usize {
            let firsts = each.iter().enumerate();
            firsts
                .map(|(index, first)| {
                    let later = each[index + 1..].iter();
                    later
                        .filter(|later| end_ns(first).is_some_and(|end| later.invoked_ns < end))
                        .count()
                })
                .sum()
        };
        self.by_key.values().map(of_key).sum()
    }
}

fn begin(file: &str, record: &Record, attempt: u32) -> Option<Execution> {
    Some(Execution {
        run: record.run.clone()?,
        step: record.step?,
        partition: record.partition,
        attempt,
        file: file.to_owned(),
        invoked_ns: record.t_ns,
        finish: None,
        crash: None,
        output_digest: None,
        changed: None,
        rows: None,
    })
}

fn follow(execution: &mut Execution, record: &Record) {
    match record.kind {
        Kind::Ok => {
            execution.finish = Some(Finish {
                t_ns: record.t_ns,
                error: None,
            });
            execution.output_digest = record.output_digest.clone();
            execution.changed = record.changed;
            execution.rows = record.rows;
        }
        Kind::Error => {
            let error = record.error.clone().unwrap_or_else(|| "unnamed".to_owned());
            execution.finish = Some(Finish {
                t_ns: record.t_ns,
                error: Some(error),
            });
        }
        Kind::Crash => {
            execution.crash = record.point.map(|point| (point, record.t_ns));
        }
        _ => {}
    }
}
