//! From a results folder to measurements, verdicts and claims. No engine is called: the
//! same folder gives the same result, byte for byte. Only raw files are read for it; what is
//! derived is compared with what they give, and never believed.

mod gather;
mod twins;
mod warning;

use std::collections::BTreeMap;
use std::sync::mpsc;

use anyhow::Context as _;

use crate::check::{self, Checked};
use crate::claim;
use crate::experiment::{self, throughput::undecided_points};
use crate::measure::{End, Evidence, Timeline, Told, TrialEvidence};
use crate::record::{
    Claims, FORMAT_VERSION, Measurements, Plan, ResultsFolder, TrialPlan, Verdict, Verdicts,
    Warning,
};
use crate::results::Analysis;
use gather::Conditions;

/// Reads a results folder, measures, checks and decides, and writes `measurements.json`,
/// `verdicts.json` and `claims.json` into it.
///
/// # Errors
/// When the folder is none, its plan, environment or manifest cannot be read, or it cannot be
/// written to. A trial's own file that cannot be read is a verdict "unknown", not an error.
pub fn analyze(folder: &ResultsFolder) -> anyhow::Result<Analysis> {
    let analysis = derive(folder)?;
    for (name, text) in files(&analysis)? {
        folder.write_text(&name, &text)?;
    }
    Ok(analysis)
}

/// The derived files of the folder that are not as `given`, which says what the raw files give by
/// name: of other content, or with no right to be there.
///
/// # Errors
/// When the folder cannot be read.
pub fn differing(
    folder: &ResultsFolder,
    given: &BTreeMap<String, String>,
) -> anyhow::Result<Vec<Warning>> {
    let mut warnings = Vec::new();
    for file in folder.derived()? {
        let there = std::fs::read(folder.root().join(&file))
            .with_context(|| format!("cannot read {file}"))?;
        if given.get(&file).map(String::as_bytes) != Some(&there) {
            warnings.push(Warning::Differs { file });
        }
    }
    Ok(warnings)
}

/// What [`analyze`] writes, by name.
///
/// # Errors
/// When a value has no JSON form.
pub fn files(analysis: &Analysis) -> anyhow::Result<BTreeMap<String, String>> {
    let Analysis {
        measurements,
        verdicts,
        claims,
        ..
    } = analysis;
    let texts = [
        (
            "measurements.json",
            ResultsFolder::json_text("measurements.json", measurements)?,
        ),
        (
            "verdicts.json",
            ResultsFolder::json_text("verdicts.json", verdicts)?,
        ),
        (
            "claims.json",
            ResultsFolder::json_text("claims.json", claims)?,
        ),
    ];
    Ok(texts.map(|(name, text)| (name.to_owned(), text)).into())
}

/// What the raw files give; nothing is written.
///
/// # Errors
/// As [`analyze`], but for writing.
pub fn derive(folder: &ResultsFolder) -> anyhow::Result<Analysis> {
    let plan = folder.plan()?;
    let environment = folder.environment()?;
    let mut seen = seen(folder, &plan);
    let (measurements, self_comparisons) = std::mem::take(&mut seen.conditions).measurements();
    let mut warnings = warning::of_run(&plan, &environment, seen.ended);
    warnings.extend(warning::of_damages(folder.damages()?));
    warnings.append(&mut seen.warnings);
    warnings.extend(seen.nothing_counts());
    for experiment in experiment::all() {
        let unreached = (experiment.unreached)(&plan.trials, &seen.counted);
        warnings.extend(unreached.into_iter().map(|each| Warning::NotReached {
            part: each.part,
            points: each.points,
        }));
    }
    let claims = claim::decide(&claim::Results {
        plan: &plan,
        environment: &environment,
        measurements: &measurements,
        verdicts: &seen.verdicts,
        undecidable: twins::undecidable(&plan, &seen.counted, &self_comparisons),
    })?;
    Ok(Analysis {
        environment,
        measurements: Measurements {
            format_version: FORMAT_VERSION,
            measurements,
            self_comparisons,
        },
        verdicts: Verdicts {
            format_version: FORMAT_VERSION,
            verdicts: seen.verdicts,
            void: seen.void,
            warnings,
        },
        claims: Claims {
            format_version: FORMAT_VERSION,
            claims,
        },
        counted: seen.counted,
        timelines: seen.timelines.into_values().flatten().collect(),
        told: seen.told.into_values().flatten().collect(),
        yardsticks: seen.yardsticks,
        benchmarks: folder.benchmarks()?,
        seal: folder.seal_digest()?,
        plan,
    })
}

/// What the plan's trials show. One thread reads what another one judges, a few trials ahead and no more: a
/// whole year's rows of every trial would not fit in memory.
fn seen(folder: &ResultsFolder, plan: &Plan) -> Seen {
    let mut seen = Seen::default();
    std::thread::scope(|scope| {
        let (sender, receiver) = mpsc::sync_channel(AHEAD);
        scope.spawn(move || {
            let mut evidence = Evidence::new(folder, &plan.engines);
            for trial in &plan.trials {
                // Whoever judges no longer needs nothing more.
                if sender.send(evidence.trial(trial)).is_err() {
                    return;
                }
            }
        });
        receiver.iter().for_each(|trial| seen.trial(&trial));
    });
    seen
}

/// How many trials are read before they are judged.
const AHEAD: usize = 2;

/// What was seen so far, trial by trial.
#[derive(Default)]
struct Seen {
    conditions: Conditions,
    verdicts: Vec<Verdict>,
    void: Vec<(String, String)>,
    warnings: Vec<Warning>,
    counted: Vec<String>,
    yardsticks: BTreeMap<String, f64>,
    /// By condition, the first trial's; `None` where nothing was struck in it.
    timelines: BTreeMap<String, Option<Timeline>>,
    /// By condition, the first trial's; `None` where nothing was asked in it.
    told: BTreeMap<String, Option<Told>>,
    /// Trials that were made to their end, void ones and unreachable engines included.
    ended: usize,
    /// By condition: trials that count, trials that do not.
    tried: BTreeMap<String, (usize, usize)>,
}

impl Seen {
    fn trial(&mut self, trial: &TrialEvidence) {
        let finished = matches!(&trial.end, End::Ended(status, _) if warning::finished(*status));
        self.ended += usize::from(finished);
        self.warnings.extend(warning::of_trial(trial));
        if trial.malformed.is_empty() && !trial.completed() {
            if let Some(reason) = warning::void_by_status(trial) {
                self.void(&trial.plan, reason);
            } else if finished {
                self.tried.entry(condition(&trial.plan)).or_default().1 += 1;
                self.verdicts.extend(check::stuck(trial));
            }
            return;
        }
        match check::check(trial) {
            Checked::Void(reason) => self.void(&trial.plan, reason),
            Checked::Verdicts(mut verdicts) => {
                self.verdicts.append(&mut verdicts);
                let condition = condition(&trial.plan);
                self.tried.entry(condition.clone()).or_default().0 += 1;
                if trial.malformed.is_empty() {
                    let samples = experiment::samples(trial);
                    let id = &trial.plan.id;
                    self.warnings.extend(undecided_points(id, &samples));
                    self.conditions.add(&trial.plan, samples);
                    self.counted.push(trial.plan.id.clone());
                    let yardstick = trial.yardstick_ms().map(|ms| (id.clone(), ms));
                    self.yardsticks.extend(yardstick);
                    let told = self.told.entry(condition.clone());
                    told.or_insert_with(|| Told::of(trial));
                    let timeline = self.timelines.entry(condition);
                    timeline.or_insert_with(|| Timeline::of(trial));
                }
            }
        }
    }

    fn void(&mut self, plan: &TrialPlan, reason: String) {
        self.tried.entry(condition(plan)).or_default().1 += 1;
        self.warnings.push(Warning::Void {
            trial: plan.id.clone(),
            reason: reason.clone(),
        });
        self.void.push((plan.id.clone(), reason));
    }

    fn nothing_counts(&self) -> Vec<Warning> {
        self.tried
            .iter()
            .filter(|(_, (counted, void))| *counted == 0 && *void > 0)
            .map(|(condition, _)| Warning::NothingCounts {
                condition: condition.clone(),
            })
            .collect()
    }
}

fn condition(plan: &TrialPlan) -> String {
    let factors: Vec<String> = plan
        .factors
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    format!(
        "{} on {} ({}{}) {}",
        plan.scenario,
        plan.engine,
        plan.settings,
        if plan.twin { ", twin" } else { "" },
        factors.join(", ")
    )
}
