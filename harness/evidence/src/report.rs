//! The report: Markdown, one self-contained HTML file, and the charts as SVG files, from a
//! results folder alone. The same folder gives the same bytes.
//!
//! Sections are blocks of a small [`document`](Document); Markdown and HTML are two ways of
//! writing the same blocks, so neither can say what the other does not.

mod section;

use crate::document::{Document, html, markdown};
use crate::experiment;
use crate::record::ResultsFolder;
use crate::results::Analysis;

/// Writes `report.md`, `report.html` and `charts/*.svg` into the folder.
///
/// # Errors
/// When the folder cannot be written to, or a chart cannot be drawn.
pub fn write(folder: &ResultsFolder, analysis: &Analysis) -> anyhow::Result<()> {
    let document = document(analysis)?;
    std::fs::create_dir_all(folder.root().join("charts"))?;
    for figure in document.figures() {
        folder.write_text(&format!("charts/{}.svg", figure.name), &figure.file())?;
    }
    folder.write_text("report.md", &markdown::render(&document))?;
    folder.write_text("report.html", &html::render(&document))?;
    Ok(())
}

/// The report's sections, in order.
///
/// # Errors
/// When a chart cannot be drawn.
pub fn document(analysis: &Analysis) -> anyhow::Result<Document> {
    let mut blocks = section::question::blocks(analysis);
    blocks.extend(section::summary::blocks(analysis));
    blocks.extend(section::guidance::blocks(analysis));
    for experiment in experiment::all() {
        blocks.extend((experiment.section)(analysis)?);
    }
    blocks.extend(section::checker::blocks(analysis));
    blocks.extend(section::method::blocks(analysis));
    Ok(Document {
        title: "Durable workflows and asset orchestration, measured".to_owned(),
        blocks,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Block;
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
        for foreign in ["<script", "src=", "<link", "@import", "url("] {
            anyhow::ensure!(!html.contains(foreign), "{foreign}");
        }
        for block in &document.blocks {
            if let Block::Heading(_, text) = block {
                anyhow::ensure!(html.contains(&html::escape(text)), "{text}");
            }
        }
        anyhow::ensure!(html.matches("<svg").count() == document.figures().count());
        anyhow::ensure!(document.figures().count() >= 4);
        Ok(())
    }
}
