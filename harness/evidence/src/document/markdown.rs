//! The document as Markdown (GitHub's tables).
//!
//! A figure is a link: its text is the figure as printed, its target the file that it comes from,
//! `#` and the place in it, percent-encoded. No plain text can form a link, so every link of the
//! file is a figure.

use std::fmt::Write as _;

use super::path::encoded;
use super::{Block, Document, Span, Table, Text};

/// The whole document; charts are images from `charts/`.
pub fn render(document: &Document) -> String {
    format!(
        "# {}\n{}",
        escape(&document.title),
        blocks(&document.blocks, "")
    )
}

/// Blocks alone, with links and images that lead into `base`.
pub fn blocks(blocks: &[Block], base: &str) -> String {
    let mut out = String::new();
    let written = |block: &&Block| !matches!(block, Block::Model(_));
    for block in blocks.iter().filter(written) {
        out.push('\n');
        // Writing to a String cannot fail.
        let _ = match block {
            Block::Heading(level, text) => {
                writeln!(out, "{} {}", "#".repeat(usize::from(*level)), escape(text))
            }
            Block::Paragraph(text) => writeln!(out, "{}", first(text)),
            Block::Warning(text) => writeln!(out, "> **Note:** {}", spans(text)),
            Block::Code(text) => writeln!(out, "```\n{text}\n```"),
            Block::List(items) => items
                .iter()
                .try_for_each(|item| writeln!(out, "- {}", first(item))),
            Block::Table(table) => self::table(&mut out, table),
            Block::Figure(figure) => writeln!(
                out,
                "![{}](charts/{}.svg)\n\n{}",
                escape(&figure.title),
                figure.name,
                first(&figure.caption)
            ),
            Block::Model(_) => Ok(()),
        };
    }
    // As plain text cannot form a link, this is where each link's target begins.
    out.replace("](", &format!("]({base}"))
}

fn table(out: &mut String, table: &Table) -> std::fmt::Result {
    let row = |cells: Vec<String>| format!("| {} |", cells.join(" | "));
    writeln!(out, "**{}**\n", spans(&table.caption))?;
    let head = table.head.iter().map(|name| escape(name));
    writeln!(out, "{}", row(head.collect()))?;
    writeln!(out, "|{}", " --- |".repeat(table.head.len()))?;
    table
        .rows
        .iter()
        .try_for_each(|cells| writeln!(out, "{}", row(cells.iter().map(spans).collect())))
}

fn spans(text: &Text) -> String {
    text.spans()
        .iter()
        .map(|span| match span {
            Span::Plain(text) => escape(text),
            Span::Figure { text, path } => format!("[{}]({})", escape(text), encoded(path)),
        })
        .collect()
}

/// A text at the start of a block, where a dash, a plus, a hash or a number with a point would
/// begin a list or a heading.
fn first(text: &Text) -> String {
    let text = spans(text);
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    match text.as_bytes().get(digits) {
        Some(b'-' | b'+' | b'#' | b'=') if digits == 0 => format!("\\{text}"),
        Some(b'.' | b')') if digits > 0 => format!("{}\\{}", &text[..digits], &text[digits..]),
        _ => text,
    }
}

/// Words without anything that Markdown would read as markup or as a link.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before = ' ';
    for (at, each) in text.char_indices() {
        let rest = &text[at..];
        let next = rest[each.len_utf8()..].chars().next().unwrap_or(' ');
        match each {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\n' | '\r' => out.push(' '),
            '\\' | '[' | ']' | '*' | '`' | '~' | '|' | '!' => out.extend(['\\', each]),
            // Within a word an underscore means nothing.
            '_' if !(before.is_alphanumeric() && next.is_alphanumeric()) => {
                out.extend(['\\', each]);
            }
            // GitHub makes links of addresses that stand free.
            ':' if rest.starts_with("://") => out.push_str("\\:"),
            '.' if out.ends_with("www") => out.push_str("\\."),
            '@' => out.push_str("&#64;<!-- -->"),
            _ => out.push(each),
        }
        before = each;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Links of a line: an unescaped bracket, and a parenthesis after the one that closes it.
    fn links(line: &str) -> usize {
        let mut escaped = false;
        let mut open = false;
        let mut found = 0;
        let mut chars = line.chars().peekable();
        while let Some(each) = chars.next() {
            match each {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '[' => open = true,
                ']' if open => {
                    open = false;
                    found += usize::from(chars.peek() == Some(&'('));
                }
                _ => {}
            }
        }
        found
    }

    #[test]
    fn a_figure_is_a_link_to_its_place() {
        let figure = Span::Figure {
            text: "4.1 [3.9, 4.4]".into(),
            path: "measurements.json#a/b c".into(),
        };
        let text = Text::from("A step costs ").with(figure).with(" ms.");
        assert_eq!(
            spans(&text),
            "A step costs [4.1 \\[3.9, 4.4\\]](measurements.json#a/b%20c) ms."
        );
    }

    #[test]
    fn free_addresses_and_starts_of_blocks_stay_words() {
        for (words, written) in [
            ("see http://x.y", "see http\\://x.y"),
            ("www.x.y", "www\\.x.y"),
            ("retry_gap_ms and _this_", "retry_gap_ms and \\_this\\_"),
            ("- no item", "\\- no item"),
            ("12. no item", "12\\. no item"),
        ] {
            assert_eq!(first(&Text::from(words)), written);
        }
    }

    proptest! {
        #[test]
        fn no_plain_text_forms_a_link(before in ".{0,20}", printed in ".{0,12}", after in "[\\[\\]()!\\\\|a-z]{0,20}") {
            let figure = Span::Figure { text: printed, path: "plan.json#seed".into() };
            let text = Text::from(before.as_str()).with(figure).with(after.as_str());
            prop_assert_eq!(links(&spans(&text)), 1);
            prop_assert_eq!(links(&spans(&Text::from(after.as_str()).with(before.as_str()))), 0);
        }
    }
}
