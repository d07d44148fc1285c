//! Concurrency: over all, and by tag.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use proptest::prelude::*;

use super::fixture::{graph, key, pure_version, request};
use crate::{
    Asset, Executor, ExecutorOptions, Materialized, RunStatus, Step, StepContext, StepFailure,
};

/// Counts the steps that are in it at once, by label.
#[derive(Default)]
struct Gauge {
    now: Mutex<BTreeMap<&'static str, usize>>,
    most: Mutex<BTreeMap<&'static str, usize>>,
}

struct Gauged {
    gauge: Arc<Gauge>,
    labels: Vec<&'static str>,
}

impl Step for Gauged {
    fn execute(&self, cx: &StepContext<'_>) -> Result<Materialized, StepFailure> {
        for label in &self.labels {
            let mut now = self.gauge.now.lock().unwrap();
            let count = now.entry(label).or_default();
            *count += 1;
            let mut most = self.gauge.most.lock().unwrap();
            let highest = most.entry(label).or_default();
            *highest = (*highest).max(*count);
        }
        // Gives the others the chance to be here as well.
        for _ in 0..20 {
            std::thread::yield_now();
        }
        for label in &self.labels {
            *self.gauge.now.lock().unwrap().get_mut(label).unwrap() -= 1;
        }
        Ok(pure_version(cx))
    }
}

/// An asset in one of a few ways of being tagged.
fn tagged(index: usize, way: u8, gauge: &Arc<Gauge>) -> Asset {
    let (tags, labels): (&[(&str, &str)], &[&'static str]) = match way {
        0 => (&[], &["all"]),
        1 => (&[("db", "a")], &["all", "db", "db=a"]),
        2 => (&[("db", "b")], &["all", "db"]),
        3 => (&[("api", "x")], &["all", "api"]),
        _ => (&[("db", "a"), ("api", "x")], &["all", "db", "db=a", "api"]),
    };
    let step = Gauged {
        gauge: Arc::clone(gauge),
        labels: labels.to_vec(),
    };
    let asset = Asset::new(key(&format!("a{index}")), step);
    tags.iter()
        .fold(asset, |asset, (name, value)| asset.tag(*name, *value))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn no_limit_is_exceeded_and_every_step_runs(
        ways in proptest::collection::vec((0_u8..5, 0_usize..40), 1..40),
        concurrency in 1_usize..9,
        db in 1_usize..5,
        db_a in 1_usize..3,
        api in 1_usize..3,
    ) {
        let gauge = Arc::new(Gauge::default());
        let assets = ways.iter().enumerate().map(|(index, (way, reads))| {
            let asset = tagged(index, *way, &gauge);
            // Every other one reads an earlier one.
            if reads % 2 == 0 && *reads < index { asset.depends_on(key(&format!("a{reads}"))) } else { asset }
        });
        let graph = graph(assets.collect());
        let options = ExecutorOptions::default()
            .concurrency(concurrency)
            .tag_limit("db", None, db)
            .tag_limit("db", Some("a"), db_a)
            .tag_limit("api", Some("x"), api);
        let executor = Executor::memory(options);
        for run in ["first", "second"] {
            executor.submit(request(run, &graph)).unwrap();
        }
        for run in ["first", "second"] {
            let outcome = executor.wait(run).unwrap();
            prop_assert_eq!(outcome.status, RunStatus::Success);
            prop_assert_eq!(outcome.steps.materialized, ways.len() as u64);
        }
        let limits = [("all", concurrency), ("db", db), ("db=a", db_a), ("api", api)];
        let most = gauge.most.lock().unwrap();
        for (label, limit) in limits {
            let found = most.get(label).copied().unwrap_or(0);
            prop_assert!(found <= limit, "{}: {} at once, limit {}", label, found, limit);
        }
    }
}

#[test]
fn steps_under_a_full_limit_do_not_hold_back_the_others() {
    let (enter, entered) = std::sync::mpsc::channel();
    let (let_go, wait) = std::sync::mpsc::channel::<()>();
    let wait = Mutex::new(wait);
    let holder = Asset::new(key("holder"), move |cx: &StepContext<'_>| {
        enter.send(()).unwrap();
        wait.lock().unwrap().recv().unwrap();
        Ok(pure_version(cx))
    });
    let (free, freed) = std::sync::mpsc::channel();
    let untagged = Asset::new(key("untagged"), move |cx: &StepContext<'_>| {
        free.send(()).unwrap();
        Ok(pure_version(cx))
    });
    let waiting = Asset::new(key("waiting"), |cx: &StepContext<'_>| Ok(pure_version(cx)));
    let assets = vec![holder.tag("db", "a"), waiting.tag("db", "b"), untagged];
    let options = ExecutorOptions::default()
        .concurrency(2)
        .tag_limit("db", None, 1);
    let executor = Executor::memory(options);
    executor.submit(request("run", &graph(assets))).unwrap();
    let bound = std::time::Duration::from_secs(20);
    // Whichever of the two tagged ones came first, the untagged one is not held back; the holder
    // is in its step until it is let go.
    freed.recv_timeout(bound).unwrap();
    entered.recv_timeout(bound).unwrap();
    let_go.send(()).unwrap();
    assert_eq!(executor.wait("run").unwrap().steps.materialized, 3);
}
