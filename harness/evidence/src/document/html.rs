//! The document as one HTML file: style, script and charts inline, nothing fetched, which its content
//! security policy holds it to. It follows the reader's light or dark scheme and fits a phone: wide
//! tables scroll on their own. A figure names the place that it comes from in its title. The script
//! sorts and filters tables; all that there is to read is there without it.

use std::fmt::Write as _;

use super::{Block, Document, Figure, Span, Table, Text};

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");
/// Nothing from elsewhere, whatever should ever stand in the page.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

/// The whole document.
pub fn render(document: &Document) -> String {
    let title = escape(&document.title);
    let mut body = String::new();
    let mut contents = String::new();
    let mut sections = 0;
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
            let _ = self::block(&mut body, block);
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

fn block(out: &mut String, block: &Block) -> std::fmt::Result {
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
        Block::Table(table) => self::table(out, table),
        Block::Figure(figure) => self::figure(out, figure),
    }
}

fn table(out: &mut String, table: &Table) -> std::fmt::Result {
    writeln!(
        out,
        "<div class=\"table\" tabindex=\"0\"><table><caption>{}</caption>\n<thead><tr>",
        spans(&table.caption)
    )?;
    for name in &table.head {
        write!(out, "<th scope=\"col\">{}</th>", escape(name))?;
    }
    writeln!(out, "</tr></thead>\n<tbody>")?;
    for row in &table.rows {
        write!(out, "<tr>")?;
        for cell in row {
            write!(out, "<td>{}</td>", spans(cell))?;
        }
        writeln!(out, "</tr>")?;
    }
    writeln!(out, "</tbody></table></div>")
}

fn figure(out: &mut String, figure: &Figure) -> std::fmt::Result {
    let themed = figure
        .svg
        .replace(Figure::INK, "currentColor")
        .replace(Figure::GRID, "var(--line)");
    let label = format!("<svg role=\"img\" aria-label=\"{}\"", escape(&figure.title));
    let svg = themed.replacen("<svg", &label, 1);
    writeln!(
        out,
        "<figure>{svg}<figcaption>{}</figcaption></figure>",
        spans(&figure.caption)
    )
}

/// Words, and figures as spans that name the place they come from.
fn spans(text: &Text) -> String {
    text.spans()
        .iter()
        .map(|span| match span {
            Span::Plain(text) => escape(text),
            Span::Figure { text, path } => {
                let class =
                    verdict(text).map_or_else(String::new, |name| format!(" verdict {name}"));
                let (path, text) = (escape(path), escape(text));
                format!("<span class=\"figure{class}\" title=\"{path}\">{text}</span>")
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
