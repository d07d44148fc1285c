//! B11 to B14 and B29: what sensors and schedules ask for.

use std::sync::Arc;

use asset_engine::{
    Asset, AssetGraph, Automation, Cron, Daemon, Evaluation, EvaluationContext, Executor,
    ExecutorOptions, Order, Partitions, RunRequest, Schedule, ScheduledTick, Selection, Sensor,
    StepContext,
};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::Outcome;
use crate::scenario::{Trail, graph, key, made, planned_failure};

/// A daemon with one automation, on a catalog of its own.
pub struct Watch {
    executor: Arc<Executor>,
    daemon: Daemon,
}

impl Watch {
    pub fn of(graph: Arc<AssetGraph>, automation: impl Automation + 'static) -> Self {
        let executor = Arc::new(Executor::memory(ExecutorOptions::default().concurrency(1)));
        Self {
            daemon: Daemon::new(Arc::clone(&executor), graph, vec![Box::new(automation)]),
            executor,
        }
    }

    /// One evaluation, and the end of what it asked for.
    pub fn tick(&mut self, at: &str) -> Outcome<()> {
        self.daemon.tick(at.parse::<Timestamp>()?)?;
        self.daemon.settle()?;
        Ok(())
    }

    /// A run by hand.
    pub fn run(&self, request: RunRequest) -> Outcome<()> {
        self.executor.run(request)?;
        Ok(())
    }

    /// The ids of the runs and how they stand, in order of id.
    fn runs(&self) -> Outcome<Vec<(String, &'static str)>> {
        let runs = self.executor.catalog().runs()?.into_iter();
        let mut runs: Vec<_> = runs
            .map(|info| (info.record.run.to_string(), info.status.as_str()))
            .collect();
        runs.sort();
        Ok(runs)
    }

    pub fn statuses(&self) -> Outcome<Vec<&'static str>> {
        Ok(self.runs()?.into_iter().map(|(_, status)| status).collect())
    }
}

pub const NOW: &str = "2024-01-03T00:00:00Z";

/// A sensor that asks at each look for as many runs of one key.
fn always_the_same(times: usize) -> Sensor {
    Sensor::new("sensor", move |_: &EvaluationContext<'_>| {
        let orders = vec![Order::new("item", Selection::all()); times];
        Ok(Evaluation::new(orders))
    })
}

/// An asset whose step leaves its name, and fails or not.
fn item(trail: &Trail, name: &'static str, fails: bool) -> Outcome<Arc<AssetGraph>> {
    let trail = trail.clone();
    let step = move |_: &StepContext<'_>| {
        trail.leave(name);
        if fails {
            return Err(planned_failure());
        }
        Ok(made("1"))
    };
    graph(vec![Asset::new(key(name)?, step)])
}

/// B11. A sensor asks at every look for the same run, which failed.
pub fn failed_key() -> Outcome<Value> {
    let trail = Trail::default();
    let mut watch = Watch::of(item(&trail, "failing", true)?, always_the_same(1));
    for _ in 0..3 {
        watch.tick(NOW)?;
    }
    Ok(json!({"runs": watch.statuses()?, "executed": trail.take()}))
}

/// B12. A sensor asks twice for the same run in one look.
pub fn equal_keys() -> Outcome<Value> {
    let graph = item(&Trail::default(), "item", false)?;
    let mut watch = Watch::of(graph, always_the_same(2));
    watch.tick(NOW)?;
    Ok(json!({"runs": watch.statuses()?}))
}

/// B13. The second of three looks fails.
pub fn failing_look() -> Outcome<Value> {
    let looks = Trail::default();
    let look = move |cx: &EvaluationContext<'_>| {
        let seen: u32 = cx.cursor.unwrap_or("0").parse().unwrap_or_default();
        if looks.leave("look") == 1 {
            return Err("as planned".to_owned());
        }
        let order = Order::new(format!("item-{seen}"), Selection::all());
        Ok(Evaluation::new([order]).cursor((seen + 1).to_string()))
    };
    let graph = item(&Trail::default(), "item", false)?;
    let mut watch = Watch::of(graph, Sensor::new("sensor", look));
    for _ in 0..3 {
        watch.tick(NOW)?;
    }
    let runs = watch.runs()?.into_iter();
    let keys: Vec<String> = runs.map(|(run, _)| run.replace("sensor/", "")).collect();
    Ok(json!({"runs": keys}))
}

/// B14. A daily schedule is looked at again after eight of its times.
pub fn missed_times() -> Outcome<Value> {
    let trail = Trail::default();
    let step_trail = trail.clone();
    let step = move |cx: &StepContext<'_>| {
        step_trail.leave(cx.partition.unwrap_or_default());
        Ok(made("1"))
    };
    let days = Partitions::daily("2024-01-01", "2024-01-31")?;
    let graph = graph(vec![Asset::new(key("morning")?, step).partitions(days)])?;
    let cron = Cron::new("0 6 * * *", "UTC")?;
    let schedule = Schedule::of_previous_day("mornings", cron, Selection::all());
    let mut watch = Watch::of(graph, schedule);
    watch.tick(NOW)?;
    watch.tick("2024-01-10T12:00:00Z")?;
    let mut executed = trail.take();
    executed.sort();
    Ok(json!({"executed": executed}))
}

/// B29. A schedule of ten o'clock has run; at noon it is changed to eight o'clock.
pub fn changed_cron() -> Outcome<Value> {
    let trail = Trail::default();
    let graph = item(&trail, "item", false)?;
    let schedule = |hour: u32| -> Outcome<Schedule> {
        let cron = Cron::new(&format!("0 {hour} * * *"), "UTC")?;
        Ok(Schedule::new("daily", cron, |tick: &ScheduledTick| {
            vec![Order::new(tick.at.to_string(), Selection::all())]
        }))
    };
    let mut watch = Watch::of(graph.clone(), schedule(10)?);
    watch.tick("2024-01-03T09:00:00Z")?;
    watch.tick("2024-01-03T11:00:00Z")?;
    let at_ten = trail.take().len();
    let automations: Vec<Box<dyn Automation>> = vec![Box::new(schedule(8)?)];
    watch.daemon = Daemon::new(Arc::clone(&watch.executor), graph, automations);
    watch.tick("2024-01-03T12:00:00Z")?;
    let at_noon = trail.take().len();
    watch.tick("2024-01-04T09:00:00Z")?;
    Ok(json!({"at_ten": at_ten, "at_noon": at_noon, "next_day": trail.take().len()}))
}
