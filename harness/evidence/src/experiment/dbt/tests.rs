//! What a trial of models shows, and what is left of it when its program is broken.

use orchbench_journal::{Kind, Record, RetrySpec};
use serde_json::json;

use super::super::{EMULATED, NATIVE, UNSUPPORTED};
use super::*;
use crate::measure::JournalFile;
use crate::measure::fixture::TrialBuilder;
use crate::record::{Event, EventBody, HistoryStep, RunFailure};

const READS: [(&str, &str); 3] = [("beside", "first"), ("middle", "first"), ("last", "middle")];
const MODELS: [&str; 4] = ["first", "beside", "middle", "last"];

/// What an execution of a model came to.
#[derive(Clone, Copy, PartialEq)]
enum Came {
    Well,
    Failed,
}

/// A trial of these runs, each the executions in their order; of an engine that knows everything.
fn trial(runs: &[(&str, &[(&str, Came)])]) -> TrialEvidence {
    let mut trial = TrialBuilder::good("t").evidence();
    trial.plan.experiment = EXPERIMENT.name.to_owned();
    trial.events.clear();
    trial.journal.clear();
    let mut t_ns = 0;
    for (run, executions) in runs {
        run_of(&mut trial, run, executions, &mut t_ns);
    }
    if runs.len() > 1 {
        observe(&mut trial, "model_failed", 1.0, &[("model", "middle")]);
    }
    for model in MODELS {
        observe(&mut trial, "model_rows_wrong", 0.0, &[("model", model)]);
    }
    for (model, reads) in READS {
        observe(
            &mut trial,
            "model_edge_told",
            1.0,
            &[("model", model), ("reads", reads)],
        );
    }
    observe(&mut trial, "model_test_told", 1.0, &[("test", "unique")]);
    observe(&mut trial, "graph_lines", 0.0, &[]);
    observe(&mut trial, "run_lines", 5.0, &[]);
    trial
}

fn observe(trial: &mut TrialEvidence, metric: &str, value: f64, labels: &[(&str, &str)]) {
    let body = EventBody::Sample(sample(metric, value, labels));
    trial.events.push(Event { t_ns: 0, body });
}

fn run_of(trial: &mut TrialEvidence, run: &str, executions: &[(&str, Came)], t_ns: &mut u64) {
    let mut event = |t_ns: u64, body| trial.events.push(Event { t_ns, body });
    event(
        *t_ns,
        EventBody::RunAcknowledged {
            run: run.to_owned(),
            source: None,
            retry: RetrySpec::default(),
        },
    );
    let (mut records, mut steps) = (Vec::new(), Vec::new());
    for (model, came) in executions {
        let ended = if *came == Came::Well {
            Kind::Ok
        } else {
            Kind::Error
        };
        for kind in [Kind::Invoke, ended] {
            *t_ns += 1_000_000;
            records.push(record(run, model, kind, *t_ns));
        }
        steps.push(HistoryStep {
            key: idempotency_key(run, StepName::BuildModel, Some(model)),
            attempts: 1,
            completed: *came == Came::Well,
            failed: Vec::new(),
            in_another_run: false,
        });
    }
    let failed = executions.iter().any(|(_, came)| *came == Came::Failed);
    let failure = failed.then(|| RunFailure {
        error_type: "BadInput".into(),
        message: "no such column".into(),
    });
    event(
        *t_ns,
        EventBody::RunEnded {
            run: run.to_owned(),
            summary: None,
            failure,
        },
    );
    event(
        *t_ns,
        EventBody::EngineHistory {
            run: run.to_owned(),
            succeeded: !failed,
            steps,
        },
    );
    trial.journal.push(JournalFile {
        name: format!("{run}.jsonl"),
        records,
        problems: Vec::new(),
    });
}

fn record(run: &str, model: &str, kind: Kind, t_ns: u64) -> Record {
    let kind = serde_json::to_value(kind).unwrap_or_default();
    let record = json!({
        "format_version": 1, "writer": run, "seq": 1, "t_ns": t_ns, "kind": kind, "run": run,
        "step": "build_model", "attempt": 1, "key": format!("{run}/build_model/{model}"), "epoch": 0,
        "checksum": "",
    });
    serde_json::from_value(record).unwrap_or_else(|error| unreachable!("{error}"))
}

fn value(trial: &TrialEvidence, metric: &str) -> Option<f64> {
    let samples = derive(trial, trial.samples());
    let mut values = samples.iter().filter(|each| each.metric == metric);
    values.next().map(|each| each.value)
}

fn figures(trial: &TrialEvidence) -> [Option<f64>; 3] {
    ["models_wrong", "models_repeated", CAPABILITY_METRIC].map(|metric| value(trial, metric))
}

use Came::{Failed, Well};

const FIRST: &[(&str, Came)] = &[("first", Well), ("beside", Well), ("middle", Failed)];
const SECOND: &[(&str, Came)] = &[("middle", Well), ("last", Well)];
const ALL: &[(&str, Came)] = &[
    ("first", Well),
    ("beside", Well),
    ("middle", Well),
    ("last", Well),
];

#[test]
fn models_that_are_the_engines_own_are_native() {
    let well = trial(&[("r1", ALL)]);
    assert_eq!(figures(&well), [Some(0.0), Some(0.0), Some(NATIVE)]);
    assert_eq!(value(&well, "models_ms"), Some(8.0));
    let repaired = trial(&[("r1", FIRST), ("r2", SECOND)]);
    assert_eq!(figures(&repaired), [Some(0.0), Some(0.0), Some(NATIVE)]);
    assert_eq!(value(&repaired, "models_ms"), None);
}

#[test]
fn what_the_engine_does_not_know_itself_is_emulated() {
    let emulated = |change: &dyn Fn(&mut Event)| {
        let mut trial = trial(&[("r1", FIRST), ("r2", SECOND)]);
        trial.events.iter_mut().for_each(change);
        assert_eq!(figures(&trial), [Some(0.0), Some(0.0), Some(EMULATED)]);
    };
    let set = |metric: &'static str, to: f64| {
        move |event: &mut Event| {
            if let EventBody::Sample(sample) = &mut event.body
                && sample.metric == metric
            {
                sample.value = to;
            }
        }
    };
    emulated(&set("model_edge_told", 0.0));
    emulated(&set("model_test_told", 0.0));
    emulated(&set("graph_lines", 1.0));
    emulated(&|event| {
        if let EventBody::EngineHistory { steps, .. } = &mut event.body {
            steps.clear();
        }
    });
}

#[test]
fn what_is_built_again_without_need_is_unsupported() {
    let again = trial(&[("r1", FIRST), ("r2", ALL)]);
    assert_eq!(figures(&again), [Some(0.0), Some(2.0), Some(UNSUPPORTED)]);
    let twice = trial(&[("r1", &[ALL, &[("last", Well)]].concat())]);
    assert_eq!(figures(&twice), [Some(0.0), Some(1.0), Some(UNSUPPORTED)]);
}

#[test]
fn a_model_that_is_not_built_or_too_soon_or_otherwise_is_wrong() {
    let wrong = |trial: &TrialEvidence, count: f64| {
        assert_eq!(value(trial, "models_wrong"), Some(count));
        assert_eq!(value(trial, CAPABILITY_METRIC), Some(UNSUPPORTED));
        assert_eq!(value(trial, "models_ms"), None);
    };
    wrong(&trial(&[("r1", &ALL[..3])]), 1.0);
    wrong(&trial(&[("r1", FIRST), ("r2", &SECOND[..1])]), 1.0);
    // One that reads what failed was begun all the same.
    let begun = [FIRST, &[("last", Failed)]].concat();
    wrong(&trial(&[("r1", &begun), ("r2", SECOND)]), 1.0);
    let early: Vec<(&str, Came)> = ALL.iter().rev().copied().collect();
    wrong(&trial(&[("r1", &early)]), 3.0);
    let mut other_rows = trial(&[("r1", ALL)]);
    observe(
        &mut other_rows,
        "model_rows_wrong",
        2.0,
        &[("model", "last")],
    );
    wrong(&other_rows, 1.0);
    // Nothing failed where something had to: neither that model, nor what reads it, nor the run is right.
    wrong(&trial(&[("r1", ALL), ("r2", SECOND)]), 3.0);
}
