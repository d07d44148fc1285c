//! A chain of steps without work on a crate, each step durable before the next begins:
//! `orchbench-peer-crates NAME STEPS FOLDER` prints how long it took, seconds.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, Result, bail, ensure};
use async_trait::async_trait;
use dag_executor::prelude::{BasicTask, Context, Dag, DagExecutor, FileStorage};
use dag_executor::storage::Durability;
use serde_json::Value;
use takeln::{Graph, GraphError, Node, NodeContext, NodeOutput, SqliteCheckpointer};

#[tokio::main]
async fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [name, steps, folder] = words.as_slice() else {
        bail!("expected NAME STEPS FOLDER, found {words:?}");
    };
    let (steps, folder) = (steps.parse()?, Path::new(folder));
    let seconds = match name.as_str() {
        "dag-executor" => dag_executor(steps, folder).await?,
        "takeln" => takeln(steps, folder).await?,
        other => bail!("expected dag-executor or takeln, found {other}"),
    };
    println!("{seconds}");
    Ok(())
}

fn step(number: usize) -> String {
    format!("step-{number}")
}

async fn dag_executor(steps: usize, folder: &Path) -> Result<f64> {
    let mut dag = Dag::new();
    for number in 0..steps {
        let task = BasicTask::new(step(number), |_: Arc<Context>| async { Ok(Value::Null) });
        let before = number.checked_sub(1).map(step);
        dag.add_task(Arc::new(task.with_deps(before)))?;
    }
    let storage = FileStorage::open_with(folder, Durability::Durable)?;
    let executor = DagExecutor::builder()
        .persist(true)
        .storage(Arc::new(storage))
        .build();
    let begun = Instant::now();
    let report = executor.run(dag).await?;
    let seconds = begun.elapsed().as_secs_f64();
    ensure!(report.is_success(), "{:?}", report.failed_tasks());
    Ok(seconds)
}

struct Count;

#[async_trait]
impl Node<u64> for Count {
    async fn call(&self, _: NodeContext, done: u64) -> Result<NodeOutput<u64>, GraphError> {
        Ok(NodeOutput::bare(done + 1))
    }
}

async fn takeln(steps: usize, folder: &Path) -> Result<f64> {
    let mut graph = Graph::new();
    for number in 0..steps {
        graph.add_node(step(number), Count);
        let next = match number + 1 {
            next if next < steps => step(next),
            _ => "__END__".to_owned(),
        };
        graph.add_edge(&step(number), &next);
    }
    let file = folder.join("takeln.db");
    let store = SqliteCheckpointer::<u64>::new(file.to_str().context("a path in UTF-8")?)?;
    let begun = Instant::now();
    let done = graph.run("run", 0, &step(0), &store, None).await?;
    let seconds = begun.elapsed().as_secs_f64();
    ensure!(done == steps as u64, "{done} of {steps} steps");
    Ok(seconds)
}
