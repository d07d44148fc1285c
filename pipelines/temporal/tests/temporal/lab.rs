//! A place for one test: its own folders, warehouse, catalogue service, task queue and worker.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use orchbench_etl::journal::{Kind, Problem, ProblemKind, Record, read_dir};
use orchbench_etl::{Etl, EtlConfig, StepName, Summary};
use orchbench_temporal::{Client, Failure, PipelineInput, WorkerError, WorkerOptions, worker};
use tempfile::TempDir;
use temporalio_client::errors::WorkflowGetResultError;
use temporalio_client::{
    WorkflowCancelOptions, WorkflowGetResultOptions, WorkflowHandle, WorkflowQueryOptions,
    WorkflowStartOptions,
};
use temporalio_common::{HasWorkflowDefinition, QueryDefinition};

use crate::catalogue::Catalogue;
use crate::server;
use crate::test_worker::TestWorker;

/// How long anything may take before a test gives up.
pub const PATIENCE: Duration = Duration::from_secs(60);

pub struct Lab {
    pub client: Client,
    pub catalogue: Catalogue,
    pub etl: Arc<Etl>,
    pub queue: String,
    pub dir: TempDir,
    worker: Option<TestWorker>,
}

impl Lab {
    /// A lab with one worker, whose ETL is configured by `configure`.
    pub async fn new(configure: impl FnOnce(&mut EtlConfig)) -> Self {
        static LABS: AtomicU32 = AtomicU32::new(0);
        let queue = format!("lab-{}", LABS.fetch_add(1, Ordering::Relaxed));
        let dir = TempDir::new().unwrap();
        let catalogue = Catalogue::start();
        let mut config = config(&dir, "temporal", &catalogue);
        config.journal_dir = Some(dir.path().join("journal"));
        configure(&mut config);
        let etl = Arc::new(Etl::open(config).unwrap());
        let client = Client::connect(server::address(), "default", PATIENCE)
            .await
            .unwrap()
            .with_task_queue(&queue);
        let worker = Some(worker(&queue, &etl));
        Self {
            client,
            catalogue,
            etl,
            queue,
            dir,
            worker,
        }
    }

    /// Runs a pipeline and takes its summary.
    pub async fn run(&self, workflow_id: &str, input: PipelineInput) -> Summary {
        self.outcome(workflow_id, input).await.unwrap()
    }

    /// Runs a pipeline to its end, whichever it is.
    pub async fn outcome(
        &self,
        workflow_id: &str,
        input: PipelineInput,
    ) -> Result<Summary, Failure> {
        let started = self
            .client
            .start_pipeline(workflow_id, input)
            .await
            .unwrap();
        self.client
            .pipeline_result(workflow_id, Some(&started.run_id))
            .await
            .unwrap()
    }

    /// Starts any workflow under this id.
    pub async fn begin<W>(&self, workflow: W, input: W::Input, id: &str) -> Handle<W>
    where
        W: HasWorkflowDefinition,
        W::Input: Send,
    {
        let sdk = self.client.sdk();
        sdk.start_workflow(workflow, input, self.options(id))
            .await
            .unwrap()
    }

    /// How a workflow of the lab is started.
    pub fn options(&self, id: &str) -> WorkflowStartOptions {
        WorkflowStartOptions::new(self.queue.as_str(), id).build()
    }

    /// What plain calls make of the same source, in a warehouse of their own.
    pub async fn direct(&self, source: &'static str) -> Summary {
        let etl = Etl::open(config(&self.dir, "direct", &self.catalogue)).unwrap();
        tokio::task::spawn_blocking(move || etl.run_direct("direct", source, 2))
            .await
            .unwrap()
            .unwrap()
    }

    /// The journal's records of one kind about one step, in the order of time.
    pub fn journal(&self, kind: Kind, step: StepName) -> Vec<Record> {
        let mut records = self.records();
        records.retain(|record| record.kind == kind && record.step == Some(step));
        records.sort_by_key(|record| record.t_ns);
        records
    }

    /// The journal so far. Who reads while a record is being written may see a part of it; the next
    /// look finds it whole.
    fn records(&self) -> Vec<Record> {
        let deadline = std::time::Instant::now() + PATIENCE;
        loop {
            let journal = read_dir(&self.dir.path().join("journal")).unwrap();
            let torn = |problem: &Problem| problem.kind == ProblemKind::TruncatedLine;
            if journal.problems.is_empty() {
                return journal.records;
            }
            assert!(
                journal.problems.iter().all(torn) && std::time::Instant::now() < deadline,
                "{:?}",
                journal.problems
            );
        }
    }

    /// Tells the worker to stop, and gives what it ended with.
    pub fn stop(&mut self) -> Result<(), WorkerError> {
        self.worker.take().unwrap().end().unwrap()
    }

    /// Starts another worker.
    pub fn start(&mut self) {
        self.worker = Some(worker(&self.queue, &self.etl));
    }
}

/// A work folder and a warehouse called `name`.
fn config(dir: &TempDir, name: &str, catalogue: &Catalogue) -> EtlConfig {
    let warehouse = dir.path().join(format!("{name}.sqlite"));
    EtlConfig {
        catalogue_url: Some(catalogue.url().to_owned()),
        ..EtlConfig::new(
            dir.path().join(name),
            format!("sqlite:{}", warehouse.display()),
        )
    }
}

/// A workflow that was started.
pub type Handle<W> = WorkflowHandle<temporalio_client::Client, W>;

/// Waits for a workflow's end, whichever it is.
pub async fn ended<W>(handle: &Handle<W>) -> Result<W::Output, Failure>
where
    W: HasWorkflowDefinition,
    W::Output: 'static,
{
    match handle.get_result(WorkflowGetResultOptions::default()).await {
        Ok(output) => Ok(output),
        Err(WorkflowGetResultError::Failed(error)) => Err(Failure::from(&*error)),
        Err(WorkflowGetResultError::Cancelled { .. }) => Err(Failure::plain("Cancelled", "")),
        Err(WorkflowGetResultError::Terminated { .. }) => Err(Failure::plain("Terminated", "")),
        Err(other) => panic!("expected an end, found {other:?}"),
    }
}

/// What a query answers.
pub async fn query<W, Q>(handle: &Handle<W>, query: Q) -> Q::Output
where
    W: HasWorkflowDefinition,
    Q: QueryDefinition<Workflow = W::Run, Input = ()>,
{
    handle
        .query(query, (), WorkflowQueryOptions::default())
        .await
        .unwrap()
}

/// Cancels a workflow of a client's, and waits until its history has that.
pub async fn cancel<W>(client: &Client, handle: &Handle<W>, id: &str)
where
    W: HasWorkflowDefinition,
{
    let options = WorkflowCancelOptions::default();
    handle.cancel(options).await.unwrap();
    until("the cancellation is in the history", async || {
        let history = client.history(id, None).await.unwrap();
        let mut events = history.iter();
        events.any(|event| event.event_type == "WorkflowExecutionCancelRequested")
    })
    .await;
}

/// Waits until `condition` holds.
pub async fn until(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while !condition().await {
        assert!(
            tokio::time::Instant::now() < deadline,
            "not within {PATIENCE:?}: {what}"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn worker(queue: &str, etl: &Arc<Etl>) -> TestWorker {
    static WORKERS: AtomicU32 = AtomicU32::new(0);
    let mut options = WorkerOptions::new(server::address());
    options.task_queue = queue.to_owned();
    options.identity = format!("worker-{}", WORKERS.fetch_add(1, Ordering::Relaxed));
    let etl = Arc::clone(etl);
    TestWorker::start(move |ready, stop| worker::run_blocking(options, etl, ready, stop))
}
