//! A document as blocks, before it is Markdown or HTML. Texts are plain: what has a
//! meaning in either format is escaped when it is written.

pub mod chart;
pub mod html;
pub mod markdown;
mod number;
mod table;

pub use number::{estimate_text, number, plural, unit_of};
pub use table::{Column, condition, estimates};

/// A document.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// Its title.
    pub title: String,
    /// Its blocks, in order.
    pub blocks: Vec<Block>,
}

/// A block.
#[derive(Debug, Clone, PartialEq)]
pub enum Block {
    /// A heading of level 2 or 3.
    Heading(u8, String),
    /// A paragraph.
    Paragraph(String),
    /// A paragraph that must not be overlooked.
    Warning(String),
    /// Preformatted lines.
    Code(String),
    /// A list.
    List(Vec<String>),
    /// A table.
    Table(Table),
    /// A chart.
    Figure(Figure),
}

/// A table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// What it shows, with units.
    pub caption: String,
    /// Names of the columns.
    pub head: Vec<String>,
    /// Cells, a row each as long as the head.
    pub rows: Vec<Vec<String>>,
}

/// A chart, drawn with [`Figure::INK`] and [`Figure::GRID`] so that it can follow the
/// page's colours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figure {
    /// File name below `charts/`, without ending.
    pub name: String,
    /// What it shows, for those who do not see it.
    pub title: String,
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
}

impl Block {
    /// A heading of level 2.
    pub fn heading(text: &str) -> Self {
        Self::Heading(2, text.to_owned())
    }

    /// A heading of level 3.
    pub fn subheading(text: impl Into<String>) -> Self {
        Self::Heading(3, text.into())
    }

    /// A paragraph.
    pub fn paragraph(text: impl Into<String>) -> Self {
        Self::Paragraph(text.into())
    }
}

impl Table {
    /// A table without rows yet.
    pub fn new(caption: &str, head: &[&str]) -> Self {
        Self {
            caption: caption.to_owned(),
            head: head.iter().map(|name| (*name).to_owned()).collect(),
            rows: Vec::new(),
        }
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
