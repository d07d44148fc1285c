//! Scores follow from the raw evidence alone, and fall with an answer that is removed or broken.

use std::collections::BTreeMap;

use serde_json::json;

use super::*;
use crate::measure::fixture::TrialBuilder;
use crate::record::{Event, EventBody};

const DAY: &str = "2013-01-02";

/// A run in which the first day's join fails once.
fn trial() -> TrialEvidence {
    let mut trial = TrialBuilder::retried("t").evidence();
    trial.plan.experiment = EXPERIMENT.name.to_owned();
    trial.plan.parameters = json!({
        "run": "r1", "source": "tiny", "failing_run": "r2", "failing_source": "other", "day": DAY,
        "changed": "transform", "approver": "ada", "delay_ms": 200,
    });
    trial
}

fn right(trial: &TrialEvidence, question: &str) -> Vec<String> {
    let subject: Subject = serde_json::from_value(trial.plan.parameters.clone())
        .unwrap_or_else(|error| unreachable!("{error}"));
    let facts = Expected::of(trial, &subject).facts(question, 0);
    facts.into_keys().collect()
}

/// The trial with an answer to every question that it has the right answer to.
fn answered(lines: &dyn Fn(&str) -> u32) -> TrialEvidence {
    let mut trial = trial();
    let subject: Subject = serde_json::from_value(trial.plan.parameters.clone())
        .unwrap_or_else(|error| unreachable!("{error}"));
    let answers: Vec<Answer> = questions()
        .iter()
        .map(|question| {
            let right = Expected::of(&trial, &subject).facts(&question.id, 0);
            let fact = |(what, within): (String, Option<(u64, u64)>)| Fact {
                what,
                at_ns: within.map(|(from, _)| from),
            };
            Answer {
                question: question.id.clone(),
                facts: Some(right.into_iter().map(fact).collect()),
                user_code_lines: lines(&question.id),
            }
        })
        .collect();
    trial.events.extend(answers.into_iter().map(event));
    trial
}

fn event(answer: Answer) -> Event {
    let facts = answer.facts.map(|facts| json!(facts).to_string());
    let mut labels = BTreeMap::from([
        (
            "condition".to_owned(),
            Condition::Present.as_str().to_owned(),
        ),
        ("question".to_owned(), answer.question),
    ]);
    labels.extend(facts.map(|facts| ("facts".to_owned(), facts)));
    Event {
        t_ns: 1,
        body: EventBody::Sample(Sample {
            metric: ANSWER.to_owned(),
            value: f64::from(answer.user_code_lines),
            labels,
        }),
    }
}

/// The value of a metric under a label.
fn value(trial: &TrialEvidence, metric: &str, label: (&str, &str)) -> Option<f64> {
    let samples = crate::experiment::samples(trial);
    let (name, value) = label;
    let found = samples.iter().find(|each| {
        each.metric == metric && each.labels.get(name).map(String::as_str) == Some(value)
    });
    found.map(|each| each.value)
}

fn level(trial: &TrialEvidence, pattern: &str) -> Option<f64> {
    value(trial, CAPABILITY_METRIC, ("pattern", pattern))
}

/// The trial with the facts of one answer replaced.
fn with_facts(trial: &TrialEvidence, question: &str, facts: Option<&str>) -> TrialEvidence {
    let mut trial = trial.clone();
    for event in &mut trial.events {
        if let EventBody::Sample(sample) = &mut event.body
            && sample.labels.get("question").map(String::as_str) == Some(question)
        {
            sample.labels.remove("facts");
            let facts = facts.map(|facts| ("facts".to_owned(), facts.to_owned()));
            sample.labels.extend(facts);
        }
    }
    trial
}

#[test]
fn what_is_right_is_what_the_journal_says() {
    let trial = trial();
    let first = "transform/2013-01-01 attempt 1";
    assert_eq!(right(&trial, "failed-attempts"), [first]);
    let reasons = right(&trial, "failure-reasons");
    assert!(
        matches!(&reasons[..], [reason] if reason.starts_with(&format!("{first}: Injected"))),
        "{reasons:?}"
    );
    assert_eq!(right(&trial, "attempt-inputs").len(), 5);
    let stale = ["transform/2013-01-01: code", "transform/2013-01-02: code"];
    assert_eq!(right(&trial, "stale"), stale);
    let refresh = right(&trial, "refresh");
    assert!(refresh.contains(&format!("load/{DAY}")), "{refresh:?}");
    assert!(!refresh.iter().any(|each| each.contains("extract")));
    let lineage = right(&trial, "lineage");
    assert!(lineage.contains(&format!("upstream extract_flights/{DAY}")));
    assert!(lineage.contains(&format!("downstream load/{DAY}")));
    assert!(!lineage.iter().any(|each| each.contains("2013-01-01")));
    assert_eq!(right(&trial, "parent-versions").len(), 10);
    assert_eq!(right(&trial, "who-approved"), ["ada"]);
    // Nothing is left unpublished here, and nothing was asked while something ran.
    for question in ["unpublished", "doing-now", "open-runs"] {
        assert!(right(&trial, question).is_empty(), "{question}");
    }
}

#[test]
fn the_right_answers_are_native_and_user_code_makes_a_pattern_emulated() {
    let native = answered(&|_| 0);
    for pattern in [
        "lineage-query",
        "materialization-history",
        "parent-versions",
    ] {
        assert_eq!(level(&native, pattern), Some(2.0), "{pattern}");
    }
    let emulated = answered(&|question| if question == "stale" { 7 } else { 0 });
    assert_eq!(level(&emulated, "materialization-history"), Some(1.0));
    assert_eq!(level(&emulated, "lineage-query"), Some(2.0));
    let lines = value(&emulated, "user_code_lines", ("question", "stale"));
    assert_eq!(lines, Some(7.0));
}

#[test]
fn an_answer_that_is_removed_or_broken_flips_its_pattern() {
    let good = answered(&|_| 0);
    let removed = with_facts(&good, "lineage", None);
    assert_eq!(level(&removed, "lineage-query"), Some(0.0));
    assert_eq!(
        value(&removed, "question_score", ("question", "lineage")),
        Some(0.0)
    );
    // One statement less, one more, one at a time at which it cannot be.
    for (question, facts) in [
        ("lineage", r#"[{"what":"upstream extract_planes"}]"#),
        (
            "stale",
            r#"[{"what":"transform/2013-01-01: code"},{"what":"transform/2013-01-02: code"},{"what":"publish: code"}]"#,
        ),
        (
            "made-when",
            r#"[{"what":"load/2013-01-01","at_ns":1},{"what":"load/2013-01-02","at_ns":1}]"#,
        ),
        ("parent-versions", "not JSON"),
    ] {
        let broken = with_facts(&good, question, Some(facts));
        let patterns = questions().iter().find(|each| each.id == question);
        for pattern in patterns.iter().flat_map(|each| &each.patterns) {
            assert_eq!(level(&broken, pattern), Some(0.0), "{question}");
        }
    }
}

#[test]
fn every_question_has_a_right_answer_in_some_trial() {
    let mut trial = trial();
    // The run is not over, and its last publication is taken away.
    let held = trial.events.iter().find_map(|event| match &event.body {
        EventBody::RunEnded { .. } => Some(event.t_ns),
        _ => None,
    });
    let before = held.map_or(0, |ended| ended - 1);
    let subject: Subject = serde_json::from_value(trial.plan.parameters.clone())
        .unwrap_or_else(|error| unreachable!("{error}"));
    let expected = Expected::of(&trial, &subject);
    assert_eq!(
        expected
            .facts("open-runs", before)
            .into_keys()
            .collect::<Vec<_>>(),
        ["r1"]
    );
    let invoked = trial.journal[0]
        .records
        .iter()
        .find(|each| each.step.is_some())
        .map_or(0, |each| each.t_ns);
    assert_eq!(expected.facts("doing-now", invoked + 1).len(), 1);
    for question in questions() {
        let held = question.when == When::Held || question.id == "unpublished";
        assert!(
            held || !expected.facts(&question.id, 0).is_empty(),
            "{}",
            question.id
        );
    }
    for file in &mut trial.journal {
        file.records
            .retain(|record| record.step != Some(orchbench_journal::StepName::Publish));
    }
    assert_eq!(
        right(&trial, "unpublished"),
        ["tiny load/2013-01-01", "tiny load/2013-01-02"]
    );
}
