//! The document as Markdown (GitHub's tables).

use std::fmt::Write as _;

use super::{Block, Document, Table};

/// The whole document; charts are links into `charts/`.
pub fn render(document: &Document) -> String {
    let mut out = format!("# {}\n", escape(&document.title));
    for block in &document.blocks {
        out.push('\n');
        // Writing to a String cannot fail.
        let _ = match block {
            Block::Heading(level, text) => {
                writeln!(out, "{} {}", "#".repeat(usize::from(*level)), escape(text))
            }
            Block::Paragraph(text) => writeln!(out, "{}", escape(text)),
            Block::Warning(text) => writeln!(out, "> **Note:** {}", escape(text)),
            Block::Code(text) => writeln!(out, "```\n{text}\n```"),
            Block::List(items) => items
                .iter()
                .try_for_each(|item| writeln!(out, "- {}", escape(item))),
            Block::Table(table) => self::table(&mut out, table),
            Block::Figure(figure) => {
                writeln!(
                    out,
                    "![{}](charts/{}.svg)",
                    escape(&figure.title),
                    figure.name
                )
            }
        };
    }
    out
}

fn table(out: &mut String, table: &Table) -> std::fmt::Result {
    let row = |cells: &[String]| {
        let cells: Vec<String> = cells
            .iter()
            .map(|cell| escape(cell).replace('|', "\\|"))
            .collect();
        format!("| {} |", cells.join(" | "))
    };
    writeln!(out, "**{}**\n", escape(&table.caption))?;
    writeln!(out, "{}", row(&table.head))?;
    writeln!(out, "|{}", " --- |".repeat(table.head.len()))?;
    table
        .rows
        .iter()
        .try_for_each(|cells| writeln!(out, "{}", row(cells)))
}

fn escape(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('<', "&lt;")
        .replace('*', "\\*")
        .replace('\n', " ")
}
