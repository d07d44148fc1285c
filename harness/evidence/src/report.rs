//! The report: Markdown, one self-contained HTML file, the charts as SVG files, and decision records, from a
//! results folder alone. The same folder gives the same bytes.
//!
//! Sections are blocks of a small [`document`](Document); Markdown and HTML are two ways of
//! writing the same blocks, so neither can say what the other does not.

mod decision;
mod section;

use std::collections::BTreeMap;

use anyhow::Context as _;

use crate::advice::{Advice, on_examples};
use crate::analysis;
use crate::document::{Block, Document, html, markdown};
use crate::experiment;
use crate::model;
use crate::record::{Model, ResultsFolder};
use crate::results::Analysis;

/// Writes `report.md`, `report.html`, `charts/*.svg`, `model.json`, `adr.md` and `advice/*.md` into the folder; a
/// chart or an advice of an earlier report that this one does not have is removed.
///
/// # Errors
/// When the folder cannot be written to, or a chart cannot be drawn.
pub fn write(folder: &ResultsFolder, analysis: &Analysis) -> anyhow::Result<()> {
    let files = files(analysis)?;
    for stale in folder.derived()? {
        if stale.contains('/') && !files.contains_key(&stale) {
            std::fs::remove_file(folder.root().join(&stale))
                .with_context(|| format!("cannot remove {stale}"))?;
        }
    }
    for (name, text) in files {
        folder.write_text(&name, &text)?;
    }
    Ok(())
}

/// What [`write`] writes, by name below the folder.
///
/// # Errors
/// When a chart cannot be drawn.
pub fn files(analysis: &Analysis) -> anyhow::Result<BTreeMap<String, String>> {
    let advices = on_examples(analysis)?;
    let model = model::of(analysis)?;
    let document = composed(analysis, &advices, &model)?;
    let charts = document.figures();
    let mut files: BTreeMap<String, String> = charts
        .map(|figure| (format!("charts/{}.svg", figure.name), figure.file()))
        .collect();
    files.extend(decision::files(&advices, analysis));
    let model = ResultsFolder::json_text("model.json", &model)?;
    files.insert("model.json".to_owned(), model);
    files.insert("report.md".to_owned(), markdown::render(&document));
    files.insert("report.html".to_owned(), html::render(&document));
    Ok(files)
}

/// What the raw files of a folder give, without writing anything: each derived file that is there
/// and is something else is a warning.
///
/// # Errors
/// As [`analysis::derive`]; when a chart cannot be drawn.
pub fn inspect(folder: &ResultsFolder) -> anyhow::Result<Analysis> {
    let mut analysis = analysis::derive(folder)?;
    let mut given = analysis::files(&analysis)?;
    given.extend(files(&analysis)?);
    let mut differing = analysis::differing(folder, &given)?;
    analysis.verdicts.warnings.append(&mut differing);
    Ok(analysis)
}

/// The guidance's table with what was measured, as Markdown whose links lead into `base`: for a
/// page beside the results folder.
pub fn excerpt(analysis: &Analysis, base: &str) -> String {
    markdown::blocks(&section::guidance::excerpt(analysis), base)
}

/// The report's sections: the answer first; then, as appendices, what proves it, how and on what it was
/// made.
///
/// # Errors
/// When a chart cannot be drawn.
pub fn document(analysis: &Analysis) -> anyhow::Result<Document> {
    composed(analysis, &on_examples(analysis)?, &model::of(analysis)?)
}

fn composed(
    analysis: &Analysis,
    advices: &[(String, Advice)],
    model: &Model,
) -> anyhow::Result<Document> {
    let mut blocks = section::summary::first_of_all(analysis);
    blocks.extend(section::guidance::answer(analysis));
    blocks.extend(section::workloads::blocks(advices));
    blocks.extend(section::guidance::grounds(analysis));
    let (charts, proofs): (Vec<Block>, Vec<Block>) =
        proofs(analysis)?.into_iter().partition(is_of_first_page);
    blocks.extend(charts);
    blocks.extend(section::summary::blocks(analysis));
    blocks.extend(section::what_if::blocks(model, analysis)?);
    blocks.extend(lettered(proofs));
    Ok(Document {
        title: "Durable workflows and asset orchestration, measured".to_owned(),
        blocks,
    })
}

/// The charts that stand with the answer: how soon a killed run goes on, how many partitions there are a
/// second, what a step costs.
const FIRST_PAGE: [&str; 3] = ["restart-recovery", "throughput-etl", "overhead-chain"];

fn is_of_first_page(block: &Block) -> bool {
    matches!(block, Block::Figure(figure) if FIRST_PAGE.contains(&figure.name.as_str()))
}

fn proofs(analysis: &Analysis) -> anyhow::Result<Vec<Block>> {
    let mut blocks = section::guidance::predictions(analysis);
    for experiment in experiment::all() {
        blocks.extend((experiment.section)(analysis)?);
    }
    blocks.extend(section::guidance::ablations(analysis));
    blocks.extend(section::benchmarks::blocks(analysis));
    blocks.extend(section::controls::blocks(analysis));
    blocks.extend(section::checker::blocks(analysis));
    blocks.extend(section::method::blocks(analysis));
    blocks.extend(section::made_on::blocks(analysis));
    blocks.extend(section::made_on::raw_data());
    Ok(blocks)
}

/// The same with each section as an appendix, by letters.
fn lettered(blocks: Vec<Block>) -> Vec<Block> {
    let mut letters = 'A'..='Z';
    let appendix = |block| match block {
        Block::Heading(2, text) => {
            let letter = letters.next().unwrap_or('Z');
            Block::Heading(2, format!("Appendix {letter}. {text}"))
        }
        other => other,
    };
    blocks.into_iter().map(appendix).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Span;
    use crate::measure::fixture::small_results;

    #[test]
    fn the_report_of_the_small_results_is_as_recorded() -> anyhow::Result<()> {
        let place = tempfile::tempdir()?;
        let folder = small_results(place.path())?;
        let analysis = crate::analysis::analyze(&folder)?;
        let text = markdown::render(&document(&analysis)?);
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path("../tests/fixtures/snapshots");
        settings.set_prepend_module_to_snapshot(false);
        settings.bind(|| insta::assert_snapshot!("report", text));
        Ok(())
    }

    #[test]
    fn the_html_is_self_contained_and_says_what_the_markdown_says() -> anyhow::Result<()> {
        let place = tempfile::tempdir()?;
        let folder = small_results(place.path())?;
        let document = document(&crate::analysis::analyze(&folder)?)?;
        let html = html::render(&document);
        for foreign in ["src=", "<link", "@import", "url("] {
            anyhow::ensure!(!html.contains(foreign), "{foreign}");
        }
        anyhow::ensure!(html.matches("<script").count() == 1);
        for block in &document.blocks {
            if let Block::Heading(_, text) = block {
                anyhow::ensure!(html.contains(&html::escape(text)), "{text}");
            }
        }
        let figures = document.texts().flat_map(|text| text.spans());
        let figures = figures.filter(|span| matches!(span, Span::Figure { .. }));
        anyhow::ensure!(html.matches("<span class=\"figure").count() == figures.count());
        for text in document.texts() {
            for span in text.spans() {
                let words = html::escape(span.text());
                anyhow::ensure!(html.contains(&words), "{words}");
            }
        }
        anyhow::ensure!(html.matches("<svg").count() == document.figures().count());
        anyhow::ensure!(document.figures().count() >= 4);
        Ok(())
    }

    /// Words between figures, outside the sections that explain themselves and the method.
    fn plain_words(document: &Document) -> Vec<String> {
        let explains =
            |block: &Block| matches!(block, Block::Heading(2, text) if text.ends_with(". Method"));
        let blocks = document.blocks.iter().take_while(|block| !explains(block));
        let results = Document {
            title: String::new(),
            blocks: blocks.cloned().collect(),
        };
        let spans = results.texts().flat_map(|text| text.spans().to_vec());
        spans
            .filter_map(|span| match span {
                Span::Plain(words) => Some(words),
                Span::Figure { .. } => None,
            })
            .collect()
    }

    #[test]
    fn every_number_outside_the_method_is_a_figure_a_label_or_a_known_constant()
    -> anyhow::Result<()> {
        let place = tempfile::tempdir()?;
        let folder = small_results(place.path())?;
        let document = document(&crate::analysis::analyze(&folder)?)?;
        // Said by definition: what is needed of an open loop, and to resume within.
        let constants = ["(99 % needed)", "within 60 s", "A/A control"];
        for words in plain_words(&document) {
            let mut rest = words.clone();
            for constant in constants {
                rest = rest.replace(constant, "");
            }
            // A row's label: engine (settings): factor=value, …
            let label = rest.contains("): ") && rest.contains('=');
            anyhow::ensure!(
                label || !rest.contains(|each: char| each.is_ascii_digit()),
                "no figure: {words}"
            );
        }
        Ok(())
    }

    #[test]
    fn every_figure_of_a_row_is_of_the_condition_that_its_label_names() -> anyhow::Result<()> {
        let place = tempfile::tempdir()?;
        let folder = small_results(place.path())?;
        let document = document(&crate::analysis::analyze(&folder)?)?;
        let mut seen = 0;
        for block in &document.blocks {
            let Block::Table(table) = block else { continue };
            // Their rows are no conditions.
            let caption = table.caption.as_read();
            if ["Workloads, and", "The model's terms"]
                .iter()
                .any(|words| caption.starts_with(words))
            {
                continue;
            }
            for row in &table.rows {
                let label = row[0].as_read();
                for span in row.iter().flat_map(|cell| cell.spans()) {
                    let Span::Figure { path, .. } = span else {
                        continue;
                    };
                    let Some(id) = path.strip_prefix("measurements.json#") else {
                        continue;
                    };
                    let parts: Vec<&str> = id.splitn(5, '/').collect();
                    anyhow::ensure!(label.starts_with(&format!("{} ({}): ", parts[2], parts[3])));
                    let factors = parts[4].split(':').next().unwrap_or_default().split(',');
                    for factor in factors.filter(|factor| !factor.ends_with("=*")) {
                        anyhow::ensure!(label.contains(factor), "{label}: {path}");
                    }
                    seen += 1;
                }
            }
        }
        anyhow::ensure!(seen > 50, "{seen} figures");
        Ok(())
    }
}
