//! A catalog of a million pieces: how long it takes to judge them, and to ask a run of what is stale for its lanes, and
//! what that holds in memory. In a process of its own, so that its memory is that alone.

use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use asset_engine::{
    AssetGraph, Catalog, Durability, Executor, ExecutorOptions, InputVersion, LanePage,
    Materialization, Mode, Plan, RunRequest, Selection, StepWorker, staleness,
};
use orchbench_bench::is_quick;
use orchbench_evidence::document::number;
use orchbench_lab::process::{self, Child, CommandSpec, Stream, Usage};
use serde::{Deserialize, Serialize};

use super::graph::{Chain, asset, partition};
use super::lab::Lab;
use super::{MIB, met, spread};

/// The first argument of the process that judges.
const WORD: &str = "scale-judge";
/// Longest that judging all may take, seconds.
const BOUND_S: f64 = 10.0;
/// Lanes that are asked for at a time, as by the workflow.
const PAGE: u32 = 100;
/// How often each is measured.
const RUNS: u32 = 3;

/// What is judged.
#[derive(Serialize, Deserialize)]
struct Asked {
    catalog: String,
    chain: Chain,
}

/// How long it took, seconds, each time; and what it held in memory, bytes.
#[derive(Default, Serialize, Deserialize)]
struct Judged {
    staleness_s: Vec<f64>,
    staleness_peak: f64,
    lanes_s: Vec<f64>,
    pages: usize,
    peak: f64,
}

pub fn measure(lab: &Lab) -> Result<String> {
    let chain = match is_quick() {
        true => Chain::empty(100, 10),
        false => Chain::empty(10_000, 100),
    };
    let place = lab.place("catalog")?;
    let begun = Instant::now();
    report(place.url(), &chain)?;
    let reported_s = begun.elapsed().as_secs_f64();
    let judged = judged(&Asked {
        catalog: place.url().to_owned(),
        chain: chain.clone(),
    })?;
    let worst_s = judged.staleness_s.iter().copied().fold(0.0, f64::max);
    let bound = format!("at most {BOUND_S}: {}", met(worst_s <= BOUND_S));
    let mib = |bytes: f64| number(bytes / MIB);
    let rows = [
        ("reporting all, s".to_owned(), number(reported_s), ""),
        ("catalog, MiB".to_owned(), mib(place.catalog_bytes()?), ""),
        (
            format!("judging all, s, {RUNS} times"),
            spread(&judged.staleness_s),
            &bound,
        ),
        (
            "peak memory with that, MiB".to_owned(),
            mib(judged.staleness_peak),
            "",
        ),
        (
            format!(
                "taking in a run of what is stale and asking for its lanes, {} pages, s, {RUNS} times",
                judged.pages
            ),
            spread(&judged.lanes_s),
            "",
        ),
        (
            "peak memory with that as well, MiB".to_owned(),
            mib(judged.peak),
            "",
        ),
    ];
    let mut text = format!(
        "| {} partitions × {} assets, of which one piece was made anew | | bound |\n|---|---|---|",
        chain.partitions, chain.assets
    );
    for (name, value, bound) in rows {
        text.push_str(&format!("\n| {name} | {value} | {bound} |"));
    }
    Ok(text)
}

/// What a process of its own comes to.
fn judged(asked: &Asked) -> Result<Judged> {
    let words = [WORD.to_owned(), serde_json::to_string(asked)?];
    let spec = CommandSpec::foreign(std::env::current_exe()?, words)
        .stdout(Stream::Piped)
        .stderr(Stream::Inherit);
    let mut child = Child::spawn(&spec, "judge")?;
    let said = child.take_stdout().context("what it says")?;
    let judged = serde_json::from_reader(said).context("the process that judges");
    child.wait()?;
    judged
}

/// Reports every piece as made, and one in the middle of the first asset once more.
fn report(url: &str, chain: &Chain) -> Result<()> {
    let executor = Executor::postgres(url, ExecutorOptions::default())?;
    let made = |number: u32, at: u32, version: &str| -> Result<Materialization> {
        let partition = partition(at);
        let before = number.checked_sub(1).map(asset).transpose()?;
        let read = before.map(|before| InputVersion::new(before, Some(&partition), "first"));
        let made = Materialization::reported(asset(number)?, Some(&partition), version, "1");
        Ok(made.inputs(read))
    };
    for number in 0..chain.assets {
        let all = (0..chain.partitions).map(|at| made(number, at, "first"));
        executor.record_all(all.collect::<Result<Vec<_>>>()?)?;
    }
    let middle = chain.partitions / 2;
    Ok(executor.record_all([made(0, middle, "second")?])?)
}

/// Judges, when this process was started for that.
pub fn serve_if_child() -> Result<bool> {
    let words: Vec<String> = std::env::args().collect();
    let [_, word, asked] = words.as_slice() else {
        return Ok(false);
    };
    if word != WORD {
        return Ok(false);
    }
    process::adopt_parent()?;
    let asked: Asked = serde_json::from_str(asked)?;
    println!("{}", serde_json::to_string(&judge(&asked)?)?);
    Ok(true)
}

fn judge(asked: &Asked) -> Result<Judged> {
    let graph = asked.chain.graph()?;
    let catalog = Catalog::postgres(&asked.catalog)?;
    let mut judged = Judged::default();
    for _ in 0..RUNS {
        let begun = Instant::now();
        let plan = Plan::new(&graph, &Selection::all())?;
        let stale = staleness(&graph, &catalog, &plan)?;
        judged.staleness_s.push(begun.elapsed().as_secs_f64());
        // What reads the piece that was made anew; what follows from that is judged when it is made.
        ensure!(
            stale.len() == 1,
            "expected one stale piece, found {}",
            stale.len()
        );
    }
    judged.staleness_peak = peak()?;
    let url = &asked.catalog;
    for run in 0..RUNS {
        let begun = Instant::now();
        let durability = Durability::PowerLoss;
        let steps = StepWorker::postgres(url, durability, "bench", Arc::clone(&graph))?;
        let pages = pages(&steps, &format!("stale-{run}"), &graph)?;
        judged.lanes_s.push(begun.elapsed().as_secs_f64());
        judged.pages = pages.len();
        let fresh: u64 = pages.iter().map(|page| page.fresh).sum();
        let lanes = pages.iter().flat_map(|page| &page.lanes);
        let found = (fresh, lanes.map(|lane| lane.steps().count()).sum());
        let of_lane = asked.chain.assets;
        let expected = (u64::from(asked.chain.steps() - of_lane), of_lane as usize);
        ensure!(
            found == expected,
            "expected {expected:?} fresh and in lanes, found {found:?}"
        );
    }
    judged.peak = peak()?;
    Ok(judged)
}

/// The pages of a run of what is stale.
fn pages(steps: &StepWorker, run: &str, graph: &Arc<AssetGraph>) -> Result<Vec<LanePage>> {
    let request = RunRequest::new(run, Arc::clone(graph)).mode(Mode::Stale);
    let submission = steps.submit(request)?;
    let mut pages = Vec::new();
    for stage in 0..submission.stages {
        let mut after = Some(0);
        while let Some(from) = after {
            let page = steps.lanes(run, stage, from, PAGE)?;
            after = page.next;
            pages.push(page);
        }
    }
    Ok(pages)
}

/// What this process has held in memory at most, bytes.
fn peak() -> Result<f64> {
    let usage = Usage::of(std::process::id()).context("this process")?;
    Ok(usage.peak_memory_bytes as f64)
}
