//! What a results folder holds of one trial, read once.
//!
//! A file of the trial that cannot be read does not stop the analysis: its message is kept
//! in [`TrialEvidence::malformed`], and every verdict on the trial is then "unknown".

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use orchbench_journal::{Record, RetrySpec, StepName, Summary};

use crate::record::{
    AppliedRow, EngineRecord, Event, EventBody, HistoryStep, JournalSeal, RunFailure, Sample,
    TrialPlan, TrialStatus, WarehouseRow,
};

/// What a results folder holds of one trial.
#[derive(Debug, Clone)]
pub struct TrialEvidence {
    /// What was planned.
    pub plan: TrialPlan,
    /// Its engine, `None` where it is not described.
    pub engine: Option<EngineRecord>,
    /// What the harness did and saw.
    pub events: Vec<Event>,
    /// How the trial ended.
    pub end: End,
    /// The effect journal, a file a process, in the order of names.
    pub journal: Vec<JournalFile>,
    /// What it left in the warehouse, by source of its acknowledged runs.
    pub sources: BTreeMap<String, SourceEvidence>,
    /// The applied log, `None` when none was kept.
    pub applied: Option<Vec<AppliedRow>>,
    /// Files that could not be read, with path, line, expected and found.
    pub malformed: Vec<String>,
}

/// How a trial ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// It was never begun.
    NotBegun,
    /// It was begun and has no end: the harness was killed or interrupted.
    NotEnded,
    /// It has an end.
    Ended(TrialStatus, Option<String>),
}

/// One journal file.
#[derive(Debug, Clone)]
pub struct JournalFile {
    /// File name below the trial's journal folder.
    pub name: String,
    /// The records that could be read, in order.
    pub records: Vec<Record>,
    /// What is wrong with it, with file and line.
    pub problems: Vec<String>,
}

/// What a trial left of a source, beside what it should have left.
#[derive(Debug, Clone, Default)]
pub struct SourceEvidence {
    /// The rows, `None` when none were kept.
    pub rows: Option<Vec<WarehouseRow>>,
    /// The rows that should be there, `None` when the folder does not say.
    pub expected: Option<Arc<Vec<WarehouseRow>>>,
    /// The summary that a run should give, `None` when the folder does not say.
    pub summary: Option<Arc<Summary>>,
}

impl SourceEvidence {
    /// Whether the rows are there and are the expected ones, one by one: nearly always, and soon seen.
    pub fn is_as_expected(&self) -> bool {
        let expected = self.expected.as_deref();
        self.rows.is_some() && self.rows.as_ref() == expected
    }
}

/// A run that the engine acknowledged.
#[derive(Debug, Clone)]
pub struct Run<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its source, `None` for no-op steps.
    pub source: Option<&'a str>,
    /// The retry policy of its steps.
    pub retry: &'a RetrySpec,
    /// When its end was seen, `None` when it never was.
    pub ended_ns: Option<u64>,
    /// Its summary, if it succeeded and is an ETL run.
    pub summary: Option<&'a Summary>,
    /// Why it failed, if it did.
    pub failure: Option<&'a RunFailure>,
    /// How long the harness waited in vain, if it did.
    pub stuck_ms: Option<u64>,
}

impl Run<'_> {
    /// Whether it ended in good order, and as long as it was waited for.
    pub fn ended_well(&self) -> bool {
        self.ended_ns.is_some() && self.failure.is_none() && self.stuck_ms.is_none()
    }
}

impl TrialEvidence {
    /// Whether the trial was made to its end and can be read.
    pub fn completed(&self) -> bool {
        matches!(self.end, End::Ended(TrialStatus::Completed, _))
    }

    /// Whether its engine promises that a run outlives the process that holds it. Of one that does not,
    /// a run that is lost to a kill is expected, and counted all the same.
    pub fn resumes(&self) -> bool {
        self.engine.as_ref().is_some_and(|engine| {
            let Some(execution) = engine.execution(&self.plan.factors) else {
                return false;
            };
            let under = format!("{execution}/{}", self.plan.settings);
            let mut promised = engine.resumes.iter();
            promised.any(|each| each == execution || *each == under)
        })
    }

    /// Whether its fault may take a run along for good, by the engine's own word.
    pub fn may_lose_runs(&self) -> bool {
        let struck = self.plan.factors.contains_key("fault")
            || self.factor("changed") == "interrupted"
            // A step that waits is in a process, and that is killed with the rest.
            || self.factor("pattern") == "long-wait-blocking";
        !self.resumes() && struck
    }

    /// The wait that its engine documents before attempt `failed` + 1, milliseconds.
    pub fn scheduled_delay_ms(&self, retry: &RetrySpec, failed: u32) -> Option<f64> {
        let engine = self.engine.as_ref()?;
        Some(engine.retry_schedule.delay_ms(retry, failed))
    }

    /// The values that were measured while the trial was made, in the order of observation.
    pub fn samples(&self) -> Vec<Sample> {
        let mut samples = Vec::new();
        for event in &self.events {
            match &event.body {
                EventBody::Sample(sample) => samples.push(sample.clone()),
                EventBody::Samples {
                    metric,
                    values,
                    labels,
                } => samples.extend(values.iter().map(|value| Sample {
                    metric: metric.clone(),
                    value: *value,
                    labels: labels.clone(),
                })),
                _ => {}
            }
        }
        samples
    }

    /// How long work of a fixed size took beside the trial, milliseconds; `None` where nobody tried.
    pub fn yardstick_ms(&self) -> Option<f64> {
        self.events.iter().find_map(|event| match &event.body {
            EventBody::Machine { yardstick_ms, .. } => *yardstick_ms,
            _ => None,
        })
    }

    /// The acknowledged runs, in the order of acknowledgement.
    pub fn runs(&self) -> Vec<Run<'_>> {
        let mut runs: Vec<Run<'_>> = Vec::new();
        for event in &self.events {
            match &event.body {
                EventBody::RunAcknowledged { run, source, retry } => runs.push(Run {
                    id: run,
                    source: source.as_deref(),
                    retry,
                    ended_ns: None,
                    summary: None,
                    failure: None,
                    stuck_ms: None,
                }),
                EventBody::RunEnded {
                    run,
                    summary,
                    failure,
                } => {
                    if let Some(found) = runs.iter_mut().rev().find(|each| each.id == run) {
                        found.ended_ns = Some(event.t_ns);
                        found.summary = summary.as_ref();
                        found.failure = failure.as_ref();
                    }
                }
                EventBody::RunStuck { run, waited_ms } => {
                    if let Some(found) = runs.iter_mut().rev().find(|each| each.id == run) {
                        found.stuck_ms = Some(*waited_ms);
                    }
                }
                _ => {}
            }
        }
        runs
    }

    /// The keys of the steps that a run completed itself, and no other run of the engine for it, by the
    /// engine's own account; `None` where it gave none.
    pub fn completed_itself(&self, run: &str) -> Option<BTreeSet<&str>> {
        let steps = self.events.iter().find_map(|event| match &event.body {
            EventBody::EngineHistory { run: of, steps, .. } if of == run => Some(steps),
            _ => None,
        })?;
        let own = |step: &&HistoryStep| step.completed && !step.in_another_run;
        Some(
            steps
                .iter()
                .filter(own)
                .map(|step| step.key.as_str())
                .collect(),
        )
    }

    /// The runs on which a run rests, itself first: where something changes between the runs of a source, a
    /// later one makes only what is out of date, and what it does not make is what an earlier one made.
    pub fn rests_on<'a>(&'a self, run: &'a str) -> Vec<&'a str> {
        let mut rests_on = vec![run];
        if self.factor("changed").is_empty() {
            return rests_on;
        }
        let runs = self.runs();
        let Some(at) = runs.iter().position(|each| each.id == run) else {
            return rests_on;
        };
        let before = runs[..at].iter().rev();
        let of_source = before.filter(|each| each.source == runs[at].source);
        rests_on.extend(of_source.map(|each| each.id));
        rests_on
    }

    /// Whether its steps called services, by the journal: its applied log is then their ledger.
    pub fn calls_services(&self) -> bool {
        let mut records = self.journal.iter().flat_map(|file| &file.records);
        records.any(|record| record.step.is_some_and(StepName::is_of_order))
    }

    /// Seals of the journal files; a later seal of the same file replaces an earlier one.
    pub fn seals(&self) -> Option<Vec<JournalSeal>> {
        self.events
            .iter()
            .rev()
            .find_map(|event| match &event.body {
                EventBody::JournalSealed { files } => Some(files.clone()),
                _ => None,
            })
    }

    /// Whether the trial's workers were to write a journal.
    pub fn journalled(&self) -> bool {
        !self.journal.is_empty()
            || self.seals().is_some()
            || self.events.iter().any(
                |event| matches!(&event.body, EventBody::WorkerReady { journal, .. } if journal.is_some()),
            )
    }

    /// What the reader found wrong with the journal, with file and line.
    pub fn journal_problems(&self) -> impl Iterator<Item = &String> {
        self.journal.iter().flat_map(|file| &file.problems)
    }

    /// A factor of the trial, empty when it has none of that name.
    pub fn factor(&self, name: &str) -> &str {
        self.plan.factors.get(name).map_or("", String::as_str)
    }
}
