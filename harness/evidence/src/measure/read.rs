//! Reading the evidence of trials from a results folder. A file that cannot be read does
//! not stop the analysis: its message is kept with the trial.

use std::collections::BTreeMap;
use std::rc::Rc;

use orchbench_journal as journal;
use orchbench_journal::Summary;

use super::{End, JournalFile, SourceEvidence, TrialEvidence};
use crate::record::{
    Event, EventBody, FORMAT_VERSION, FolderError, ResultsFolder, TrialPlan, WarehouseRow,
};

/// Reads trials from a folder; what trials share is read once.
pub struct Evidence<'a> {
    folder: &'a ResultsFolder,
    expected: BTreeMap<String, Option<Rc<Vec<WarehouseRow>>>>,
    summaries: BTreeMap<String, Option<Rc<Summary>>>,
}

impl<'a> Evidence<'a> {
    /// Reads from `folder`.
    pub fn new(folder: &'a ResultsFolder) -> Self {
        Self {
            folder,
            expected: BTreeMap::new(),
            summaries: BTreeMap::new(),
        }
    }

    /// Everything that the folder holds of a planned trial.
    pub fn trial(&mut self, plan: &TrialPlan) -> TrialEvidence {
        let mut malformed = Vec::new();
        let events = self.keep(self.folder.events(&plan.id), &mut malformed);
        let begun = events.is_some() || !malformed.is_empty();
        let events = events.unwrap_or_default();
        check_head(plan, &events, &mut malformed);
        let mut trial = TrialEvidence {
            plan: plan.clone(),
            end: end(begun, &events),
            events,
            journal: Vec::new(),
            sources: BTreeMap::new(),
            applied: None,
            malformed,
        };
        let names: Vec<String> = trial
            .runs()
            .iter()
            .filter_map(|run| run.source.map(str::to_owned))
            .collect();
        trial.journal = self.journal(&plan.id, &mut trial.malformed);
        trial.applied = self.keep(self.folder.applied(&plan.id), &mut trial.malformed);
        for name in names {
            let source = SourceEvidence {
                rows: self.keep(self.folder.rows(&plan.id, &name), &mut trial.malformed),
                expected: self.expected(&name, &mut trial.malformed),
                summary: self.summary(&name, &mut trial.malformed),
            };
            trial.sources.insert(name, source);
        }
        trial
    }

    fn keep<T>(
        &self,
        read: Result<Option<T>, FolderError>,
        malformed: &mut Vec<String>,
    ) -> Option<T> {
        read.unwrap_or_else(|error| {
            malformed.push(self.relative(&error.to_string()));
            None
        })
    }

    /// A message without the folder's own place, so that a moved folder gives the same
    /// report.
    fn relative(&self, message: &str) -> String {
        message.replace(&format!("{}/", self.folder.root().display()), "")
    }

    fn expected(
        &mut self,
        source: &str,
        malformed: &mut Vec<String>,
    ) -> Option<Rc<Vec<WarehouseRow>>> {
        if !self.expected.contains_key(source) {
            let rows = self
                .keep(self.folder.expected(source), malformed)
                .map(Rc::new);
            self.expected.insert(source.to_owned(), rows);
        }
        self.expected.get(source).cloned().flatten()
    }

    fn summary(&mut self, source: &str, malformed: &mut Vec<String>) -> Option<Rc<Summary>> {
        if !self.summaries.contains_key(source) {
            let summary = self
                .keep(self.folder.expected_summary(source), malformed)
                .map(Rc::new);
            self.summaries.insert(source.to_owned(), summary);
        }
        self.summaries.get(source).cloned().flatten()
    }

    fn journal(&self, trial: &str, malformed: &mut Vec<String>) -> Vec<JournalFile> {
        let dir = self.folder.journal_dir(trial);
        let Ok(entries) = std::fs::read_dir(&dir) else {
            return Vec::new();
        };
        let mut paths: Vec<_> = entries
            .filter_map(|entry| entry.ok().map(|entry| entry.path()))
            .collect();
        paths.sort();
        let mut files = Vec::new();
        for path in paths {
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            match journal::read(&path) {
                Ok(read) => files.push(JournalFile {
                    name,
                    records: read.records,
                    problems: read
                        .problems
                        .iter()
                        .map(|problem| self.relative(&problem.to_string()))
                        .collect(),
                }),
                Err(error) => malformed.push(self.relative(&error.to_string())),
            }
        }
        files
    }
}

/// The first event names the trial and a format that this code reads.
fn check_head(plan: &TrialPlan, events: &[Event], malformed: &mut Vec<String>) {
    let Some(first) = events.first() else {
        return;
    };
    let place = format!("events/{}.jsonl: line 1", plan.id);
    match &first.body {
        EventBody::TrialStarted { format_version, .. } if *format_version > FORMAT_VERSION => {
            malformed.push(format!(
                "{place}: expected format_version {FORMAT_VERSION}, found {format_version}"
            ))
        }
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

fn end(begun: bool, events: &[Event]) -> End {
    match events.last().map(|event| &event.body) {
        Some(EventBody::TrialEnded { status, reason }) => End::Ended(*status, reason.clone()),
        _ if begun => End::NotEnded,
        _ => End::NotBegun,
    }
}
