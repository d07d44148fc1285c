//! What if: a day of one's own, by a model of terms that are measurements.

use std::collections::BTreeMap;

use crate::document::{Block, Table, Text, figure, path};
use crate::record::{Measurement, Model, ModelOption};
use crate::results::Analysis;

/// The model to be asked, its terms, and how it predicts.
///
/// # Errors
/// When the model has no JSON form.
pub(in crate::report) fn blocks(
    model: &Model,
    analysis: &Analysis,
) -> Result<Vec<Block>, serde_json::Error> {
    if model.options.is_empty() {
        return Ok(Vec::new());
    }
    let mut blocks = vec![
        Block::heading("What if"),
        Block::paragraph(
            "A day of one run, with failing attempts, kills, corrected partitions and runs that wait: its time is that of the work, and what each term adds. Engines at their default settings; recovery at tuned ones where there are some. A term that was not measured leaves unknown what needs it.",
        ),
        Block::Model(serde_json::to_string(model)?),
    ];
    blocks.extend(terms(model, analysis).block());
    blocks.extend(predicts(model).block());
    Ok(blocks)
}

/// What an option is called.
fn name(option: &ModelOption) -> String {
    match &option.execution {
        Some(execution) => format!("{}, {execution}", option.label),
        None => option.label.clone(),
    }
}

/// The terms, an option a row.
fn terms(model: &Model, analysis: &Analysis) -> Table {
    let by_id: BTreeMap<String, &Measurement> = analysis
        .measurements
        .measurements
        .iter()
        .map(|each| (each.id(), each))
        .collect();
    let mut head = vec!["option".to_owned()];
    head.extend(model.terms.iter().map(|(name, is)| {
        let unit = if name.ends_with("_s") { ", ms" } else { "" };
        format!("{is}{unit}")
    }));
    let head: Vec<&str> = head.iter().map(String::as_str).collect();
    let mut table = Table::new("The model's terms", &head);
    for option in &model.options {
        let cell = |term: &String| {
            let measurement = by_id.get(&option.terms.get(term)?.measurement)?;
            Some(Text::from(figure::estimate(measurement)))
        };
        let cells = model
            .terms
            .keys()
            .map(|term| cell(term).unwrap_or_else(|| Text::from("not measured")));
        table.row(std::iter::once(Text::from(name(option))).chain(cells));
    }
    table
}

/// How the times of runs are predicted that the model was not drawn from.
fn predicts(model: &Model) -> Table {
    let head = ["option", "held-out runs", "median error", "within the band"];
    let mut table = Table::new(
        "A line through the shortest and the longest run, held against all others that were measured",
        &head,
    );
    for (index, option) in model.options.iter().enumerate() {
        let Some(held_out) = &option.held_out else {
            continue;
        };
        let at = |field| path::held_out(index, field);
        table.row([
            Text::from(name(option)),
            Text::from(figure::count(held_out.points, at("points"))),
            Text::from(figure::percent(held_out.median_error, at("median_error"))),
            Text::from(figure::count(held_out.within, at("within"))),
        ]);
    }
    table
}
