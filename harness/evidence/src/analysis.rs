//! From a results folder to measurements, verdicts and claims. No engine is called: the
//! same folder gives the same result, byte for byte.

mod gather;
mod warning;

use std::collections::BTreeMap;

use crate::check::{self, Checked};
use crate::claim;
use crate::experiment;
use crate::measure::{End, Evidence, TrialEvidence};
use crate::record::{
    Claims, FORMAT_VERSION, Measurements, ResultsFolder, TrialPlan, Verdict, Verdicts, Warning,
};
use crate::results::Analysis;
use gather::Conditions;

/// Reads a results folder, measures, checks and decides, and writes `measurements.json`,
/// `verdicts.json` and `claims.json` into it.
///
/// # Errors
/// When the folder is none, its plan or environment cannot be read, or it cannot be written
/// to. A trial's own file that cannot be read is a verdict "unknown", not an error.
pub fn analyze(folder: &ResultsFolder) -> anyhow::Result<Analysis> {
    let analysis = inspect(folder)?;
    folder.write_json("measurements.json", &analysis.measurements)?;
    folder.write_json("verdicts.json", &analysis.verdicts)?;
    folder.write_json("claims.json", &analysis.claims)?;
    Ok(analysis)
}

/// The same without writing anything.
///
/// # Errors
/// As [`analyze`], but for writing.
pub fn inspect(folder: &ResultsFolder) -> anyhow::Result<Analysis> {
    let plan = folder.plan()?;
    let environment = folder.environment()?;
    let mut evidence = Evidence::new(folder);
    let mut seen = Seen::default();
    for trial in &plan.trials {
        // One trial at a time: a whole year's rows of every trial would not fit in memory.
        seen.trial(&evidence.trial(trial));
    }
    let measurements = std::mem::take(&mut seen.conditions).measurements(plan.seed);
    let mut warnings = warning::of_run(&plan, &environment, seen.ended);
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
        seed: plan.seed,
    })?;
    Ok(Analysis {
        partial: seen.ended < plan.trials.len(),
        environment,
        measurements: Measurements {
            format_version: FORMAT_VERSION,
            measurements,
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
        plan,
    })
}

/// What was seen so far, trial by trial.
#[derive(Default)]
struct Seen {
    conditions: Conditions,
    verdicts: Vec<Verdict>,
    void: Vec<(String, String)>,
    warnings: Vec<Warning>,
    counted: Vec<String>,
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
                self.tried.entry(condition(&trial.plan)).or_default().0 += 1;
                if trial.malformed.is_empty() {
                    self.conditions.add(&trial.plan, experiment::samples(trial));
                    self.counted.push(trial.plan.id.clone());
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
        "{} on {} ({}) {}",
        plan.scenario,
        plan.engine,
        plan.settings,
        factors.join(", ")
    )
}
