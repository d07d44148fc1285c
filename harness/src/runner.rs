//! The runner: makes the trials of a plan one after the other (or side by side, where a
//! scenario says that they do not disturb each other), writes what happened after
//! each of them, makes void ones again, and stops between two steps when interrupted.

mod findings;
pub(crate) mod machine_watch;
mod side_by_side;
mod yardstick;

use std::path::Path;

use orchbench_etl::{Etl, EtlConfig};

use findings::Findings;
use machine_watch::MachineWatch;
use side_by_side::{make_all, wave};

use crate::engine::{self, Engine, Laboratory, Trial, TrialError, warehouse_rows};
use crate::experiment;
use crate::output::Progress;
use orchbench_evidence::check::{self, Checked};
use orchbench_evidence::measure::Evidence;
use orchbench_evidence::record::{EventBody, Packing, Plan, ResultsFolder, TrialPlan, TrialStatus};

/// How often a void trial is made again before it is left void.
const AGAIN: u32 = 2;
/// Threads of the plain calls that work out the expected rows.
const EXPECTED_CONCURRENCY: usize = 2;

/// How a run of the plan ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunEnd {
    /// Every trial was made.
    Complete,
    /// The user interrupted; what was made is kept.
    Interrupted,
}

/// Makes the plan's trials. Those that an earlier, interrupted run has completed in the
/// same folder are left as they are, and those that lack their server are not made.
///
/// # Errors
/// When the folder cannot be read or written, or a trial fails by the harness's own fault.
pub fn run(
    plan: &mut Plan,
    laboratory: &Laboratory,
    progress: &mut Progress,
) -> anyhow::Result<RunEnd> {
    let mut index = 0;
    let mut findings = Findings::default();
    while index < plan.trials.len() {
        let wave = wave(&plan.trials[index..]).to_vec();
        let scenario_before = index.checked_sub(1).map(|last| &plan.trials[last].scenario);
        if scenario_before.is_some_and(|scenario| *scenario != wave[0].scenario) {
            laboratory.folder.pack(plan, Packing::Ended)?;
            findings.tell(&laboratory.folder, progress)?;
        }
        index += wave.len();
        let mut open = Vec::new();
        for trial in wave {
            let made = is_complete(&laboratory.folder, &trial)?;
            if made || !engine::can_make(&trial, &laboratory.unreachable) {
                progress.end(None);
            } else {
                open.push(trial);
            }
        }
        let made = make_all(&open, laboratory, progress)?;
        let mut again = Vec::new();
        for (trial, status) in open.iter().zip(made) {
            match status {
                Some(TrialStatus::Completed) => {}
                Some(TrialStatus::Interrupted) | None => return Ok(RunEnd::Interrupted),
                // An engine that did not come up is no outcome either: it stays on record,
                // and the trial is made again.
                Some(TrialStatus::Void | TrialStatus::Unreachable) => {
                    let known = |id: &str| plan.trials.iter().any(|trial| trial.id == id);
                    again.extend(replacement(trial).filter(|again| !known(&again.id)));
                }
            }
        }
        if !again.is_empty() {
            again.iter().for_each(|_| progress.add());
            plan.trials.splice(index..index, again);
            laboratory.folder.write_json("plan.json", plan)?;
        }
    }
    Ok(RunEnd::Complete)
}

/// Makes one trial and writes its end, whatever it is.
fn make(
    plan: &TrialPlan,
    laboratory: &Laboratory,
) -> anyhow::Result<(TrialStatus, Option<String>)> {
    let trial = Trial::begin(plan, laboratory)?;
    // Of trials made side by side each would be in the others' yardstick.
    let yardstick_ms = (plan.side_by_side <= 1).then(yardstick::read);
    let watch = MachineWatch::begin();
    let result = if trial.interrupted() {
        Err(TrialError::Interrupted)
    } else {
        experiment::run(&trial)
    };
    let (status, reason) = match result {
        Ok(TrialStatus::Void) => (
            TrialStatus::Void,
            Some(format!("trial {}: void: its fault hit nothing", plan.id)),
        ),
        Ok(status) => (status, None),
        Err(TrialError::Interrupted) => (
            TrialStatus::Interrupted,
            Some(format!("trial {}: interrupted", plan.id)),
        ),
        Err(error @ (TrialError::Unreachable { .. } | TrialError::Run(_))) => (
            // An engine that does not do what every trial of this kind rests on gives no
            // measurement; that is said, and the next trial may fare better.
            TrialStatus::Unreachable,
            Some(format!("trial {}: {error}", plan.id)),
        ),
        Err(error) => {
            let context = format!("trial {}", plan.id);
            return Err(anyhow::Error::new(error).context(context));
        }
    };
    trial.record(watch.end(trial.below_s(), yardstick_ms))?;
    trial.end_events(status, reason.clone())?;
    Ok(match (status, reason) {
        (TrialStatus::Completed, None) => judge_fault(plan, &laboratory.folder),
        other => other,
    })
}

/// The checker's word on whether the fault hit something in flight: the same as in the
/// analysis, asked while the trial can still be made again.
fn judge_fault(plan: &TrialPlan, folder: &ResultsFolder) -> (TrialStatus, Option<String>) {
    let engine = engine::named(&plan.engine).map(Engine::record);
    let mut evidence = Evidence::new(folder, engine.as_slice());
    match check::check(&evidence.trial(plan)) {
        Checked::Void(why) => (
            TrialStatus::Void,
            Some(format!("trial {}: void: {why}", plan.id)),
        ),
        Checked::Verdicts(_) => (TrialStatus::Completed, None),
    }
}

/// The plan of a void trial's next try, `None` when it was tried often enough.
fn replacement(plan: &TrialPlan) -> Option<TrialPlan> {
    let (stem, tries) = match plan.id.rsplit_once("~") {
        Some((stem, tries)) => (stem, tries.parse().unwrap_or(AGAIN)),
        None => (plan.id.as_str(), 0),
    };
    (tries < AGAIN).then(|| TrialPlan {
        id: format!("{stem}~{}", tries + 1),
        ..plan.clone()
    })
}

/// Whether a trial was made to its end, and is not to be made again.
///
/// # Errors
/// When its files cannot be read.
pub fn is_complete(folder: &ResultsFolder, plan: &TrialPlan) -> anyhow::Result<bool> {
    let files = folder.trial(plan)?;
    let events = files
        .and_then(|files| files.events().transpose())
        .transpose()?;
    Ok(events.unwrap_or_default().last().is_some_and(|event| {
        matches!(
            event.body,
            EventBody::TrialEnded {
                status: TrialStatus::Completed | TrialStatus::Void,
                ..
            }
        )
    }))
}

/// Works out, by plain calls and apart from every engine, which rows each source should
/// leave in a warehouse, and writes them into the folder.
pub fn write_expected(
    folder: &ResultsFolder,
    sources: &[String],
    work_dir: &Path,
    catalogue_url: &str,
) -> anyhow::Result<()> {
    for source in sources {
        if folder.expected()?.sources.contains_key(source) {
            continue;
        }
        let warehouse = work_dir.join(format!("expected.{source}.sqlite"));
        let etl = Etl::open(EtlConfig {
            catalogue_url: Some(catalogue_url.to_owned()),
            ..EtlConfig::new(work_dir, format!("sqlite:{}", warehouse.display()))
        })?;
        let run = format!("expected-{source}");
        let summary = etl.run_direct(&run, source, EXPECTED_CONCURRENCY)?;
        folder.expect(source, &warehouse_rows(etl.warehouse(), source)?, summary)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_void_trial_is_made_again_twice_at_most() {
        let plan = |id: &str| TrialPlan {
            id: id.into(),
            scenario: String::new(),
            experiment: String::new(),
            engine: String::new(),
            settings: String::new(),
            block: 0,
            factors: Default::default(),
            parameters: serde_json::Value::Null,
            sources: Vec::new(),
            faults: Vec::new(),
            side_by_side: 1,
            twin: false,
        };
        let next = |id: &str| replacement(&plan(id)).map(|plan| plan.id);
        assert_eq!(next("a.0"), Some("a.0~1".into()));
        assert_eq!(next("a.0~1"), Some("a.0~2".into()));
        assert_eq!(next("a.0~2"), None);
    }
}
