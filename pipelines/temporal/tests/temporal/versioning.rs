//! A change of the code while workflows wait: begun by the old code, continued by the new one.

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use orchbench_etl::Etl;
use orchbench_temporal::activities::EtlActivities;
use orchbench_temporal::workflows::lanes::in_lanes;
use orchbench_temporal::workflows::report::{ApprovalOutcome, ApprovalProgress, Decision, Stage};
use orchbench_temporal::workflows::steps::{StepOrder as _, Steps};
use orchbench_temporal::workflows::wait::wait_at_most;
use orchbench_temporal::{
    ApprovalInput, ApprovalWorkflow, Argument, Client, PipelineInput, Verdict,
};
use temporalio_client::WorkflowSignalOptions;
use temporalio_macros::{workflow, workflow_methods};
use temporalio_sdk::{
    ApplicationFailure, Runtime, SyncWorkflowContext, Worker, WorkerOptions, WorkflowContext,
    WorkflowContextView, WorkflowResult,
};
use tokio::sync::oneshot;

use crate::lab::{Lab, PATIENCE, ended, query, until};
use crate::server;

/// `ApprovalWorkflow` as it was before the escalation: it waits once, and that is all.
#[workflow]
#[derive(Default)]
pub struct FirstApproval {
    waiting: bool,
    approved: Option<Verdict>,
}

#[workflow_methods]
impl FirstApproval {
    #[run(name = "ApprovalWorkflow")]
    pub async fn run(
        ctx: &mut WorkflowContext<Self>,
        argument: Argument<ApprovalInput>,
    ) -> WorkflowResult<ApprovalOutcome> {
        let input = argument
            .valid()
            .map_err(ApplicationFailure::non_retryable)?;
        let steps = Steps::new(ctx, &input.pipeline);
        let source = steps.source().await?;
        steps.describe(&source.days.to_string())?;
        let dimensions = steps.dimensions().await?;
        let days = source.partitions();
        let days = in_lanes(days, input.pipeline.concurrency, async |day| {
            steps.day(day, &dimensions).await
        })
        .await?;
        ctx.state_mut(|state| state.waiting = true);
        let time = Duration::from_millis(input.expire_after_ms);
        wait_at_most(ctx, time, "verdict", |state| state.approved.is_some()).await?;
        let summary = match ctx.state(|state| state.approved.clone()) {
            Some(_) => Some(steps.finish(&source, &days).await?),
            None => None,
        };
        Ok(ApprovalOutcome {
            decision: Decision::Approved,
            verdict: ctx.state(|state| state.approved.clone()),
            summary,
        })
    }

    #[signal(name = "approve")]
    pub fn approve(&mut self, _ctx: &mut SyncWorkflowContext<Self>, verdict: Argument<Verdict>) {
        self.approved = verdict.0.ok();
    }

    #[query(name = "progress")]
    pub fn progress(&self, _ctx: &WorkflowContextView) -> ApprovalProgress {
        ApprovalProgress {
            stage: if self.waiting {
                Stage::Waiting
            } else {
                Stage::Loading
            },
            ..ApprovalProgress::default()
        }
    }
}

/// A worker with the code of before; it is drained when it is told to stop.
pub struct OldWorker {
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl OldWorker {
    pub fn start(queue: &str, etl: &Arc<Etl>) -> Self {
        let (stop, stopped) = oneshot::channel();
        let (queue, etl) = (queue.to_owned(), Arc::clone(etl));
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.block_on(async {
                let client = Client::connect(server::address(), "default", PATIENCE).await;
                let client = client.unwrap().sdk().clone();
                let options = WorkerOptions::new(queue.as_str())
                    .register_workflow::<FirstApproval>()
                    .unwrap()
                    .register_activities(EtlActivities::new(etl))
                    .build();
                let runtime = Runtime::from_current_tokio(Default::default()).unwrap();
                let mut worker = Worker::new(&runtime, client, options).unwrap();
                let shutdown = worker.shutdown_handle();
                let run = worker.run();
                tokio::pin!(run);
                tokio::select! {
                    ended = &mut run => ended.unwrap(),
                    _ = stopped => {
                        shutdown();
                        run.await.unwrap();
                    }
                }
            });
        });
        Self { stop, thread }
    }

    pub async fn stop(self) {
        self.stop.send(()).unwrap();
        let thread = self.thread;
        tokio::task::spawn_blocking(|| thread.join().unwrap())
            .await
            .unwrap();
    }
}

/// Stops the lab's own worker, which has today's code.
pub async fn without_worker(mut lab: Lab) -> Lab {
    tokio::task::spawn_blocking(move || {
        lab.stop().unwrap();
        lab
    })
    .await
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_under_the_old_code_is_continued_by_the_new_one() {
    let mut lab = without_worker(Lab::new(|_| ()).await).await;
    let old = OldWorker::start(&lab.queue, &lab.etl);
    let input = ApprovalInput::new(PipelineInput::new("one-day"));
    let handle = lab
        .begin(ApprovalWorkflow::run, input.into(), "old-and-new")
        .await;
    until("it waits", async || {
        query(&handle, ApprovalWorkflow::progress).await.stage == Stage::Waiting
    })
    .await;
    old.stop().await;

    // The deployment: from here on there is only the new code.
    lab.start();
    let verdict = Verdict {
        who: "Ada".to_owned(),
        why: "still right".to_owned(),
    };
    let options = WorkflowSignalOptions::default();
    handle
        .signal(ApprovalWorkflow::approve, verdict.into(), options)
        .await
        .unwrap();
    let outcome = ended(&handle).await.unwrap();
    assert_eq!(outcome.decision, Decision::Approved);
    assert_eq!(
        outcome.summary.unwrap().digest,
        lab.direct("one-day").await.digest
    );
    // The old path to its end: no marker of the patch, one timer.
    let history = lab.client.history("old-and-new", None).await.unwrap();
    let count = |kind: &str| {
        history
            .iter()
            .filter(|event| event.event_type == kind)
            .count()
    };
    assert_eq!((count("TimerStarted"), count("TimerCanceled")), (1, 1));
    // One marker is the local activity's that resolves the source.
    assert_eq!(count("MarkerRecorded"), 1);
}
