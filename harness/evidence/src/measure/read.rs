//! Reading the evidence of trials from a results folder. A file that cannot be read does
//! not stop the analysis: its message is kept with the trial.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use orchbench_journal as journal;

use super::{End, JournalFile, SourceEvidence, TrialEvidence};
use crate::record::{
    EngineRecord, Event, EventBody, Expected, FORMAT_VERSION, FolderError, ResultsFolder,
    TrialFiles, TrialPlan, WarehouseRow,
};

/// No value that is measured comes near: of bytes, it is a million terabytes.
const MAX_VALUE: f64 = 1e18;

/// Reads trials from a folder; what trials share is read once.
pub struct Evidence<'a> {
    folder: &'a ResultsFolder,
    engines: &'a [EngineRecord],
    /// What runs should leave, or why that cannot be read.
    expected: Result<Expected, String>,
    /// The row sets that a source should leave, by digest; those of every trial would not fit in
    /// memory.
    rows: BTreeMap<String, Arc<Vec<WarehouseRow>>>,
}

impl<'a> Evidence<'a> {
    /// Reads from `folder` the trials of these engines, which its plan describes.
    pub fn new(folder: &'a ResultsFolder, engines: &'a [EngineRecord]) -> Self {
        Self {
            folder,
            engines,
            expected: folder.expected().map_err(|error| error.to_string()),
            rows: BTreeMap::new(),
        }
    }

    /// Everything that the folder holds of a planned trial.
    pub fn trial(&mut self, plan: &TrialPlan) -> TrialEvidence {
        let mut engines = self.engines.iter();
        let mut trial = TrialEvidence {
            plan: plan.clone(),
            engine: engines.find(|each| each.name == plan.engine).cloned(),
            events: Vec::new(),
            end: End::NotBegun,
            journal: Vec::new(),
            sources: BTreeMap::new(),
            applied: None,
            malformed: Vec::new(),
        };
        match self.folder.trial(plan) {
            Ok(Some(files)) => self.read(&files, &mut trial),
            Ok(None) => {}
            Err(error) => {
                trial.malformed.push(error.to_string());
                trial.end = End::NotEnded;
            }
        }
        trial
    }

    fn read(&mut self, files: &TrialFiles, trial: &mut TrialEvidence) {
        let malformed = &mut trial.malformed;
        let events = keep(files.events(), malformed);
        let begun = events.is_some() || !malformed.is_empty();
        trial.events = events.unwrap_or_default();
        check_head(&trial.plan, &trial.events, malformed);
        check_whole(&trial.plan, &trial.events, malformed);
        trial.end = end(begun, &trial.events);
        trial.applied = keep(files.applied(), malformed);
        trial.journal = files
            .journal()
            .map(|(path, name, content)| journal_file(&path, name, content))
            .collect();
        let runs = trial.runs();
        let names: BTreeSet<String> = runs
            .iter()
            .filter_map(|run| run.source.map(str::to_owned))
            .collect();
        for name in names {
            let source = self.source(files, &name, &mut trial.malformed);
            trial.sources.insert(name, source);
        }
    }

    fn source(
        &mut self,
        files: &TrialFiles,
        name: &str,
        malformed: &mut Vec<String>,
    ) -> SourceEvidence {
        let mut source = SourceEvidence::default();
        let should = match &self.expected {
            Ok(expected) => expected.sources.get(name).cloned(),
            Err(message) => {
                malformed.push(message.clone());
                None
            }
        };
        if let Some(should) = should {
            source.expected = keep(self.shared_rows(&should.rows).map(Some), malformed);
            source.summary = Some(Arc::new(should.summary));
        }
        if let Some(digest) = keep(files.rows(name), malformed) {
            source.rows = match self.rows.get(&digest) {
                Some(rows) => Some(rows.to_vec()),
                None => keep(self.folder.rows(&digest).map(Some), malformed),
            };
        }
        source
    }

    fn shared_rows(&mut self, digest: &str) -> Result<Arc<Vec<WarehouseRow>>, FolderError> {
        if let Some(rows) = self.rows.get(digest) {
            return Ok(Arc::clone(rows));
        }
        let rows = Arc::new(self.folder.rows(digest)?);
        self.rows.insert(digest.to_owned(), Arc::clone(&rows));
        Ok(rows)
    }
}

/// What was read; what could not be is told of the trial.
fn keep<T>(read: Result<Option<T>, FolderError>, malformed: &mut Vec<String>) -> Option<T> {
    read.unwrap_or_else(|error| {
        malformed.push(error.to_string());
        None
    })
}

fn journal_file(path: &Path, name: &str, content: &[u8]) -> JournalFile {
    let read = journal::read_bytes(path, content);
    JournalFile {
        name: name.to_owned(),
        records: read.records,
        problems: read.problems.iter().map(ToString::to_string).collect(),
    }
}

/// The first event names the trial and a format that this code reads.
fn check_head(plan: &TrialPlan, events: &[Event], malformed: &mut Vec<String>) {
    let Some(first) = events.first() else {
        return;
    };
    let place = format!("{}/events.jsonl: line 1", plan.id);
    match &first.body {
        EventBody::TrialStarted { format_version, .. } if !format_version.is_read() => malformed
            .push(format!(
                "{place}: expected format {}.x, found {format_version}",
                FORMAT_VERSION.major
            )),
        EventBody::TrialStarted { plan: found, .. } if found != plan => malformed.push(format!(
            "{place}: expected the trial as plan.json has it, found another plan of trial {}",
            found.id
        )),
        EventBody::TrialStarted { .. } => {}
        _ => malformed.push(format!(
            "{place}: expected trial_started, found another event"
        )),
    }
}

/// One start, one end with nothing behind it and as many events before it as it says, and no value
/// that cannot be measured: whatever counts, it counts from 0 on.
fn check_whole(plan: &TrialPlan, events: &[Event], malformed: &mut Vec<String>) {
    for (before, event) in events.iter().enumerate() {
        let behind = events.len() - before - 1;
        let wrong = match &event.body {
            EventBody::TrialStarted { .. } if before > 0 => {
                Some("expected one trial_started, found a second".to_owned())
            }
            EventBody::TrialEnded { .. } if behind > 0 => Some(format!(
                "expected the trial's last event, found {behind} behind it"
            )),
            EventBody::TrialEnded {
                events: Some(counted),
                ..
            } if *counted != before as u64 => Some(format!(
                "expected {counted} events before the trial's end, found {before}"
            )),
            EventBody::Sample(sample) => no_value(&sample.metric, &[sample.value]),
            EventBody::Samples { metric, values, .. } => no_value(metric, values),
            _ => None,
        };
        let place = format!("{}/events.jsonl: line {}", plan.id, before + 1);
        malformed.extend(wrong.map(|wrong| format!("{place}: {wrong}")));
    }
}

fn no_value(metric: &str, values: &[f64]) -> Option<String> {
    let wrong = values
        .iter()
        .find(|value| !(0.0..=MAX_VALUE).contains(*value))?;
    Some(format!(
        "sample {metric}: expected a value from 0 to {MAX_VALUE:e}, found {wrong}"
    ))
}

fn end(begun: bool, events: &[Event]) -> End {
    match events.last().map(|event| &event.body) {
        Some(EventBody::TrialEnded { status, reason, .. }) => End::Ended(*status, reason.clone()),
        _ if begun => End::NotEnded,
        _ => End::NotBegun,
    }
}
