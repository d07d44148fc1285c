//! Activities as histories tell of them, over all attempts.

use orchbench_temporal::client::HistoryEvent;
use orchbench_temporal::{Client, ClientError};
use serde_json::Value;

use orchbench_evidence::experiment::observability::piece;

/// An activity as the histories have it.
pub(super) struct Activity {
    /// Its name.
    pub name: String,
    /// Its first argument.
    pub input: Value,
    /// Its last attempt.
    pub attempt: u32,
    /// Why the attempt before the last one failed, if there was one.
    last_failure: Option<String>,
    /// Why the last one failed, if it did.
    failure: Option<String>,
    /// Its result and when it completed, since 1970.
    pub result: Option<(Value, u64)>,
}

impl Activity {
    /// One that was given out and has not begun.
    pub fn scheduled(name: &str, data: Option<&Value>) -> Self {
        let argument = data.map(|data| data.get(0).unwrap_or(data));
        Self {
            name: name.to_owned(),
            input: argument.cloned().unwrap_or_default(),
            attempt: 0,
            last_failure: None,
            failure: None,
            result: None,
        }
    }

    fn follow(&mut self, event: &HistoryEvent) {
        match event.event_type.as_str() {
            "ActivityTaskStarted" => {
                self.attempt = event.attempt.unwrap_or_default();
                self.last_failure = event.failure.clone();
            }
            "ActivityTaskCompleted" => {
                self.result = Some((event.data.clone().unwrap_or_default(), event.t_ns));
            }
            _ => self.failure = event.failure.clone(),
        }
    }

    /// In the words of the journal: the name, and the day that the argument has.
    pub fn step(&self) -> String {
        piece(&self.name, self.input["partition"].as_str())
    }

    /// One of its attempts.
    pub fn told(&self, attempt: u32) -> String {
        format!("{} attempt {attempt}", self.step())
    }

    /// The attempts that failed: all before the last one, and that one where it has a failure. Why,
    /// is known of the last two only: a history has no event of an attempt that is tried again.
    pub fn failed(&self) -> Vec<(u32, Option<&String>)> {
        let before = (1..self.attempt).map(|attempt| {
            let known = self.last_failure.as_ref();
            (attempt, known.filter(|_| attempt + 1 == self.attempt))
        });
        let last = self.failure.as_ref();
        before
            .chain(last.map(|failure| (self.attempt, Some(failure))))
            .collect()
    }

    /// Each attempt with how it ended.
    pub fn outcomes(&self) -> Vec<String> {
        let failed = self.failed().into_iter();
        let mut told: Vec<String> = failed
            .map(|(attempt, _)| format!("{} failed", self.told(attempt)))
            .collect();
        told.extend(
            self.result
                .as_ref()
                .map(|_| format!("{} ok", self.told(self.attempt))),
        );
        told
    }
}

/// The workflows of a run: its own, and those of its children.
pub(super) async fn workflows(client: &Client, run: &str) -> Result<Vec<String>, ClientError> {
    let events = client.history(run, None).await?;
    let begun = events
        .iter()
        .filter(|event| event.event_type == "ChildWorkflowExecutionStarted");
    let children = begun.filter_map(|event| event.child.clone());
    Ok(std::iter::once(run.to_owned()).chain(children).collect())
}

/// The activities of a run.
pub(super) async fn activities(client: &Client, run: &str) -> Result<Vec<Activity>, ClientError> {
    let mut all = Vec::new();
    for workflow in workflows(client, run).await? {
        let mut activities: Vec<(i64, Activity)> = Vec::new();
        for event in client.history(&workflow, None).await? {
            if let (Some(name), Some(_)) = (&event.activity, &event.activity_id) {
                activities.push((event.id, Activity::scheduled(name, event.data.as_ref())));
            } else if let Some(origin) = event.origin {
                let mut scheduled = activities.iter_mut();
                let found = scheduled.find(|(id, _)| *id == origin);
                found.into_iter().for_each(|(_, each)| each.follow(&event));
            }
        }
        all.extend(activities.into_iter().map(|(_, activity)| activity));
    }
    Ok(all)
}
