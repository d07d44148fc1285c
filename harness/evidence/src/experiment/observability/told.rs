//! What each engine lets one see of the same run, side by side: its history and its lineage.

use std::collections::{BTreeMap, BTreeSet};

use orchbench_journal::StepName;

use super::super::first_of_each;
use super::subject::{Subject, piece};
use crate::document::chart::{self, Lineage, Name};
use crate::document::{Block, Table, Text, figure, path};
use crate::measure::{Answer, Told};
use crate::results::Analysis;

const HISTORY: &str = "step-by-step";
/// Beside the history: the questions whose answers stand below it, and what their rows are called.
const BESIDE: [(&str, &str); 3] = [
    ("doing-now", "doing, while the run was held"),
    ("failure-reasons", "why attempts failed"),
    ("who-approved", "approved by"),
];

pub(super) fn blocks(analysis: &Analysis) -> anyhow::Result<Vec<Block>> {
    let shown = first_of_each(&analysis.told, |each| each.plan.engine.as_str());
    let mut blocks = Vec::new();
    blocks.extend(history(analysis, &shown).block());
    blocks.extend(graphs(analysis, &shown)?);
    Ok(blocks)
}

fn label(analysis: &Analysis, told: &Told) -> String {
    let label = analysis.plan.label(&told.plan.engine);
    format!("{label} ({})", told.plan.settings)
}

/// A row a step, and the answers beside them.
fn history(analysis: &Analysis, shown: &[&Told]) -> Table {
    let mut head = vec!["of the run".to_owned()];
    head.extend(shown.iter().map(|each| label(analysis, each)));
    let mut table = Table {
        head,
        ..Table::new(
            "One run, as each engine tells it: of each the first trial that counts",
            &[],
        )
    };
    for step in StepName::ALL.map(StepName::as_str) {
        let told = |each: &&Told| attempts(each.answers.get(HISTORY), step);
        if shown.iter().any(|each| told(each).is_some()) {
            let cell = |each: &&Told| {
                let words = told(each).unwrap_or_else(|| "not in it".to_owned());
                let place = path::answer(&each.plan, HISTORY, Some(step));
                Text::from(figure::quoted(words, place))
            };
            let cells = shown.iter().map(cell);
            table.row([Text::from(step)].into_iter().chain(cells));
        }
    }
    for (question, words) in BESIDE {
        let cell = |each: &&Told| {
            let place = path::answer(&each.plan, question, None);
            figure::quoted(said(each.answers.get(question)), place)
        };
        if !table.rows.is_empty() {
            let cells = shown.iter().map(|each| Text::from(cell(each)));
            table.row([Text::from(words)].into_iter().chain(cells));
        }
    }
    table
}

/// What is said of a step's attempts, over its partitions; `None` where nothing is.
fn attempts(answer: Option<&Answer>, step: &str) -> Option<String> {
    let mut counted: BTreeMap<&str, usize> = BTreeMap::new();
    for fact in statements(answer) {
        let (of, words) = fact.split_once(' ').unwrap_or((fact, ""));
        if of.split('/').next() == Some(step) {
            *counted.entry(words).or_default() += 1;
        }
    }
    let texts = counted.into_iter().map(|(words, times)| match times {
        1 => words.to_owned(),
        _ => format!("{times} times {words}"),
    });
    let texts: Vec<String> = texts.collect();
    (!texts.is_empty()).then(|| texts.join(", "))
}

fn said(answer: Option<&Answer>) -> String {
    let statements = statements(answer);
    if answer.is_none_or(|answer| answer.facts.is_none()) {
        "no answer".to_owned()
    } else if statements.is_empty() {
        "nothing".to_owned()
    } else {
        statements.into_iter().collect::<Vec<_>>().join("; ")
    }
}

fn statements(answer: Option<&Answer>) -> BTreeSet<&str> {
    let facts = answer.and_then(|answer| answer.facts.as_deref());
    let facts = facts.unwrap_or_default().iter();
    facts.map(|fact| fact.what.as_str()).collect()
}

/// What an engine says of a node.
const KINDS: [&str; 3] = [
    "as it is",
    "stale, or would be made again",
    "not said which",
];
const AS_IT_IS: usize = 0;
const STALE: usize = 1;
const NOT_SAID: usize = 2;

/// Lineage of one partition after a change of the code, engine under engine.
fn graphs(analysis: &Analysis, shown: &[&Told]) -> anyhow::Result<Option<Block>> {
    let graphs: Vec<Lineage> = shown
        .iter()
        .filter_map(|each| graph(&label(analysis, each), each))
        .collect();
    let caption = "What each engine tells of one partition, after the code of its step was changed: what it was made of, what is made of it, and what of that is stale or would be made again by a refresh.";
    chart::lineage(
        Name {
            file: "observability-lineage",
            title: "Lineage of one partition, as each engine tells it",
        },
        &KINDS,
        &graphs,
        Text::from(caption),
    )
}

/// `None` where the trial does not say what the questions were about.
fn graph(label: &str, told: &Told) -> Option<Lineage> {
    let subject: Subject = serde_json::from_value(told.plan.parameters.clone()).ok()?;
    let answer = |question: &str| told.answers.get(question);
    let refreshed = statements(answer("refresh"));
    let stale = statements(answer("stale"));
    let answered = |question| answer(question).is_some_and(|answer| answer.facts.is_some());
    let said = answered("stale") || answered("refresh");
    let node = |name: &str| {
        let is_stale = stale
            .iter()
            .any(|each| each.split(": ").next() == Some(name));
        let kind = match is_stale || refreshed.contains(name) {
            true => STALE,
            false if said => AS_IT_IS,
            false => NOT_SAID,
        };
        (name.to_owned(), kind)
    };
    let lineage = statements(answer("lineage"));
    let side = |side: &str| {
        let names = lineage.iter().filter_map(|each| each.strip_prefix(side));
        names.map(|name| node(name.trim_start())).collect()
    };
    let mut downstream: Vec<chart::Node> = side("downstream");
    downstream.sort_by_key(|(name, _)| place(name));
    Some(Lineage {
        upstream: side("upstream"),
        about: node(&piece(subject.changed, Some(&subject.day))),
        downstream,
        label: match answer("lineage").map_or(0, |answer| answer.user_code_lines) {
            0 => label.to_owned(),
            _ => format!("{label}, by code of its user"),
        },
    })
}

/// On the data's way.
fn place(name: &str) -> Option<usize> {
    let step = name.split('/').next();
    StepName::ALL
        .iter()
        .position(|each| Some(each.as_str()) == step)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Fact;

    fn answer(facts: &[&str]) -> Answer {
        let facts = facts.iter().map(|what| Fact::from((*what).to_owned()));
        Answer {
            facts: Some(facts.collect()),
            ..Answer::none("a question")
        }
    }

    #[test]
    fn attempts_are_counted_over_partitions_and_told_apart() {
        let told = answer(&[
            "publish attempt 2 ok",
            "load/2013-01-01 attempt 1 ok",
            "publish attempt 1 failed",
            "load/2013-01-02 attempt 1 ok",
        ]);
        let of = |step| attempts(Some(&told), step);
        assert_eq!(of("load").as_deref(), Some("2 times attempt 1 ok"));
        assert_eq!(
            of("publish").as_deref(),
            Some("attempt 1 failed, attempt 2 ok")
        );
        assert_eq!(of("check"), None);
        assert_eq!(attempts(None, "load"), None);
    }

    #[test]
    fn nothing_is_an_answer_and_none_is_none() {
        assert_eq!(said(Some(&answer(&["b", "a"]))), "a; b");
        assert_eq!(said(Some(&answer(&[]))), "nothing");
        assert_eq!(said(Some(&Answer::none("a question"))), "no answer");
        assert_eq!(said(None), "no answer");
    }

    #[test]
    fn what_would_be_made_again_is_marked_in_the_graph() {
        let mut plan = crate::measure::fixture::TrialBuilder::retried("t")
            .evidence()
            .plan;
        plan.parameters = serde_json::json!({
            "run": "r1", "source": "tiny", "failing_run": "r2", "failing_source": "other",
            "day": "2013-01-02", "changed": "transform", "approver": "ada", "delay_ms": 200,
        });
        let lineage = [
            "downstream publish",
            "downstream load/2013-01-02",
            "upstream extract_planes",
        ];
        let mut told = Told {
            plan,
            answers: [
                ("lineage".to_owned(), answer(&lineage)),
                ("stale".to_owned(), answer(&["transform/2013-01-02: code"])),
                ("refresh".to_owned(), answer(&["load/2013-01-02"])),
            ]
            .into(),
        };
        let drawn = graph("an engine", &told).expect("a graph");
        assert_eq!(drawn.upstream, [("extract_planes".to_owned(), AS_IT_IS)]);
        assert_eq!(drawn.about, ("transform/2013-01-02".to_owned(), STALE));
        let downstream = [
            ("load/2013-01-02".to_owned(), STALE),
            ("publish".to_owned(), AS_IT_IS),
        ];
        assert_eq!(drawn.downstream, downstream);
        told.answers.clear();
        let unknown = graph("an engine", &told).expect("a graph");
        assert!(unknown.upstream.is_empty() && unknown.downstream.is_empty());
        assert_eq!(unknown.about.1, NOT_SAID);
        let by_code = Answer {
            user_code_lines: 9,
            ..answer(&lineage)
        };
        told.answers.insert("lineage".to_owned(), by_code);
        let by_code = graph("an engine", &told).expect("a graph");
        assert_eq!(by_code.label, "an engine, by code of its user");
        assert!(by_code.upstream.iter().all(|(_, kind)| *kind == NOT_SAID));
    }
}
