//! Every kind of fault for real: struck, healed, and the run still right. The trials run side
//! by side; a fault that hit nothing would be void, and a condition without a trial that counts
//! ends the run with another exit code than 0.

#[path = "fixtures/events.rs"]
mod events;
#[path = "fixtures/unpacked.rs"]
mod unpacked;

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use anyhow::{Context as _, Result, ensure};
use orchbench_etl::StepName;
use orchbench_etl::journal::{Kind, read_dir};
use orchbench_lab::postgres::LocalPostgres;
use orchbench_lab::process::SmallDisk;

use events::events;

const HEAD: &str = r#"
description = "the test's own"
seed = 7

[[scenario]]
name = "SCENARIO"
blocks = 1
"#;

struct Run {
    dir: tempfile::TempDir,
    output: Output,
}

fn run(scenario: &str, engine: &str, parameters: &str) -> Result<Run> {
    let dir = tempfile::tempdir()?;
    let profile = HEAD.replace("SCENARIO", scenario) + parameters;
    fs::write(dir.path().join("faults.toml"), profile)?;
    let output = Command::new(env!("CARGO_BIN_EXE_orchbench"))
        .current_dir(dir.path())
        .env("XDG_STATE_HOME", dir.path().join("state"))
        .args(["run", "faults.toml", "--out", "results", "--engine", engine])
        .stdin(Stdio::null())
        .output()?;
    Ok(Run { dir, output })
}

impl Run {
    /// The run ended with 0 and the events show that these faults struck.
    fn struck(&self, faults: &[&str]) -> Result<()> {
        let said = String::from_utf8_lossy(&self.output.stderr);
        ensure!(
            self.output.status.code() == Some(0),
            "{:?}: {said}",
            self.output.status
        );
        let events = events(&self.results())?;
        for fault in faults {
            let fired = events.lines().any(|line| {
                line.contains(r#""event":"fault_fired""#)
                    && line.contains(&format!(r#""fault":"{fault}""#))
            });
            ensure!(fired, "{fault} did not strike: {said}");
        }
        Ok(())
    }

    /// Every verdict of every trial is a pass.
    fn all_pass(&self) -> Result<()> {
        let verdicts: serde_json::Value = read(&self.results().join("verdicts.json"))?;
        let verdicts = verdicts["verdicts"].as_array().context("verdicts")?;
        for invariant in ["completeness", "history_agrees", "single_change"] {
            let judged = verdicts.iter().any(|each| each["invariant"] == invariant);
            ensure!(judged, "{invariant}: no verdict");
        }
        let other = verdicts.iter().find(|each| each["outcome"] != "pass");
        ensure!(other.is_none(), "{other:?}");
        Ok(())
    }

    /// Each struck process is a worker where a worker was to be struck, and none where a step was.
    fn workers_died_where_workers_were_struck(&self) -> Result<()> {
        let events = events(&self.results())?;
        let events: Vec<serde_json::Value> = events
            .lines()
            .map(serde_json::from_str)
            .collect::<Result<_, _>>()?;
        let of = |name: &'static str| events.iter().filter(move |each| each["event"] == name);
        let mut struck = 0;
        for fired in of("fault_fired") {
            let is_worker = of("worker_ready").any(|ready| ready["pid"] == fired["pid"]);
            ensure!(is_worker == (fired["fault"] != "kill-step"), "{fired}");
            struck += 1;
        }
        ensure!(struck > 0, "nothing was struck");
        Ok(())
    }

    /// The load of this plan's trial was begun by two workers: the one that was struck had it in hand.
    fn another_worker_did_the_load_of(&self, plan: &str) -> Result<()> {
        for trial in fs::read_dir(self.results().join("open"))? {
            let trial = trial?.path();
            let started = fs::read_to_string(trial.join("events.jsonl"))?;
            if !started.contains(&format!("\"plan\":\"{plan}\"")) {
                continue;
            }
            let records = read_dir(&trial.join("journal"))?.records;
            let loads = records
                .iter()
                .filter(|each| each.kind == Kind::Invoke && each.step == Some(StepName::Load));
            let epochs: Vec<u64> = loads.map(|each| each.epoch).collect();
            ensure!(
                matches!(epochs[..], [one, other] if one != other),
                "{epochs:?}"
            );
            return Ok(());
        }
        anyhow::bail!("no trial of the plan {plan}")
    }

    fn results(&self) -> std::path::PathBuf {
        self.dir.path().join("results")
    }
}

fn plan(name: &str, fault: &str, at: &str, hold_ms: u64) -> String {
    format!(
        "\n[[scenario.parameters.plans]]\nname = \"{name}\"\n[[scenario.parameters.plans.faults]]\nfault = \"{fault}\"\nat = {at}\nhold_ms = {hold_ms}\n"
    )
}

const LOADED: &str = r#"{ step = "load", point = "after_effect" }"#;
const SOON: &str = "{ within_ms = 500 }";
const ARMS: &str = "\n[scenario.parameters]\narms = [\"unsupervised\"]\n";

#[test]
fn server_network_and_worker_break_in_every_way_and_the_run_ends_right() -> Result<()> {
    let faults = [
        ("cut-network", LOADED, 2500),
        ("delay-network", SOON, 1000),
        ("half-open-network", LOADED, 2500),
        ("kill-worker", SOON, 0),
        ("pause-server", LOADED, 1000),
        ("pause-worker", LOADED, 3000),
        ("reset-network", LOADED, 0),
        ("stop-server", LOADED, 300),
    ];
    let plans: String = faults
        .iter()
        .map(|(fault, at, hold_ms)| plan(fault, fault, at, *hold_ms))
        .collect();
    let run = run("fault-plans", "temporal", &(ARMS.to_owned() + &plans))?;
    run.struck(&faults.map(|(fault, ..)| fault))
}

#[test]
fn warehouse_and_worker_break_in_every_way_and_the_run_ends_right() -> Result<()> {
    if !LocalPostgres::installed() {
        println!("not run: no PostgreSQL is installed here");
        return Ok(());
    }
    let before = r#"{ step = "load", point = "before_effect" }"#;
    let faults = [
        ("kill-database", before, 500),
        ("pause-database", before, 500),
        ("pause-worker", LOADED, 3000),
        ("stop-database", before, 500),
    ];
    let plans: String = faults
        .iter()
        .map(|(fault, at, hold_ms)| plan(fault, fault, at, *hold_ms))
        .collect();
    let run = run("fault-plans", "asset-engine", &(ARMS.to_owned() + &plans))?;
    run.struck(&faults.map(|(fault, ..)| fault))
}

#[test]
fn the_disk_fills_and_the_run_ends_right() -> Result<()> {
    if let Err(why) = SmallDisk::possible() {
        println!("not run: {why}");
        return Ok(());
    }
    let transforming = r#"{ step = "transform", point = "before_effect" }"#;
    let plan = plan("disk-full", "fill-disk", transforming, 700);
    let run = run("fault-plans", "asset-engine", &(ARMS.to_owned() + &plan))?;
    run.struck(&["fill-disk"])?;
    let mut journal = String::new();
    for trial in fs::read_dir(run.results().join("open"))? {
        for file in fs::read_dir(trial?.path().join("journal"))? {
            journal += &fs::read_to_string(file?.path())?;
        }
    }
    ensure!(
        journal.contains("No space left"),
        "no step met the full disk"
    );
    Ok(())
}

/// A step's process dies, or its worker does (of two, the one whose step it is) and takes it along, or
/// that one freezes: on a real server and on the catalog, nothing is lost and nothing doubled.
#[test]
fn a_step_in_a_process_of_its_own_is_struck_alone_and_with_its_worker() -> Result<()> {
    let faults = [
        ("step-at-the-load", "kill-step", LOADED, 0),
        ("step", "kill-step", SOON, 0),
        ("worker-at-the-load", "kill-worker", LOADED, 0),
        ("worker", "kill-worker", SOON, 0),
        ("zombie", "pause-worker", LOADED, 3000),
    ];
    let plans: String = faults
        .iter()
        .map(|(name, fault, at, hold_ms)| plan(name, fault, at, *hold_ms))
        .collect();
    for (engine, settings) in [("asset-engine", "default"), ("temporal", "tuned")] {
        let arm = format!(
            "arms = [{{ engine = \"{engine}\", settings = [\"{settings}\"], executions = [\"subprocess\"] }}]\n"
        );
        let run = run("fault-plans", engine, &(arm + ARMS + &plans))?;
        run.struck(&["kill-step", "kill-worker", "pause-worker"])?;
        run.all_pass()?;
        run.workers_died_where_workers_were_struck()?;
        run.another_worker_did_the_load_of("worker-at-the-load")?;
    }
    Ok(())
}

/// Kills of worker, server and whole host at the load: with the sink that only appends, what
/// was loaded and not reported is loaded twice, which is found, counted and expected.
#[test]
fn a_naive_sink_doubles_what_a_kill_repeats() -> Result<()> {
    let run = run(
        "restart-naive",
        "temporal",
        "parameters = { points = [\"after_effect\"] }\n",
    )?;
    run.struck(&["kill-host", "kill-server", "kill-worker"])?;
    let verdicts: serde_json::Value = read(&run.results().join("verdicts.json"))?;
    let verdicts = verdicts["verdicts"].as_array().context("verdicts")?;
    let doubled = verdicts.iter().filter(|verdict| {
        verdict["invariant"] == "single_change"
            && verdict["outcome"] == "fail"
            && verdict["expected"] == true
    });
    ensure!(doubled.count() > 0, "no doubled change was found");
    let said = String::from_utf8_lossy(&run.output.stderr);
    ensure!(!said.contains("no trial reached"), "{said}");
    Ok(())
}

fn read(path: &Path) -> Result<serde_json::Value> {
    Ok(serde_json::from_str(&fs::read_to_string(path)?)?)
}
