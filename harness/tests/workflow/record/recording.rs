//! A trial while it is recorded: what the harness would write, step by step.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use orchbench::engine::history_steps;
use orchbench::engine::keep_warehouse;
use orchbench_etl::{
    CrashAction, CrashPlan, CrashPoint, CrashRule, FailurePlan, RetrySpec, StepName, journal,
    monotonic_ns,
};
use orchbench_evidence::record::{
    Event, EventBody, FORMAT_VERSION, JournalSeal, OpenTrial, ResultsFolder, RunFailure,
    TrialStatus,
};
use orchbench_temporal::client::HistoryEvent;
use serde_json::{Value, json};

use super::{Recorded, SOURCE};
use crate::stage::{Stage, Worker, until};

/// A trial while it is recorded.
pub struct Recording<'a> {
    stage: &'a Stage,
    open: OpenTrial,
    id: &'a str,
    events: Vec<Event>,
}

impl<'a> Recording<'a> {
    pub fn of(stage: &'a Stage, folder: &ResultsFolder, trial: &'a Recorded) -> Result<Self> {
        let mut recording = Self {
            stage,
            open: folder.begin_trial(trial.id)?,
            id: trial.id,
            events: Vec::new(),
        };
        recording.event(EventBody::TrialStarted {
            format_version: FORMAT_VERSION,
            plan: trial.plan(),
        });
        Ok(recording)
    }

    fn event(&mut self, body: EventBody) {
        self.events.push(Event {
            t_ns: monotonic_ns(),
            body,
        });
    }

    pub fn make(mut self, trial: &Recorded) -> Result<()> {
        let dir = self.stage.dir(&format!("record-{}", self.id))?;
        let mut config = self.stage.config(&dir, self.id);
        config.etl.worker_epoch = 1;
        config.etl.journal_dir = Some(self.open.journal_dir());
        config.etl.crash = Some(CrashPlan {
            rules: vec![CrashRule {
                id: "die".to_owned(),
                step: trial.step,
                partition: None,
                attempt: None,
                point: CrashPoint::AfterEffect,
                action: CrashAction::KillSelf,
            }],
            dir: dir.join("crash"),
        });
        config.etl.failure = trial.fails.map(|step| FailurePlan {
            seed: 1,
            fail_first: 9,
            steps: vec![step],
            point: CrashPoint::BeforeEffect,
            fatal: true,
            ..FailurePlan::default()
        });
        let first = Worker::configured(&dir, "first", &config)?;
        self.ready(&first, 1);
        self.start(trial)?;
        let killed = first.pid();
        let status = first.ended()?;
        self.killed(trial, killed, &status);
        config.etl.worker_epoch = 2;
        let second = Worker::configured(&dir, "second", &config)?;
        self.ready(&second, 2);
        if trial.workflow == "ApprovalWorkflow" {
            self.approve()?;
        }
        self.result()?;
        self.history()?;
        second.terminate()?;
        ensure!(second.ended()?.code() == Some(0));
        keep_warehouse(&self.open, self.id, &[SOURCE], &config.etl.warehouse)?;
        self.end()
    }

    fn ready(&mut self, worker: &Worker, epoch: u64) {
        let pid = worker.pid();
        self.event(EventBody::WorkerReady {
            pid,
            epoch,
            journal: Some(format!("{epoch}-{pid}.jsonl")),
        });
    }

    fn start(&mut self, trial: &Recorded) -> Result<()> {
        let retry = RetrySpec {
            delay_ms: 20,
            max_attempts: 3,
            ..RetrySpec::default()
        };
        let pipeline = json!({
            "source": SOURCE,
            "run": self.id,
            "concurrency": 2,
            "heartbeat_timeout_ms": 500,
            "retry": retry,
        });
        let input = if trial.fails.is_some() {
            pipeline
        } else {
            json!({"pipeline": pipeline})
        };
        let input = input.to_string();
        let words = ["start", trial.workflow, &input, "--id", self.id];
        let queue = ["--task-queue", self.id];
        self.stage.json(&[words.as_slice(), &queue].concat())?;
        self.event(EventBody::RunAcknowledged {
            run: self.id.to_owned(),
            source: Some(SOURCE.to_owned()),
            retry,
        });
        Ok(())
    }

    fn killed(&mut self, trial: &Recorded, pid: u32, status: &std::process::ExitStatus) {
        use std::os::unix::process::ExitStatusExt as _;
        self.event(EventBody::WorkerExited {
            pid,
            signal: status.signal(),
            code: status.code(),
        });
        self.event(EventBody::FaultFired {
            fault: "kill-worker".to_owned(),
            target: format!("{}/{}", trial.step, CrashPoint::AfterEffect.as_str()),
            pid: Some(pid),
        });
    }

    /// The verdict, as soon as the workflow waits for it.
    fn approve(&mut self) -> Result<()> {
        until("it waits", || {
            let progress = self.stage.json(&["query", self.id, "progress"])?;
            Ok(progress.to_string().contains("\"waiting\"").then_some(()))
        })?;
        let verdict = json!({"who": "Ada", "why": "looks right"}).to_string();
        let sent_ns = monotonic_ns();
        let words = ["signal", self.id, "approve", &verdict];
        self.stage.workflow(&words)?.text()?;
        self.event(EventBody::SignalAcknowledged {
            run: self.id.to_owned(),
            signal: "approve".to_owned(),
            releases: StepName::Publish,
            sent_ns,
        });
        Ok(())
    }

    fn result(&mut self) -> Result<()> {
        let said = self.stage.workflow(&["result", self.id, "--json"])?;
        let ended: Value = serde_json::from_str(&said.out).with_context(|| format!("{said:?}"))?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let failure = ended.get("failure").map(|failure| RunFailure {
            error_type: text(&failure["error_type"]),
            message: text(&failure["message"]),
        });
        let summary = &ended["result"]["summary"];
        let summary = (!summary.is_null())
            .then(|| serde_json::from_value(summary.clone()))
            .transpose()?;
        ensure!(summary.is_some() != failure.is_some(), "{ended}");
        self.event(EventBody::RunEnded {
            run: self.id.to_owned(),
            summary,
            failure,
        });
        Ok(())
    }

    /// The activities of the run's history: each with its last attempt, and whether that
    /// completed.
    fn history(&mut self) -> Result<()> {
        let shown = self.stage.json(&["show", self.id])?;
        let execution = &shown[0];
        let events: Vec<HistoryEvent> = serde_json::from_value(execution["history"].clone())?;
        let steps = history_steps(self.id, &events);
        ensure!(!steps.is_empty(), "no activity: {shown}");
        self.event(EventBody::EngineHistory {
            run: self.id.to_owned(),
            succeeded: execution["execution"]["status"] == "Completed",
            steps: steps.into_iter().map(|(_, step)| step).collect(),
        });
        Ok(())
    }

    fn end(mut self) -> Result<()> {
        let files = seals(&self.open.journal_dir())?;
        self.event(EventBody::JournalSealed { files });
        let events = Some(self.events.len() as u64);
        self.event(EventBody::TrialEnded {
            events,
            status: TrialStatus::Completed,
            reason: None,
        });
        Ok(self.open.write_events(&self.events)?)
    }
}

/// What the journal's files hold now that the last worker has ended.
fn seals(journal: &Path) -> Result<Vec<JournalSeal>> {
    let mut seals = Vec::new();
    for entry in std::fs::read_dir(journal)? {
        let entry = entry?;
        let records = journal::read(&entry.path())?.records;
        seals.push(JournalSeal {
            file: entry.file_name().to_string_lossy().into_owned(),
            records: records.len() as u64,
            last_checksum: records
                .last()
                .map_or(String::new(), |last| last.checksum.clone()),
        });
    }
    Ok(seals)
}
