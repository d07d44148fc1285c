//! A document as blocks, before it is Markdown or HTML. Texts are spans: plain words, escaped when
//! they are written, and figures, each with the place that it comes from.

mod anchors;
pub mod chart;
pub mod html;
pub mod madr;
pub mod markdown;
mod number;
pub mod path;
mod table;
mod text;
mod warning;
mod warnings;

/// How figures are written: one function a format.
pub mod figure {
    pub use super::number::{count, estimate, estimate_of, percent, quoted, share, value};
}

pub use number::{estimate_text, number, plural, unit_of};
pub use table::{Column, estimates};
pub(crate) use text::text;
pub use text::{Span, Text};
pub use warning::warning;
pub use warnings::warnings;

/// A document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Its title.
    pub title: String,
    /// Its blocks, in order.
    pub blocks: Vec<Block>,
}

/// A block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    /// A heading of level 2 or 3.
    Heading(u8, String),
    /// A paragraph.
    Paragraph(Text),
    /// A paragraph that must not be overlooked.
    Warning(Text),
    /// Preformatted lines.
    Code(String),
    /// A list.
    List(Vec<Text>),
    /// A table.
    Table(Table),
    /// A chart.
    Figure(Figure),
    /// A model as JSON, for a page's script to ask; what cannot be asked leaves it out.
    Model(String),
}

/// A table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// What it shows, with units.
    pub caption: Text,
    /// Names of the columns.
    pub head: Vec<String>,
    /// Cells, a row each as long as the head; where the rows are conditions, the first cell is
    /// the condition's [`path::label`].
    pub rows: Vec<Vec<Text>>,
}

/// A chart, drawn with [`Figure::INK`] and [`Figure::GRID`] so that it can follow the
/// page's colours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figure {
    /// File name below `charts/`, without ending.
    pub name: String,
    /// What it shows, for those who do not see it.
    pub title: String,
    /// What stands below it: how to read it, and n.
    pub caption: Text,
    /// The SVG element as it was drawn.
    pub svg: String,
}

impl Document {
    /// The charts, in order.
    pub fn figures(&self) -> impl Iterator<Item = &Figure> {
        self.blocks.iter().filter_map(|block| match block {
            Block::Figure(figure) => Some(figure),
            _ => None,
        })
    }

    /// Every text of the document, headings and code apart.
    pub fn texts(&self) -> impl Iterator<Item = &Text> {
        self.blocks.iter().flat_map(Block::texts)
    }
}

impl Block {
    /// Its texts; of a heading, of code and of a model none.
    pub fn texts(&self) -> Vec<&Text> {
        match self {
            Self::Heading(..) | Self::Code(_) | Self::Model(_) => Vec::new(),
            Self::Paragraph(text) | Self::Warning(text) => vec![text],
            Self::List(items) => items.iter().collect(),
            Self::Table(table) => {
                let cells = table.rows.iter().flatten();
                std::iter::once(&table.caption).chain(cells).collect()
            }
            Self::Figure(figure) => vec![&figure.caption],
        }
    }

    /// A heading of level 2.
    pub fn heading(text: &str) -> Self {
        Self::Heading(2, text.to_owned())
    }

    /// A heading of level 3.
    pub fn subheading(text: impl Into<String>) -> Self {
        Self::Heading(3, text.into())
    }

    /// A paragraph.
    pub fn paragraph(text: impl Into<Text>) -> Self {
        Self::Paragraph(text.into())
    }

    /// A list.
    pub fn list<T: Into<Text>>(items: impl IntoIterator<Item = T>) -> Self {
        Self::List(items.into_iter().map(Into::into).collect())
    }
}

impl Table {
    /// A table without rows yet.
    pub fn new(caption: impl Into<Text>, head: &[&str]) -> Self {
        Self {
            caption: caption.into(),
            head: head.iter().map(|name| (*name).to_owned()).collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row.
    pub fn row<T: Into<Text>>(&mut self, cells: impl IntoIterator<Item = T>) {
        self.rows.push(cells.into_iter().map(Into::into).collect());
    }

    /// The table as a block, nothing when it has no rows.
    pub fn block(self) -> Option<Block> {
        (!self.rows.is_empty()).then_some(Block::Table(self))
    }
}

impl Figure {
    /// The colour of text and axes as drawn.
    pub const INK: &str = "#101418";
    /// The colour of grid lines as drawn.
    pub const GRID: &str = "#D7DCE1";

    /// The SVG as a file of its own, on a white ground.
    pub fn file(&self) -> String {
        match self.svg.find('>') {
            Some(end) => format!(
                "{}<rect width=\"100%\" height=\"100%\" fill=\"#FFFFFF\"/>{}",
                &self.svg[..=end],
                &self.svg[end + 1..]
            ),
            None => self.svg.clone(),
        }
    }
}
