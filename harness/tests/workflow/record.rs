//! Records real trials for the checker: an approval and a saga, each with its worker killed
//! on the way. The checker must pass both, and catch every fault that is planted in them.
//!
//! With ORCHBENCH_RECORD_TO=FOLDER the recording is kept there: so the folder
//! `harness/evidence/tests/fixtures/recorded` was made.

mod recording;

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use orchbench::engine::TEMPORAL;
use orchbench::environment::capture;
use orchbench::runner::write_expected;
use orchbench_etl::{CrashPoint, StepName};
use orchbench_evidence::check::{Checked, check, mutation};
use orchbench_evidence::measure::Evidence;
use orchbench_evidence::record::{FORMAT_VERSION, Outcome, Plan, ResultsFolder, TrialPlan};
use serde_json::Value;

use self::recording::Recording;
use crate::stage::Stage;

const SOURCE: &str = "one-day";

/// A pattern, and where its worker dies.
struct Recorded {
    id: &'static str,
    workflow: &'static str,
    step: StepName,
    /// The step that fails for good, so that the workflow takes its way back.
    fails: Option<StepName>,
}

const TRIALS: [Recorded; 2] = [
    Recorded {
        id: "approval",
        workflow: "ApprovalWorkflow",
        step: StepName::Load,
        fails: None,
    },
    Recorded {
        id: "saga",
        workflow: "SagaWorkflow",
        step: StepName::UndoPublish,
        fails: Some(StepName::Announce),
    },
];

pub fn trials(stage: &Stage) -> Result<()> {
    let place = tempfile::tempdir()?;
    let kept = std::env::var_os("ORCHBENCH_RECORD_TO");
    let root = kept.map_or_else(|| place.path().join("results"), Into::into);
    let folder = ResultsFolder::create(&root)?;
    let work = stage.dir("record-expected")?;
    let catalogue = stage.config(&work, "none").etl.catalogue_url;
    let catalogue = catalogue.context("the stage has a catalogue service")?;
    write_expected(&folder, &[SOURCE.to_owned()], &work, &catalogue)?;
    for trial in &TRIALS {
        Recording::of(stage, &folder, trial)?.make(trial)?;
    }
    let plan = Plan {
        format_version: FORMAT_VERSION,
        profile: "recorded".to_owned(),
        seed: 1,
        engines: vec![TEMPORAL.record()],
        trials: TRIALS.iter().map(Recorded::plan).collect(),
        left_out: Vec::new(),
    };
    folder.write_json("plan.json", &plan)?;
    let environment = capture(
        &["tuned".to_owned()],
        None,
        BTreeMap::new(),
        BTreeMap::new(),
    );
    folder.write_json("environment.json", &environment)?;

    for trial in &plan.trials {
        let checked = check(&Evidence::new(&folder, &plan.engines).trial(trial));
        let good = matches!(&checked, Checked::Verdicts(verdicts)
            if verdicts.iter().all(|verdict| verdict.outcome == Outcome::Pass));
        ensure!(good, "{checked:#?}");
    }
    let scores = mutation::score(&folder)?;
    // An open loop and orders are recorded apart: neither of these trials has any.
    let apart = ["early-call", "kept-charge", "second-charge"];
    let missed: Vec<_> = scores
        .iter()
        .filter(|score| !score.caught && score.caught_by != "samples_agree")
        .filter(|score| !apart.contains(&score.mutation))
        .collect();
    ensure!(missed.is_empty(), "{missed:#?}");
    Ok(())
}

impl Recorded {
    fn plan(&self) -> TrialPlan {
        let pattern = if self.fails.is_some() {
            "saga"
        } else {
            "approval"
        };
        let point = format!("{}/{}", self.step, CrashPoint::AfterEffect.as_str());
        let factors = [
            ("arm", "supervised"),
            ("fault", "kill-worker"),
            ("fencing", "on"),
            ("pattern", pattern),
            ("point", &point),
        ];
        TrialPlan {
            id: self.id.to_owned(),
            scenario: "recorded".to_owned(),
            experiment: "restart-survival".to_owned(),
            engine: "temporal".to_owned(),
            settings: "tuned".to_owned(),
            block: 0,
            factors: factors
                .map(|(name, value)| (name.into(), value.into()))
                .into(),
            parameters: Value::Null,
            sources: vec![SOURCE.to_owned()],
            faults: vec!["kill-worker".to_owned()],
            side_by_side: 1,
            twin: false,
        }
    }
}
