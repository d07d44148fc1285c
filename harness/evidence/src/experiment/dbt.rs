//! dbt: whether the models of a dbt project came out right, what was built again after a failure, and
//! what of dbt's graph the engine knows itself.

mod level;
mod section;

use std::collections::{BTreeMap, BTreeSet};

use orchbench_journal::{StepName, idempotency_key};

use super::{CAPABILITY_METRIC, Experiment, nothing_across, nothing_to_reach, sample};
use crate::measure::{Execution, Executions, Run, TrialEvidence, between_ms};
use crate::record::Sample;

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "dbt",
    needs_journal: true,
    metrics: &[
        CAPABILITY_METRIC,
        "models_wrong",
        "models_repeated",
        "edges_unknown",
        "tests_unknown",
        "graph_lines",
        "run_lines",
        "models_ms",
    ],
    compared_with_itself: &["models_ms"],
    derive,
    across: nothing_across,
    section: section::blocks,
    unreached: nothing_to_reach,
};

/// Makes of what the harness saw of the models: `models_wrong` (models that were not built when they had
/// to be, or were when they could not, or whose rows are not those of the ETL's own marts),
/// `models_repeated` (executions that were not needed), `edges_unknown` and `tests_unknown` (what of dbt's
/// graph and tests the engine does not tell itself), `graph_lines` and `run_lines` (lines of user code that
/// make the engine's graph of dbt's, and that have dbt build), the level ([`level::level`]), and
/// `models_ms` (a run of all models from its acknowledgement to its end, where all is right and the trial
/// was alone on the machine).
fn derive(trial: &TrialEvidence, observed: Vec<Sample>) -> Vec<Sample> {
    let project = Project::of(&observed);
    let executions = Executions::of(trial);
    let runs = trial.runs();
    let built = Built::by(&project, &executions, &runs);
    let lines = |each: &&Sample| ["graph_lines", "run_lines"].contains(&each.metric.as_str());
    let mut samples: Vec<Sample> = observed.iter().filter(lines).cloned().collect();
    for (metric, count) in [
        ("models_wrong", built.wrong),
        ("models_repeated", built.repeated),
        ("edges_unknown", project.edges_unknown),
        ("tests_unknown", project.tests_unknown),
    ] {
        samples.push(sample(metric, count as f64, &[]));
    }
    let level = level::level(trial, &project, &built, &runs);
    samples.extend(level.map(|level| sample(CAPABILITY_METRIC, level, &[])));
    let alone = trial.plan.side_by_side <= 1;
    if let ([run], true, 0) = (&runs[..], alone, built.wrong) {
        samples.extend(whole_ms(trial, run).map(|ms| sample("models_ms", ms, &[])));
    }
    samples
}

fn whole_ms(trial: &TrialEvidence, run: &Run<'_>) -> Option<f64> {
    use crate::record::EventBody::RunAcknowledged;
    let mut begun = trial
        .events
        .iter()
        .filter(|event| matches!(&event.body, RunAcknowledged { run: of, .. } if of == run.id));
    Some(between_ms(begun.next()?.t_ns, run.ended_ns?))
}

/// The project as the harness has it from dbt's manifest, and what was seen of it.
#[derive(Debug, Default)]
struct Project {
    /// What each model reads, by the model.
    reads: BTreeMap<String, BTreeSet<String>>,
    /// The model that was to fail in the first run.
    failed: Option<String>,
    /// Models that are not there in the end, or whose rows are not the expected ones.
    rows_wrong: BTreeSet<String>,
    edges_unknown: usize,
    tests_unknown: usize,
    /// Lines of user code that make the engine's graph.
    graph_lines: f64,
}

impl Project {
    fn of(observed: &[Sample]) -> Self {
        let mut project = Self::default();
        for each in observed {
            let label = |name: &str| each.labels.get(name).cloned().unwrap_or_default();
            let untold = usize::from(each.value == 0.0);
            match each.metric.as_str() {
                "model_failed" => project.failed = Some(label("model")),
                "model_rows_wrong" | "model_missing" => {
                    project.reads.entry(label("model")).or_default();
                    if each.value > 0.0 {
                        project.rows_wrong.insert(label("model"));
                    }
                }
                "model_edge_told" => {
                    let reads = project.reads.entry(label("model")).or_default();
                    reads.insert(label("reads"));
                    project.edges_unknown += untold;
                }
                "model_test_told" => project.tests_unknown += untold,
                "graph_lines" => project.graph_lines = each.value,
                _ => {}
            }
        }
        project
    }

    /// What reads a model, or what reads that.
    fn downstream<'a>(&'a self, model: &'a str) -> BTreeSet<&'a str> {
        let mut reached = BTreeSet::from([model]);
        // As many rounds as a path can be long.
        for _ in &self.reads {
            let reads = self.reads.iter();
            let next =
                reads.filter(|(_, reads)| reads.iter().any(|each| reached.contains(&**each)));
            let next: Vec<&str> = next.map(|(model, _)| model.as_str()).collect();
            reached.extend(next);
        }
        reached.remove(model);
        reached
    }

    /// The models that a run has to execute, and those that it cannot: the first run stops at the model
    /// that fails, the second builds that one and what comes after it.
    fn due(&self, number: usize) -> (BTreeSet<&str>, BTreeSet<&str>) {
        let all = self.reads.keys().map(String::as_str);
        let Some(failed) = self.failed.as_deref() else {
            return (all.collect(), BTreeSet::new());
        };
        let mut left = self.downstream(failed);
        if number == 0 {
            return (all.filter(|model| !left.contains(model)).collect(), left);
        }
        left.insert(failed);
        (left, BTreeSet::new())
    }
}

/// What was built, held against what had to be.
#[derive(Debug, Default)]
struct Built {
    wrong: usize,
    repeated: usize,
    /// The keys of the executions that ended well, by run.
    keys: BTreeMap<String, BTreeSet<String>>,
}

impl Built {
    fn by(project: &Project, executions: &Executions, runs: &[Run<'_>]) -> Self {
        let mut wrong: BTreeSet<&str> = project.rows_wrong.iter().map(String::as_str).collect();
        let mut built = Self::default();
        for (number, run) in runs.iter().enumerate() {
            let (due, barred) = project.due(number);
            let fails = project.failed.as_deref().filter(|_| number == 0);
            for model in project.reads.keys().map(String::as_str) {
                let key = idempotency_key(run.id, StepName::BuildModel, Some(model));
                let each = executions.by_key.get(&key).map_or(&[][..], Vec::as_slice);
                let well = each.iter().any(|one| one.ok_ns().is_some());
                let as_due =
                    !due.contains(model) || (!each.is_empty() && well != (fails == Some(model)));
                let too_soon = each
                    .iter()
                    .any(|one| !project.parents_ended(model, one, executions));
                if !as_due || too_soon || (barred.contains(model) && !each.is_empty()) {
                    wrong.insert(model);
                }
                built.repeated += each.len().saturating_sub(usize::from(due.contains(model)));
                if well {
                    built.keys.entry(run.id.to_owned()).or_default().insert(key);
                }
            }
        }
        // A run that ended otherwise than it had to is wrong as a whole.
        let runs_due = 1 + usize::from(project.failed.is_some());
        let ended = runs.iter().enumerate().all(|(number, run)| {
            let fails = project.failed.is_some() && number == 0;
            run.ended_ns.is_some() && run.failure.is_some() == fails
        });
        let whole = ended && runs.len() == runs_due && !project.reads.is_empty();
        built.wrong = wrong.len() + usize::from(!whole);
        built
    }
}

impl Project {
    /// Whether what a model reads was built when it was begun, in whichever run.
    fn parents_ended(&self, model: &str, begun: &Execution, executions: &Executions) -> bool {
        let ended = |parent: &String| {
            executions.by_key.iter().any(|(key, each)| {
                let of_parent = *key == idempotency_key(&each[0].run, each[0].step, Some(parent));
                let before = |one: &Execution| one.ok_ns().is_some_and(|ns| ns <= begun.invoked_ns);
                of_parent && each.iter().any(before)
            })
        };
        self.reads
            .get(model)
            .is_none_or(|reads| reads.iter().all(ended))
    }
}

#[cfg(test)]
mod tests;
