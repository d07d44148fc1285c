//! Answers of Temporal: histories, descriptions and visibility, through the client.
//!
//! To Temporal an activity is a name with arguments and a result. Which data these are is the user's
//! own convention: questions about data go through `pieces.rs`, which is user code as a whole.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use orchbench_temporal::workflows::report::{ApprovalProgress, Stage};
use orchbench_temporal::{Client, ClientError};
use serde_json::json;

use super::account::to_monotonic_ns;
use super::activity::{Activity, activities, workflows};
use super::pieces::{Piece, arguments, downstream, pieces, read_by};
use crate::engine::answer::by_program;
use crate::engine::{Job, Work};
use orchbench_evidence::experiment::observability::{Answer, Fact, Subject, piece};

/// The text of this program.
const PROGRAM: &str = concat!(include_str!("answers.rs"), include_str!("pieces.rs"));

/// How often it is looked whether the server has caught up.
const LOOK: Duration = Duration::from_millis(50);

/// How long a worker may take to answer for its workflow.
const ANSWERED: Duration = Duration::from_secs(10);

/// The workflow of a run.
const OF_RUNS: &str = "WorkflowType = 'DataPipelineWorkflow'";

/// Sends a person's word to the run, whose history keeps it whether or not its code listens; false where the run
/// is over.
pub(super) async fn approve(client: &Client, work: &Work, who: &str) -> Result<bool, ClientError> {
    let word = json!({ "who": who, "why": "it may be seen" });
    match client.signal(&work.run, None, "approve", &[word]).await {
        Ok(()) => Ok(true),
        Err(ClientError::Closed { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Whether a run waits for a person's word, asked of the run itself; or for a time to pass: its history has
/// a timer that has not fired.
pub(super) async fn waits(client: &Client, work: &Work) -> Result<bool, ClientError> {
    if let Job::Embargo(_) | Job::Reminder(_) = work.job {
        let timer = client.last_timer(&work.run).await?;
        return Ok(timer.is_some_and(|timer| !timer.fired));
    }
    let progress = client.query(&work.run, None, "progress", &[], ANSWERED);
    let progress = serde_json::from_value::<ApprovalProgress>(progress.await?);
    Ok(progress.is_ok_and(|progress| progress.stage == Stage::Waiting))
}

/// Has the server skip time for a run until `leave` before its timer is due, and waits until its history
/// says so: by how much. `None` where no timer runs, or for less than that.
pub(super) async fn skip_time(
    client: &Client,
    work: &Work,
    leave: Duration,
) -> Result<Option<Duration>, ClientError> {
    let Some(timer) = client.last_timer(&work.run).await? else {
        return Ok(None);
    };
    let due = Duration::from_nanos(timer.started_ns.saturating_add(timer.length_ns));
    // The time that is left is not for workers to come up in.
    while client
        .hindrance(&client.describe(&work.run, None).await?)
        .await?
        .is_some()
    {
        tokio::time::sleep(LOOK).await;
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let ahead = due.saturating_sub(now.unwrap_or_default() + leave);
    if timer.fired || ahead.is_zero() {
        return Ok(None);
    }
    client.skip_time(&work.run, "embargo", ahead).await?;
    loop {
        let timer = client.last_timer(&work.run).await?;
        let skipped_ns = timer.map_or(0, |timer| timer.skipped_ns);
        if skipped_ns > 0 {
            return Ok(Some(Duration::from_nanos(skipped_ns)));
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Deletes the executions of a run, its workflow's and its children's, and waits until they are gone.
pub(super) async fn forget(client: &Client, work: &Work) -> Result<(), ClientError> {
    let workflows = workflows(client, &work.run).await?;
    for workflow in &workflows {
        client.delete(workflow).await?;
    }
    for workflow in &workflows {
        while is_known(client, workflow).await? {
            tokio::time::sleep(LOOK).await;
        }
    }
    Ok(())
}

/// Whether the server still has an execution, or visibility a word of it.
async fn is_known(client: &Client, workflow: &str) -> Result<bool, ClientError> {
    match client.describe(workflow, None).await {
        Ok(_) => Ok(true),
        Err(ClientError::NotFound { .. }) => {
            Ok(!client.executions(&of_id(workflow)).await?.is_empty())
        }
        Err(error) => Err(error),
    }
}

fn of_id(workflow: &str) -> String {
    format!("WorkflowId = '{workflow}'")
}

/// Waits until visibility says of a run what its description says: the server notes what begins and
/// ends with a delay, after which a user would look again.
async fn settled(client: &Client, run: &str) -> Result<(), ClientError> {
    loop {
        let status = client.describe(run, None).await?.execution.status;
        let seen = client.executions(&of_id(run)).await?;
        if seen.first().is_some_and(|seen| seen.status == status) {
            return Ok(());
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Answers questions about the runs of a client's task queue.
pub(super) async fn answers(
    client: &Client,
    questions: &[&str],
    subject: &Subject,
) -> Result<Vec<Answer>, ClientError> {
    let activities = match settled(client, &subject.run).await {
        Ok(()) => Some(activities(client, &subject.run).await?),
        Err(ClientError::NotFound { .. }) => None,
        Err(error) => return Err(error),
    };
    let asked = Asked {
        client,
        subject,
        activities,
    };
    let mut answers = Vec::new();
    for question in questions {
        let facts = asked.facts(question).await?;
        answers.push(by_program(PROGRAM, question, facts));
    }
    Ok(answers)
}

struct Asked<'a> {
    client: &'a Client,
    subject: &'a Subject,
    /// Those of the run; `None` of one that is gone.
    activities: Option<Vec<Activity>>,
}

impl Asked<'_> {
    async fn facts(&self, question: &str) -> Result<Option<Vec<Fact>>, ClientError> {
        let facts = match question {
            "doing-now" => self.doing_now().await?,
            "open-runs" => self.open_runs().await?,
            // user code: newest-version
            "newest-version" => self.newest_versions().await?,
            // end of user code
            // user code: unpublished
            "unpublished" => self.unpublished().await?,
            // end of user code
            _ => match &self.activities {
                Some(activities) => return self.of_run(question, activities).await,
                None => return Ok(None),
            },
        };
        Ok(Some(facts.into_iter().map(Fact::from).collect()))
    }

    /// What is told of the run alone; of one that is gone nothing.
    async fn of_run(
        &self,
        question: &str,
        activities: &[Activity],
    ) -> Result<Option<Vec<Fact>>, ClientError> {
        let run = &self.subject.run;
        let facts = match question {
            "failed-attempts" => failed(activities, |told, _| Some(told)),
            "failure-reasons" => failed(activities, |told, why| Some(format!("{told}: {}", why?))),
            "attempt-inputs" => attempt_inputs(activities),
            "step-by-step" => activities.iter().flat_map(Activity::outcomes).collect(),
            "who-approved" => self.who_approved().await?,
            // user code: made-from
            "made-from" => read_by(&pieces(activities), "publish")
                .map(|read| format!("{} {}", read.name, read.version))
                .chain([format!("run {run}")])
                .collect(),
            // end of user code
            // user code: parent-versions
            "parent-versions" => parent_versions(&pieces(activities)),
            // end of user code
            // user code: made-when
            "made-when" => return Ok(Some(made_when(pieces(activities)))),
            // end of user code
            // user code: lineage
            "lineage" => self.lineage(&pieces(activities)),
            // end of user code
            // user code: bad-partition
            "bad-partition" => self.bad_partition(&pieces(activities)),
            // end of user code
            // Nothing records by which code something was made.
            _ => return Ok(None),
        };
        Ok(Some(facts.into_iter().map(Fact::from).collect()))
    }

    /// Activities that a worker is at, of the run's workflow and its children.
    async fn doing_now(&self) -> Result<Vec<String>, ClientError> {
        let mut doing = Vec::new();
        let mut open = vec![self.subject.run.clone()];
        while let Some(workflow) = open.pop() {
            let description = self.client.describe(&workflow, None).await?;
            let events = self.client.history(&workflow, None).await?;
            for pending in description.pending_activities {
                let scheduled = events
                    .iter()
                    .find(|event| event.activity_id.as_ref() == Some(&pending.id));
                let data = scheduled.and_then(|event| event.data.as_ref());
                let activity = Activity::scheduled(&pending.activity, data);
                if pending.state == "Started" {
                    doing.push(activity.told(pending.attempt));
                }
            }
            open.extend(description.pending_children);
        }
        Ok(doing)
    }

    async fn open_runs(&self) -> Result<Vec<String>, ClientError> {
        let filter = format!("ExecutionStatus = 'Running' AND {OF_RUNS}");
        let open = self.client.executions(&filter).await?;
        Ok(open.into_iter().map(|each| each.workflow_id).collect())
    }

    async fn who_approved(&self) -> Result<Vec<String>, ClientError> {
        let events = self.client.history(&self.subject.run, None).await?;
        let signals = events.iter().filter(|event| {
            event.event_type == "WorkflowExecutionSignaled"
                && event.name.as_deref() == Some("approve")
        });
        let who = signals.filter_map(|event| event.data.as_ref()?["who"].as_str());
        Ok(who.map(str::to_owned).collect())
    }

    // user code: newest-version
    /// The newest completed run of each source: its result names source and version.
    async fn newest_versions(&self) -> Result<Vec<String>, ClientError> {
        let filter = format!("ExecutionStatus = 'Completed' AND {OF_RUNS}");
        let mut newest: Vec<(String, String)> = Vec::new();
        for execution in self.client.executions(&filter).await? {
            let result = self.client.result(&execution.workflow_id, None).await?;
            let Ok(summary) = result else { continue };
            let text = |field: &str| summary[field].as_str().unwrap_or_default().to_owned();
            if newest.iter().all(|(source, _)| *source != text("source")) {
                newest.push((text("source"), text("digest")));
            }
        }
        let told = newest.into_iter();
        Ok(told
            .map(|(source, version)| format!("{source} {version}"))
            .collect())
    }
    // end of user code

    // user code: lineage
    fn lineage(&self, pieces: &[Piece]) -> Vec<String> {
        let join = piece("transform", Some(self.subject.day));
        let up = read_by(pieces, &join).map(|read| format!("upstream {}", read.name));
        let down = downstream(pieces, &join).into_iter();
        up.chain(down.map(|each| format!("downstream {}", each.name)))
            .collect()
    }
    // end of user code

    // user code: unpublished
    /// What runs of any end have loaded, where they have published nothing.
    async fn unpublished(&self) -> Result<Vec<String>, ClientError> {
        let mut facts = Vec::new();
        for execution in self.client.executions(OF_RUNS).await? {
            let activities = activities(self.client, &execution.workflow_id).await?;
            let pieces = pieces(&activities);
            if pieces.iter().any(|each| each.step == "publish") {
                continue;
            }
            let loads = pieces.iter().filter(|each| each.step == "load");
            facts.extend(loads.map(|load| format!("{} {}", load.source, load.name)));
        }
        Ok(facts)
    }
    // end of user code

    // user code: bad-partition
    fn bad_partition(&self, pieces: &[Piece]) -> Vec<String> {
        let bad = piece("extract_flights", Some(self.subject.day));
        let reached = downstream(pieces, &bad).into_iter();
        let loads = reached.filter(|each| each.step == "load");
        loads
            .map(|load| format!("{} {}", load.name, load.version))
            .collect()
    }
    // end of user code
}

fn failed(
    activities: &[Activity],
    say: fn(String, Option<&String>) -> Option<String>,
) -> Vec<String> {
    let failed = activities.iter().flat_map(|each| {
        let failed = each.failed().into_iter();
        failed.filter_map(move |(attempt, why)| say(each.told(attempt), why))
    });
    failed.collect()
}

/// The arguments, as the history shows them.
fn attempt_inputs(activities: &[Activity]) -> Vec<String> {
    let mut facts = Vec::new();
    for activity in activities {
        for (attempt, _) in activity.failed() {
            let (told, read) = (activity.told(attempt), arguments(activity).into_iter());
            facts.extend(read.map(|(parent, version)| format!("{told} read {parent} {version}")));
        }
    }
    facts
}

// user code: parent-versions
fn parent_versions(pieces: &[Piece]) -> Vec<String> {
    let joins = pieces.iter().filter(|each| each.step == "transform");
    joins
        .flat_map(|join| {
            let read = join.read.iter();
            read.map(|(parent, version)| format!("{} from {parent} {version}", join.name))
        })
        .collect()
}
// end of user code

// user code: made-when
fn made_when(pieces: Vec<Piece>) -> Vec<Fact> {
    let loads = pieces.into_iter().filter(|each| each.step == "load");
    loads
        .map(|load| Fact {
            what: load.name,
            at_ns: Some(to_monotonic_ns(load.made_ns)),
        })
        .collect()
}
// end of user code
