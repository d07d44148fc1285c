//! The document as one HTML file: style, script and charts inline, nothing fetched, which its content
//! security policy holds it to. It follows the reader's light or dark scheme and fits a phone: wide
//! tables scroll on their own. A figure names the place that it comes from in its title; a verdict leads to the
//! claim's row. The script sorts and filters tables, and asks a model; all else that there is to read is there
//! without it.

use std::fmt::Write as _;

use super::anchors::{self, Anchors};
use super::{Block, Document, Figure, Span, Table, Text};

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = concat!(include_str!("model.js"), include_str!("script.js"));
/// Nothing from elsewhere, whatever should ever stand in the page.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

/// The whole document.
pub fn render(document: &Document) -> String {
    let title = escape(&document.title);
    let mut body = String::new();
    let mut contents = String::new();
    let mut sections = 0;
    let anchors = Anchors::of(&document.blocks);
    for block in &document.blocks {
        if let Block::Heading(2, text) = block {
            sections += 1;
            // The bar has no room for a word that every entry has.
            let short = text.strip_prefix("Appendix ").unwrap_or(text);
            let _ = writeln!(
                contents,
                "<li><a href=\"#section-{sections}\">{}</a></li>",
                escape(short)
            );
            let _ = writeln!(body, "<h2 id=\"section-{sections}\">{}</h2>", escape(text));
        } else {
            // Writing to a String cannot fail.
            let _ = self::block(&mut body, block, &anchors);
        }
    }
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
         <nav aria-label=\"Contents\"><ol>\n{contents}</ol></nav>\n\
         <main>\n<h1>{title}</h1>\n{body}</main>\n\
         <script>\n{SCRIPT}</script>\n</body>\n</html>\n"
    )
}

fn block(out: &mut String, block: &Block, anchors: &Anchors) -> std::fmt::Result {
    let spans = |text: &Text| self::spans(text, anchors);
    match block {
        Block::Heading(level, text) => writeln!(out, "<h{level}>{}</h{level}>", escape(text)),
        Block::Paragraph(text) => writeln!(out, "<p>{}</p>", spans(text)),
        Block::Warning(text) => writeln!(out, "<p class=\"warning\">{}</p>", spans(text)),
        Block::Code(text) => writeln!(out, "<pre>{}</pre>", escape(text)),
        Block::List(items) => {
            writeln!(out, "<ul>")?;
            items
                .iter()
                .try_for_each(|item| writeln!(out, "<li>{}</li>", spans(item)))?;
            writeln!(out, "</ul>")
        }
        Block::Table(table) => self::table(out, table, anchors),
        Block::Figure(figure) => self::figure(out, figure, anchors),
        Block::Model(json) => writeln!(
            out,
            "<div class=\"model\" data-model=\"{}\"></div>",
            escape(json)
        ),
    }
}

fn table(out: &mut String, table: &Table, anchors: &Anchors) -> std::fmt::Result {
    writeln!(
        out,
        "<div class=\"table\" tabindex=\"0\"><table><caption>{}</caption>\n<thead><tr>",
        spans(&table.caption, anchors)
    )?;
    for name in &table.head {
        write!(out, "<th scope=\"col\">{}</th>", escape(name))?;
    }
    writeln!(out, "</tr></thead>\n<tbody>")?;
    // What leads to a row does not lead from it.
    let nowhere = Anchors::default();
    for row in &table.rows {
        let (id, anchors) = match anchors::of_row(row) {
            Some(id) => (format!(" id=\"{}\"", escape(&id)), &nowhere),
            None => (String::new(), anchors),
        };
        write!(out, "<tr{id}>")?;
        for cell in row {
            write!(out, "<td>{}</td>", spans(cell, anchors))?;
        }
        writeln!(out, "</tr>")?;
    }
    writeln!(out, "</tbody></table></div>")
}

fn figure(out: &mut String, figure: &Figure, anchors: &Anchors) -> std::fmt::Result {
    let themed = figure
        .svg
        .replace(Figure::INK, "currentColor")
        .replace(Figure::GRID, "var(--line)");
    let label = format!("<svg role=\"img\" aria-label=\"{}\"", escape(&figure.title));
    let svg = themed.replacen("<svg", &label, 1);
    writeln!(
        out,
        "<figure>{svg}<figcaption>{}</figcaption></figure>",
        spans(&figure.caption, anchors)
    )
}

/// Words, and figures as spans that name the place they come from.
fn spans(text: &Text, anchors: &Anchors) -> String {
    text.spans()
        .iter()
        .map(|span| match span {
            Span::Plain(text) => escape(text),
            Span::Figure { text, path } => {
                let class =
                    verdict(text).map_or_else(String::new, |name| format!(" verdict {name}"));
                let target = verdict(text).and_then(|_| anchors.target(path));
                let (path, text) = (escape(path), escape(text));
                let span = format!("<span class=\"figure{class}\" title=\"{path}\">{text}</span>");
                match target {
                    Some(id) => format!("<a href=\"#{}\">{span}</a>", escape(id)),
                    None => span,
                }
            }
        })
        .collect()
}

/// The class of a figure that is a verdict.
fn verdict(text: &str) -> Option<&'static str> {
    match text {
        "supported" => Some("supported"),
        "contradicted" => Some("contradicted"),
        "undecided" => Some("undecided"),
        "not measured" => Some("not-measured"),
        _ => None,
    }
}

/// Text without anything that HTML would read as markup.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
