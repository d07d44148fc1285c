//! B39 to B41: partitions that come and go at run time.

use std::sync::Arc;

use asset_engine::{
    AssetGraph, Condition, Evaluation, EvaluationContext, Executor, Mode, Order, PartitionChange,
    Partitions, Selection, Sensor,
};
use serde_json::{Value, json};

use crate::Outcome;
use crate::conditions::{Rules, plain};
use crate::orders::{NOW, Watch};
use crate::scenario::{graph, request, status};

const FRUITS: &str = "fruits";

fn fruit() -> Outcome<Arc<AssetGraph>> {
    let keys = Partitions::dynamic(FRUITS)?;
    graph(vec![plain("fruit")?.partitions(keys)])
}

fn add(executor: &Executor, key: &str) -> Outcome<()> {
    executor.change_partitions([PartitionChange::added(FRUITS, key)])?;
    Ok(())
}

/// How a run of one key ends.
fn run_of(executor: &Executor, graph: &Arc<AssetGraph>, key: &str) -> Outcome<&'static str> {
    let mut run = request(key, graph, &["fruit"], Mode::All)?;
    run.selection = run.selection.with_partitions([key]);
    Ok(executor
        .run(run)
        .map_or("refused", |outcome| status(&outcome)))
}

/// B39. Two keys come, one goes when it was made, and comes again.
pub fn coming_and_going() -> Outcome<Value> {
    let mut rules = Rules::new(fruit()?, Condition::Missing);
    let executor = Arc::clone(&rules.executor);
    let keys = || -> Outcome<Vec<String>> {
        let keys = executor.catalog().partitions(FRUITS)?;
        Ok(keys.iter().map(ToString::to_string).collect())
    };
    for key in ["plum", "apple", "plum"] {
        add(&executor, key)?;
    }
    let at_first = keys()?;
    let of_a_key = run_of(&executor, &rules.graph, "plum")?;
    let of_no_key = run_of(&executor, &rules.graph, "pear")?;
    executor.change_partitions([PartitionChange::removed(FRUITS, "plum")])?;
    let after_one_went = keys()?;
    add(&executor, "plum")?;
    rules.graph = rules.graph.current(executor.catalog())?;
    Ok(json!({
        "keys": at_first,
        "run_of_a_key": of_a_key,
        "run_of_no_key": of_no_key,
        "keys_after_one_went": after_one_went,
        "keys_after_it_came_again": keys()?,
        "missing_then": rules.ask()?,
    }))
}

/// B40. A rule on what is missing, and a key comes.
pub fn asked_for() -> Outcome<Value> {
    let mut rules = Rules::new(fruit()?, Condition::on_missing());
    let executor = Arc::clone(&rules.executor);
    add(&executor, "apple")?;
    rules.graph = rules.graph.current(executor.catalog())?;
    let at_first = rules.ask()?;
    add(&executor, "plum")?;
    rules.graph = rules.graph.current(executor.catalog())?;
    Ok(json!({"at_first": at_first, "when_one_comes": rules.ask()?}))
}

/// B41. A sensor adds a key and asks for a run of it in one look.
pub fn by_a_sensor() -> Outcome<Value> {
    let look = |_: &EvaluationContext<'_>| {
        let selection = Selection::all().with_partitions(["apple"]);
        Ok(Evaluation::new([Order::new("apple", selection)])
            .change_partitions([PartitionChange::added(FRUITS, "apple")]))
    };
    let mut watch = Watch::of(fruit()?, Sensor::new("sensor", look));
    watch.tick(NOW)?;
    watch.tick(NOW)?;
    Ok(json!({"runs": watch.statuses()?}))
}
