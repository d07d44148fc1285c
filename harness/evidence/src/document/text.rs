//! Texts: plain words, and figures that say where they come from.

use serde::Serialize;

/// A part of a text; in JSON the words, or a figure's text with its path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Span {
    /// Words. Nothing in them is read as markup, and nothing in them is data.
    Plain(String),
    /// Something that comes from the results, and from where.
    Figure {
        /// As it is printed, in a format of [`super::figure`].
        text: String,
        /// Its file and place in it, in the grammar of [`super::path`].
        path: String,
    },
}

impl Span {
    /// As it is printed.
    pub fn text(&self) -> &str {
        match self {
            Self::Plain(text) | Self::Figure { text, .. } => text,
        }
    }
}

/// A text of spans; in JSON the list of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Text {
    spans: Vec<Span>,
}

impl Text {
    /// Its spans, in order.
    pub fn spans(&self) -> &[Span] {
        &self.spans
    }

    /// As it is read, without where its figures come from.
    pub fn as_read(&self) -> String {
        self.spans.iter().map(Span::text).collect()
    }

    /// The text with another behind it.
    #[must_use]
    pub fn with(mut self, part: impl Into<Self>) -> Self {
        self.push(part);
        self
    }

    /// Appends another text.
    pub fn push(&mut self, part: impl Into<Self>) {
        self.spans.extend(part.into().spans);
    }

    /// Texts in a row, with words between them.
    pub fn joined(parts: impl IntoIterator<Item = Self>, between: &str) -> Self {
        let mut whole = Self::default();
        for (index, part) in parts.into_iter().enumerate() {
            if index > 0 {
                whole.push(between);
            }
            whole.push(part);
        }
        whole
    }
}

impl From<Span> for Text {
    fn from(span: Span) -> Self {
        Self { spans: vec![span] }
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self::from(Span::Plain(text))
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::from(text.to_owned())
    }
}

/// A [`Text`] of parts: words, figures and texts.
macro_rules! text {
    ($($part:expr),+ $(,)?) => {
        $crate::document::Text::default()$(.with($part))+
    };
}
pub(crate) use text;
