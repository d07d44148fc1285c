//! The runner without a process: an engine of this test's own, in memory, behind the same trait as
//! the real ones.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use orchbench::engine::{
    self, Ended, Engine, Laboratory, Session, Setup, Strike, Trial, TrialError, Work,
};
use orchbench::output::Progress;
use orchbench::runner::{self, RunEnd};
use orchbench::{environment, experiment, profile};
use orchbench_evidence::record::{FORMAT_VERSION, Packing, Plan, ResultsFolder};
use orchbench_evidence::{analysis, report};

/// How often it was opened.
static OPENED: AtomicU32 = AtomicU32::new(0);

static SCRIPTED: Engine = Engine {
    name: "scripted",
    label: "the scripted engine",
    what: "runs that end at once, in memory",
    place: "in the harness itself",
    colour: "#b0439a",
    recovery: "it has nothing to lose.",
    ..Engine::embedded(open, |_| Ok(()))
};

/// The first time it does not come up.
fn open(trial: &Trial<'_>, _setup: Setup) -> Result<Box<dyn Session>, TrialError> {
    if OPENED.fetch_add(1, Ordering::Relaxed) > 0 {
        return Ok(Box::new(InMemory));
    }
    Err(TrialError::Unreachable {
        engine: trial.plan.engine.clone(),
        reason: "not the first time".into(),
    })
}

struct InMemory;

impl Session for InMemory {
    fn start(&self, _work: &Work) -> Result<(), TrialError> {
        Ok(())
    }

    fn wait(&self, _work: &Work, _deadline: Instant) -> Result<Ended, TrialError> {
        Ok(Ended::Succeeded { summary: None })
    }

    fn workers(&self) -> Vec<u32> {
        Vec::new()
    }

    fn strike_worker(&self, _pid: u32, _strike: Strike) -> Result<(), TrialError> {
        Ok(())
    }

    fn close(self: Box<Self>) -> Result<(), TrialError> {
        Ok(())
    }
}

const PROFILE: &str = r#"
description = "the scripted engine"
seed = 1

[[scenario]]
name = "overhead"
blocks = 2
twins = false
arms = [{ engine = "scripted", settings = ["default"] }]
parameters = { shapes = ["chain"], steps = [1, 2, 3], samples = 5 }

[[scenario]]
name = "restart-survival"
blocks = 1
twins = false
arms = [{ engine = "scripted", settings = ["default"] }]
parameters = { arms = [], server_kill_sources = ["one-day"] }
"#;

/// The trials of [`PROFILE`], in a folder below `root`.
fn planned(root: &Path) -> Result<(ResultsFolder, Plan)> {
    let file = root.join("scripted.toml");
    std::fs::write(&file, PROFILE)?;
    let profile = profile::find(&file.to_string_lossy())?;
    let (mut trials, mut left_out) = (Vec::new(), Vec::new());
    for (scenario, blocks) in profile.resolve()? {
        let planned = experiment::plan(&scenario, blocks)?;
        trials.extend(planned.trials);
        left_out.extend(planned.left_out);
    }
    let plan = Plan {
        format_version: FORMAT_VERSION,
        profile: profile.name,
        seed: profile.seed,
        engines: vec![SCRIPTED.record()],
        trials,
        left_out,
    };
    let folder = ResultsFolder::create(&root.join("results"))?;
    folder.write_json("plan.json", &plan)?;
    let environment = environment::capture(
        &["default".into()],
        None,
        Default::default(),
        Default::default(),
    );
    folder.write_json("environment.json", &environment)?;
    Ok((folder, plan))
}

#[test]
fn the_runner_makes_every_trial_and_again_one_whose_engine_did_not_come_up() -> Result<()> {
    engine::add(&SCRIPTED);
    let place = tempfile::tempdir()?;
    let (folder, mut plan) = planned(place.path())?;
    let kill = "scripted (in-process) has not a server for kill-server to strike";
    let left: Vec<String> = plan
        .left_out
        .iter()
        .map(|each| each.reason.clone())
        .collect();
    ensure!(left == [kill], "{left:?}");
    let laboratory = Laboratory {
        folder: folder.clone(),
        scratch: place.path().join("scratch"),
        catalogue_url: "http://127.0.0.1:9".into(),
        staged: place.path().join("staged"),
        server: None,
        unreachable: Default::default(),
        interrupted: Default::default(),
        seed: 1,
    };
    let mut progress = Progress::new(plan.trials.len());
    let end = runner::run(&mut plan, &laboratory, &mut progress)?;
    ensure!(end == RunEnd::Complete);
    folder.pack(&plan, Packing::RunOver)?;
    folder.seal()?;
    let analysis = analysis::analyze(&folder)?;
    let ids: Vec<&str> = plan.trials.iter().map(|trial| trial.id.as_str()).collect();
    ensure!(ids.len() == 3 && ids[1].ends_with("~1"), "{ids:?}");
    ensure!(analysis.counted == ids[1..], "{:?}", analysis.counted);
    report::write(&folder, &analysis)?;
    let text = std::fs::read_to_string(folder.root().join("report.md")).context("report.md")?;
    for words in ["runs that end at once, in memory", kill] {
        ensure!(text.contains(words), "{words}");
    }
    Ok(())
}
