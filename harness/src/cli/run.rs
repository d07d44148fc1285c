//! `orchbench run`: the one command of an architecture review.

mod begin;
mod found;
mod resume;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::Context;

use crate::engine::{self, Laboratory};
use crate::exit::{Exit, UsageError};
use crate::experiment::{self, Planned};
use crate::narrow;
use crate::output::{self, Progress};
use crate::profile::{self, Profile};
use crate::runner::{self, RunEnd};
use crate::scenario::{ConfigError, known_engine, known_name};
use orchbench_etl::catalogue::CatalogueService;
use orchbench_evidence::analysis;
use orchbench_evidence::record::{
    Claim, EngineRecord, FORMAT_VERSION, Packing, Plan, ResultsFolder, TrialPlan,
};
use orchbench_evidence::report;
use orchbench_lab::process;
use orchbench_lab::server::{Choice, Provisioned};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A profile of `orchbench list`, which says about how long each takes, or a file; `quick` by
    /// default.
    profile: Option<String>,
    /// Only these engines.
    #[arg(long, value_delimiter = ',')]
    engine: Vec<String>,
    /// Only these experiments.
    #[arg(long, value_delimiter = ',')]
    experiment: Vec<String>,
    /// Results folder; by default reports/<UTC time>-<profile>.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Print the trials of each scenario and about how long they take, and make nothing.
    #[arg(long, conflicts_with = "resume")]
    plan: bool,
    /// Go on with an interrupted run in the folder that --out names.
    #[arg(long, requires = "out")]
    resume: bool,
    #[command(flatten)]
    server: super::server::Which,
}

impl Args {
    /// A profile's file, and where its results go.
    pub(super) fn of_file(profile: &Path, out: &Path, server: super::server::Which) -> Self {
        Self {
            profile: Some(profile.display().to_string()),
            engine: Vec::new(),
            experiment: Vec::new(),
            out: Some(out.to_owned()),
            plan: false,
            resume: false,
            server,
        }
    }

    fn profile(&self) -> anyhow::Result<Profile> {
        let name = self.profile.as_deref().unwrap_or("quick");
        Ok(profile::find(name)?)
    }
}

pub(super) fn run(args: Args) -> anyhow::Result<Exit> {
    if args.plan {
        return show_plan(&args);
    }
    conclude(&make(&args)?)
}

/// A run whose trials were made, or as many of them as the user let.
pub(super) struct Made {
    pub(super) folder: ResultsFolder,
    pub(super) end: RunEnd,
    /// Held while anything is written.
    _claim: Claim,
}

/// Makes the trials; what they come to is still to be said.
pub(super) fn make(args: &Args) -> anyhow::Result<Made> {
    for swept in process::sweep()? {
        output::note(&format!("left by a run that was killed: {swept}"));
    }
    let prepared = if args.resume {
        resume::prepare(args)?
    } else {
        begin::prepare(args)?
    };
    let interrupted = interrupt_flag()?;
    let Prepared {
        folder,
        mut plan,
        open,
        server,
        unreachable,
        _claim,
    } = prepared;
    let mut end = RunEnd::Complete;
    if open > 0 {
        end = make_trials(&folder, &mut plan, (server, unreachable), interrupted)?;
        folder.pack(&plan, Packing::RunOver)?;
        folder.seal()?;
    }
    Ok(Made {
        folder,
        end,
        _claim,
    })
}

/// What is to be made, and where.
struct Prepared {
    folder: ResultsFolder,
    /// Held while anything is written.
    _claim: Claim,
    plan: Plan,
    /// How many of its trials are to be made.
    open: usize,
    server: Option<Provisioned>,
    /// Engines of which none can be made, each with the reason.
    unreachable: BTreeMap<String, String>,
}

/// Measures, checks, decides and reports.
fn conclude(Made { folder, end, .. }: &Made) -> anyhow::Result<Exit> {
    let analysis = analysis::analyze(folder)?;
    report::write(folder, &analysis)?;
    link_latest(folder.root());
    let root = folder.root();
    output::line(&format!(
        "report: {}",
        output::link(&root.join("report.html"))
    ));
    output::line(&format!("        {}", root.join("report.md").display()));
    if let Some(digest) = &analysis.seal {
        output::line(&format!("sealed: {digest} (SHA-256 of manifest.json)"));
    }
    if *end == RunEnd::Interrupted {
        output::note(
            "interrupted: the report is partial; go on with `orchbench run --resume --out FOLDER`",
        );
        return Ok(Exit::Interrupted);
    }
    Ok(Exit::told(&analysis))
}

/// What the profile would make. Which of it the server at hand lets make is known when it is there, but for
/// the blocks in containers.
fn show_plan(args: &Args) -> anyhow::Result<Exit> {
    let profile = args.profile()?;
    let mut plan = plan(args, &profile)?;
    if args.server.choice()? == Choice::Docker {
        narrow::leave_out_blocks(&mut plan, &profile);
    }
    let mut rows = vec![
        ["scenario", "trials", "about, minutes"]
            .map(str::to_owned)
            .to_vec(),
    ];
    let row = |name: &str, trials: &[&TrialPlan]| {
        vec![
            name.to_owned(),
            trials.len().to_string(),
            format!("{:.1}", minutes(trials.iter().copied())),
        ]
    };
    let mut by_scenario: Vec<(&str, Vec<&TrialPlan>)> = Vec::new();
    for trial in &plan.trials {
        let mut known = by_scenario.iter_mut();
        match known.find(|(name, _)| *name == trial.scenario) {
            Some((_, trials)) => trials.push(trial),
            None => by_scenario.push((&trial.scenario, vec![trial])),
        }
    }
    rows.extend(by_scenario.iter().map(|(name, trials)| row(name, trials)));
    rows.push(row("all", &plan.trials.iter().collect::<Vec<_>>()));
    output::table(&rows);
    Ok(Exit::Done)
}

/// About how many minutes a profile takes, from its plan.
pub(super) fn profile_minutes(profile: &Profile) -> anyhow::Result<f64> {
    Ok(minutes(&planned(profile, &[], &[])?.trials))
}

fn minutes<'a>(trials: impl IntoIterator<Item = &'a TrialPlan>) -> f64 {
    trials.into_iter().map(experiment::seconds).sum::<f64>() / 60.0
}

/// The trials of a profile, of these engines and experiments (of all where none is named).
fn planned(
    profile: &Profile,
    engines: &[String],
    experiments: &[String],
) -> anyhow::Result<Planned> {
    let wanted = |list: &[String], name: &String| list.is_empty() || list.contains(name);
    let mut all = Planned::default();
    for (mut scenario, blocks) in profile.resolve()? {
        if !wanted(experiments, &scenario.experiment) {
            continue;
        }
        scenario.keep_arms(|arm| wanted(engines, &arm.engine));
        let planned = experiment::plan(&scenario, blocks)?;
        all.trials.extend(planned.trials);
        all.left_out.extend(planned.left_out);
    }
    each_once(&profile.name, &all.trials)?;
    Ok(all)
}

/// Refuses a profile of which two entries make the same trial: they would share its files.
fn each_once(profile: &str, trials: &[TrialPlan]) -> Result<(), ConfigError> {
    let mut ids = BTreeSet::new();
    match trials.iter().find(|trial| !ids.insert(&trial.id)) {
        None => Ok(()),
        Some(twice) => Err(ConfigError::Invalid {
            place: format!("profile {profile}: {}", twice.scenario),
            message: format!(
                "expected each trial once, found {} in two entries",
                twice.id
            ),
        }),
    }
}

fn plan(args: &Args, profile: &Profile) -> anyhow::Result<Plan> {
    for name in &args.engine {
        known_engine("--engine", name)?;
    }
    for name in &args.experiment {
        known_name("--experiment", "experiment", name, &experiment::names())?;
    }
    let Planned { trials, left_out } = planned(profile, &args.engine, &args.experiment)?;
    if trials.is_empty() {
        let message = "no trial of the profile is of these engines and experiments".to_owned();
        return Err(UsageError(message).into());
    }
    Ok(Plan {
        format_version: FORMAT_VERSION,
        profile: profile.name.clone(),
        seed: profile.seed,
        engines: engines(&trials),
        trials,
        left_out,
    })
}

/// The engines of these trials, as they describe themselves.
fn engines(trials: &[TrialPlan]) -> Vec<EngineRecord> {
    let takes_part = |engine: &&&engine::Engine| {
        let mut names = trials.iter().map(|trial| trial.engine.as_str());
        names.any(|name| name == engine.name)
    };
    let all = engine::all();
    all.iter()
        .filter(takes_part)
        .map(|each| each.record())
        .collect()
}

fn make_trials(
    folder: &ResultsFolder,
    plan: &mut Plan,
    (server, unreachable): (Option<Provisioned>, BTreeMap<String, String>),
    interrupted: Arc<AtomicBool>,
) -> anyhow::Result<RunEnd> {
    let scratch = process::TempFolder::create("run")?;
    let catalogue = CatalogueService::start(&scratch.path().join("receipts.jsonl"))?;
    let expected = scratch.path().join("expected");
    // A resumed run has its expected rows already, but its trials unpack the input anew.
    std::fs::create_dir_all(expected.join("staged"))?;
    output::note("working out the expected rows by plain calls");
    runner::write_expected(folder, &sources(plan), &expected, catalogue.url())?;
    let laboratory = Laboratory {
        folder: folder.clone(),
        scratch: scratch.path().to_owned(),
        catalogue_url: catalogue.url().to_owned(),
        staged: expected.join("staged"),
        server,
        unreachable,
        interrupted,
        seed: plan.seed,
    };
    let mut progress = Progress::new(plan.trials.len());
    let end = runner::run(plan, &laboratory, &mut progress)?;
    progress.finish();
    Ok(end)
}

/// The sources that the plan's trials read.
fn sources(plan: &Plan) -> Vec<String> {
    let all: BTreeSet<&String> = plan
        .trials
        .iter()
        .flat_map(|trial| &trial.sources)
        .collect();
    all.into_iter().cloned().collect()
}

/// A first Ctrl-C (or SIGTERM) asks the run to stop after what it is doing; a second ends
/// it at once.
pub(super) fn interrupt_flag() -> anyhow::Result<Arc<AtomicBool>> {
    let flag = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        let code = Exit::Interrupted.code();
        signal_hook::flag::register_conditional_shutdown(signal, code, Arc::clone(&flag))
            .and_then(|_| signal_hook::flag::register(signal, Arc::clone(&flag)))
            .context("cannot listen to signals")?;
    }
    Ok(flag)
}

/// Points reports/latest at the newest results; where links cannot be made, there is none.
fn link_latest(root: &Path) {
    let (Some(parent), Some(name)) = (root.parent(), root.file_name()) else {
        return;
    };
    if parent.file_name().is_none_or(|name| name != "reports") {
        return;
    }
    let link = parent.join("latest");
    let _ = std::fs::remove_file(&link);
    if let Err(error) = std::os::unix::fs::symlink(name, &link) {
        output::note(&format!("warning: {}: {error}", link.display()));
    }
}
