//! Its section of the report.

use std::collections::BTreeSet;

use super::question::{Question, questions};
use super::score::Score;
use super::{CAPABILITY_METRIC, EXPERIMENT, told};
use crate::document::{Block, Column, Table, Text, estimates, figure, path, text};
use crate::record::Measurement;
use crate::results::Analysis;

/// What was asked, how, and what would have shown the contrary.
const ASKED: &str = "One run of the pipeline, whose publication fails twice and is retried, is held at its announcement, approved and let go; another run's publication fails for good. Then a fixed list of questions is asked, two of them while the run is held: what an operator asks about executions, and what an owner asks about data. What is asked of a run that is over is asked again when every worker is dead, and once more when the run is gone: deleted, with all that belongs to it, through the engine's own API, where it has one to do that.";
const HOW: &str = "Each engine answers by a program of its own through its own API: histories, descriptions and visibility; event log, instance and asset graph; catalog, staleness and lineage. An answer is a set of statements in the words of the journal; to write what an engine shows in these words is no user code. User code is what has to know how the user's program arranges things: to read which data an execution's payload stands for, to join records by their order, to keep a person's word where the engine has no place for it. It stands in marked regions of the programs, and its lines are counted.";
const SCORED: &str = "Right: all that the journal says and nothing else, each in its time, through the engine's own API. Only with user code: the same, with the lines that it took. Wrong: anything else, an incomplete answer too. Not answerable: the engine has no such notion, and a user's program has nothing to go by. A prediction that an engine answers a question is contradicted by an answer that is wrong or takes user code.";

pub(super) fn blocks(analysis: &Analysis) -> anyhow::Result<Vec<Block>> {
    let measurements: Vec<&Measurement> = analysis
        .measurements
        .measurements
        .iter()
        .filter(|each| each.experiment == EXPERIMENT.name)
        .collect();
    let mut blocks = vec![Block::heading("Observability")];
    let tables = tables(&measurements);
    if tables.is_empty() {
        blocks.push(Block::paragraph("Not measured in these results."));
        return Ok(blocks);
    }
    blocks.extend([ASKED, HOW, SCORED].map(Block::paragraph));
    blocks.extend(tables);
    blocks.extend(told::blocks(analysis)?);
    blocks.extend(estimates(
        measurements.iter().copied(),
        EXPERIMENT.name,
        "Questions by how they were answered",
        &[
            Column::estimate("questions_right", "right"),
            Column::estimate("questions_with_user_code", "only with user code"),
            Column::estimate("questions_wrong", "wrong"),
            Column::estimate("questions_not_answerable", "not answerable"),
        ],
    ));
    blocks.extend(estimates(
        measurements.iter().copied(),
        EXPERIMENT.name,
        "Patterns that stand and fall with answers",
        &[Column::estimate(
            CAPABILITY_METRIC,
            "level (native 2, emulated 1, unsupported 0)",
        )],
    ));
    Ok(blocks)
}

fn factor<'a>(each: &'a Measurement, name: &str) -> &'a str {
    each.factors.get(name).map_or("", String::as_str)
}

/// Question by engine, a table a scenario and condition.
fn tables(measurements: &[&Measurement]) -> Vec<Block> {
    let scored = measurements
        .iter()
        .filter(|each| each.metric == "question_score");
    let parts: BTreeSet<(&str, &str)> = scored
        .map(|each| (factor(each, "scenario"), factor(each, "condition")))
        .collect();
    parts
        .into_iter()
        .filter_map(|part| {
            let of_part =
                |each: &&Measurement| (factor(each, "scenario"), factor(each, "condition")) == part;
            let of_part: Vec<&Measurement> = measurements.iter().copied().filter(of_part).collect();
            table(part, &of_part).block()
        })
        .collect()
}

fn table((scenario, condition): (&str, &str), measurements: &[&Measurement]) -> Table {
    let sides: BTreeSet<(&str, &str)> = measurements
        .iter()
        .map(|each| (each.engine.as_str(), each.settings.as_str()))
        .collect();
    let mut head = vec!["question".to_owned(), "about".to_owned()];
    head.extend(
        sides
            .iter()
            .map(|(engine, settings)| format!("{engine} ({settings})")),
    );
    let caption =
        format!("Questions and how each engine answers them, scenario {scenario}, {condition}");
    let mut table = Table {
        head,
        ..Table::new(caption, &[])
    };
    for question in questions() {
        let cells: Vec<Text> = sides
            .iter()
            .filter_map(|side| cell(measurements, question, *side))
            .collect();
        if cells.len() == sides.len() {
            let asked = [question.text.as_str(), question.about.as_str()].map(Text::from);
            table.rows.push(asked.into_iter().chain(cells).collect());
        }
    }
    table
}

/// How an engine answered a question, with the lines that it took; `None` where it was not asked.
fn cell(measurements: &[&Measurement], question: &Question, side: (&str, &str)) -> Option<Text> {
    let of = |metric: &str| {
        measurements.iter().find(|each| {
            each.metric == metric
                && (each.engine.as_str(), each.settings.as_str()) == side
                && factor(each, "question") == question.id
        })
    };
    let score = of("question_score")?;
    let answered = figure::quoted(words(score), path::statistic(score, "answers"));
    Some(match of("user_code_lines") {
        None => text![answered],
        Some(lines) => {
            let count = figure::value(lines.estimate.value, path::measurement(lines));
            text![answered, ", ", count, " lines"]
        }
    })
}

/// The words of each score that its trials have, the best first.
fn words(score: &Measurement) -> String {
    let values = || score.trials.iter().flat_map(|trial| &trial.values);
    let found: Vec<&str> = Score::ALL
        .into_iter()
        .filter(|each| values().any(|value| Score::of(*value) == Some(*each)))
        .map(Score::words)
        .collect();
    found.join(" and ")
}
