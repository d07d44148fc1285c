//! B18 to B20, B25, B26 and B34 to B38 and B48 and B71: what rules ask for.

use std::sync::Arc;

use asset_engine::{
    Asset, AssetGraph, Automation, Backfill, BackfillRecord, Condition, Cron, EvaluationContext,
    Executor, ExecutorOptions, Mode, Observation, Partitions, Plan, Report, Rule, Selection,
    StepContext,
};
use jiff::{Timestamp, ToSpan};
use serde_json::{Map, Value, json};

use crate::Outcome;
use crate::scenario::{graph, key, made, planned_failure, request};

/// The fourth day, on which three days are over; the next one is a day later.
const NOON: &str = "2024-01-04T12:00:00Z";

/// A rule for all assets, with what it remembers from one evaluation to the next.
pub struct Rules {
    pub executor: Arc<Executor>,
    pub graph: Arc<AssetGraph>,
    rule: Rule,
    cursor: Option<String>,
}

impl Rules {
    pub fn new(graph: Arc<AssetGraph>, condition: Condition) -> Self {
        Self::on(memory(), graph, Selection::all(), condition)
    }

    fn on(
        executor: Arc<Executor>,
        graph: Arc<AssetGraph>,
        selection: Selection,
        condition: Condition,
    ) -> Self {
        Self {
            executor,
            graph,
            rule: Rule::new("rule", selection, condition),
            cursor: None,
        }
    }

    /// The pieces that the next evaluation asks for.
    pub fn ask(&mut self) -> Outcome<Vec<String>> {
        self.ask_at(NOON.parse()?)
    }

    fn ask_at(&mut self, now: Timestamp) -> Outcome<Vec<String>> {
        let cx = EvaluationContext::new(self.executor.catalog(), &self.graph, now);
        let evaluation = self.rule.evaluate(&cx.cursor(self.cursor.as_deref()))?;
        self.cursor = evaluation.cursor.or(self.cursor.take());
        let mut names = Vec::new();
        for order in &evaluation.orders {
            let plan = Plan::new(&self.graph, &order.selection)?;
            names.extend(plan.iter(&self.graph).map(|(asset, partition)| {
                partition.map_or(asset.to_string(), |key| format!("{asset}@{key}"))
            }));
        }
        names.sort();
        Ok(names)
    }

    fn make(&self, run: &str, asset: &str) -> Outcome<()> {
        let request = request(run, &self.graph, &[asset], Mode::All)?;
        self.executor.run(request)?;
        Ok(())
    }
}

fn memory() -> Arc<Executor> {
    Arc::new(Executor::memory(ExecutorOptions::default()))
}

pub fn plain(name: &str) -> Outcome<Asset> {
    Ok(Asset::new(key(name)?, |_: &StepContext<'_>| Ok(made("1"))))
}

/// B18. Nothing was ever made when rules are evaluated for the first time.
pub fn first_evaluation() -> Outcome<Value> {
    let days = Partitions::daily("2024-01-01", "2024-01-03")?;
    let graph = graph(vec![plain("whole")?, plain("daily")?.partitions(days)])?;
    let mut observed = Map::new();
    for (name, condition) in [
        ("eager", Condition::eager()),
        ("on_missing", Condition::on_missing()),
    ] {
        let mut rules = Rules::new(Arc::clone(&graph), condition);
        observed.insert(format!("{name}_asks_for"), rules.ask()?.into());
        observed.insert(format!("{name}_asks_again_for"), rules.ask()?.into());
    }
    Ok(observed.into())
}

/// B34. Nothing was ever made, and a rule asks for whatever is missing.
pub fn all_that_is_missing() -> Outcome<Value> {
    let days = Partitions::daily("2024-01-01", "2024-01-03")?;
    let graph = graph(vec![plain("whole")?, plain("daily")?.partitions(days)])?;
    let mut rules = Rules::new(graph, Condition::fill_missing());
    Ok(json!({"asks_for": rules.ask()?, "asks_again_for": rules.ask()?}))
}

/// What reads something made day by day, itself daily, in a month of which three days are over.
fn daily() -> Outcome<Arc<AssetGraph>> {
    let days = Partitions::daily("2024-01-01", "2024-01-31")?;
    graph(vec![
        plain("upstream")?.partitions(days.clone()),
        plain("reader")?
            .partitions(days)
            .depends_on(key("upstream")?),
    ])
}

/// B35. What is read is made for three days.
pub fn latest_day() -> Outcome<Value> {
    let only_reader = Selection::assets([key("reader")?]);
    let mut rules = Rules::on(memory(), daily()?, only_reader, Condition::eager());
    rules.ask()?;
    let mut three_days = request("run", &rules.graph, &["upstream"], Mode::All)?;
    let days = ["2024-01-01", "2024-01-02", "2024-01-03"];
    three_days.selection = three_days.selection.with_partitions(days);
    rules.executor.run(three_days)?;
    Ok(json!({"asks_for": rules.ask()?}))
}

/// B36. A day is over that was not at the first evaluation.
pub fn another_day() -> Outcome<Value> {
    let next_day = NOON.parse::<Timestamp>()? + 24.hours();
    let mut observed = Map::new();
    for (name, condition) in [
        ("eager", Condition::eager()),
        ("on_missing", Condition::on_missing()),
        (
            "on_cron",
            Condition::on_cron(Cron::new("0 0 * * *", "UTC")?),
        ),
    ] {
        let days = Partitions::daily("2024-01-01", "2024-01-31")?;
        let mut rules = Rules::new(graph(vec![plain("daily")?.partitions(days)])?, condition);
        rules.ask()?;
        observed.insert(format!("{name}_asks_for"), rules.ask_at(next_day)?.into());
    }
    Ok(observed.into())
}

/// B37. A key is added, while what it reads is missing; then that is made.
pub fn added_key() -> Outcome<Value> {
    let of = |keys: &[&str]| -> Outcome<Arc<AssetGraph>> {
        let keys = Partitions::static_keys(keys.iter().copied())?;
        graph(vec![
            plain("upstream")?.partitions(keys.clone()),
            plain("reader")?
                .partitions(keys)
                .depends_on(key("upstream")?),
        ])
    };
    let only_reader = Selection::assets([key("reader")?]);
    let (before, after) = (of(&["a", "c"])?, of(&["a", "b", "c"])?);
    let mut rules = Rules::on(memory(), before, only_reader, Condition::on_missing());
    rules.ask()?;
    rules.graph = after;
    let when_it_is_added = rules.ask()?;
    let mut one_key = request("run", &rules.graph, &["upstream"], Mode::All)?;
    one_key.selection = one_key.selection.with_partitions(["b"]);
    rules.executor.run(one_key)?;
    Ok(json!({"when_it_is_added": when_it_is_added, "when_its_input_is_made": rules.ask()?}))
}

/// B38. What is read was made again before the first evaluation, and then once more.
pub fn outdated_before() -> Outcome<Value> {
    let of_run = |cx: &StepContext<'_>| Ok(made(cx.run));
    let graph = graph(vec![
        Asset::new(key("upstream")?, of_run),
        plain("reader")?.depends_on(key("upstream")?),
    ])?;
    let only_reader = Selection::assets([key("reader")?]);
    let executor = memory();
    let mut rules = Rules::on(executor, graph, only_reader, Condition::eager());
    for (run, asset) in [("1", "upstream"), ("2", "reader"), ("3", "upstream")] {
        rules.make(run, asset)?;
    }
    let at_first = rules.ask()?;
    rules.make("4", "upstream")?;
    Ok(json!({"at_first": at_first, "made_once_more": rules.ask()?}))
}

/// B48. What an eager rule would ask for is still to be made by a backfill.
pub fn left_to_a_backfill() -> Outcome<Value> {
    let only_reader = Selection::assets([key("reader")?]);
    let mut rules = Rules::on(memory(), daily()?, only_reader.clone(), Condition::eager());
    rules.ask()?;
    let latest = ["2024-01-03"];
    let mut upstream = request("run", &rules.graph, &["upstream"], Mode::All)?;
    upstream.selection = upstream.selection.with_partitions(latest);
    rules.executor.run(upstream)?;
    let record = BackfillRecord::new("backfill", only_reader, latest);
    Backfill::request(&rules.executor, &rules.graph, record)?;
    Ok(json!({"asks_for": rules.ask()?}))
}

/// B19. What an eager rule asked for has failed; later what it reads is made again.
pub fn failed_request() -> Outcome<Value> {
    let reader = Asset::new(key("reader")?, |_: &StepContext<'_>| Err(planned_failure()));
    let graph = graph(vec![
        plain("upstream")?,
        reader.depends_on(key("upstream")?),
    ])?;
    let only_reader = Selection::assets([key("reader")?]);
    let mut rules = Rules::on(memory(), graph, only_reader, Condition::eager());
    rules.ask()?;
    rules.make("first", "upstream")?;
    let asks_for = rules.ask()?;
    rules.make("failed", "reader")?;
    let after_it_failed = rules.ask()?;
    rules.make("second", "upstream")?;
    Ok(json!({
        "asks_for": asks_for,
        "after_it_failed": after_it_failed,
        "after_its_input_was_made_again": rules.ask()?,
    }))
}

/// B20. A source is observed for the first time, after its reader was made.
pub fn first_observation() -> Outcome<Value> {
    let graph = graph(vec![
        Asset::external(key("source")?),
        plain("reader")?.depends_on(key("source")?),
    ])?;
    let mut rules = Rules::new(graph, Condition::eager());
    let see = |rules: &Rules, version: &str| -> Outcome<()> {
        let seen = Observation::new(key("source")?, None, version);
        Ok(rules.executor.record_all([seen])?)
    };
    rules.make("run", "reader")?;
    let before = rules.ask()?;
    see(&rules, "one")?;
    let after_the_first_look = rules.ask()?;
    see(&rules, "one")?;
    let after_an_equal_look = rules.ask()?;
    see(&rules, "two")?;
    Ok(json!({
        "before": before,
        "after_the_first_look": after_the_first_look,
        "after_an_equal_look": after_an_equal_look,
        "after_another_version": rules.ask()?,
    }))
}

/// B26. What an eager rule had made is wiped.
pub fn wiped_piece() -> Outcome<Value> {
    let mut rules = Rules::new(graph(vec![plain("whole")?])?, Condition::eager());
    rules.ask()?;
    rules.make("run", "whole")?;
    let after_it_was_made = rules.ask()?;
    rules.executor.record_all([Report::Wiped {
        asset: key("whole")?,
        partition: None,
    }])?;
    Ok(json!({"after_it_was_made": after_it_was_made, "after_it_was_wiped": rules.ask()?}))
}

/// B25. What is read is made again while its reader is at work.
pub fn made_again_meanwhile() -> Outcome<Value> {
    let executor = memory();
    let graph = crate::inputs::made_again(&executor)?;
    let only_reader = Selection::assets([key("reader")?]);
    let mut rules = Rules::on(executor, graph, only_reader, Condition::eager());
    rules.ask()?;
    let everything = request("run", &rules.graph, &[], Mode::All)?;
    rules.executor.run(everything)?;
    Ok(json!({"asks_for": rules.ask()?}))
}

/// B71. All is to be kept fresh.
pub fn kept_fresh() -> Outcome<Value> {
    let of_run = |cx: &StepContext<'_>| Ok(made(cx.run));
    let upstream = Asset::new(key("upstream")?, of_run);
    let graph = graph(vec![
        upstream,
        plain("reader")?.depends_on(key("upstream")?),
    ])?;
    let mut rules = Rules::new(graph, Condition::keep_fresh());
    let asks_for = rules.ask()?;
    rules.make("first", "upstream")?;
    rules.make("second", "reader")?;
    let after_both_were_made = rules.ask()?;
    rules.make("third", "upstream")?;
    Ok(json!({
        "asks_for": asks_for,
        "after_both_were_made": after_both_were_made,
        "after_the_first_was_made_again": rules.ask()?,
    }))
}
