//! Selections: which assets, and which of their partitions, a run materializes.

mod expr;
mod parse;
mod resolve;
mod stored;

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::graph::AssetGraph;
use crate::key::AssetKey;

use expr::Expr;

/// What to materialize.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    assets: Expr,
    /// Only these partitions of partitioned assets; `None` = all of them.
    partitions: Option<Vec<String>>,
}

/// Why a selection cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SelectionError {
    /// Not a selection.
    #[error("selection, column {column}: expected {expected}, found {found}\n  {selection}\n  {}^", " ".repeat(.column - 1))]
    Syntax {
        /// The text as given, on one line.
        selection: String,
        /// Where it cannot be read on, in characters from 1.
        column: usize,
        /// What could stand there.
        expected: String,
        /// What does.
        found: String,
    },
    /// No asset of that name in the graph.
    #[error("selection: no asset {key}; the graph has {known}")]
    UnknownAsset {
        /// The name.
        key: AssetKey,
        /// The known names, or their number when there are many.
        known: String,
    },
    /// Nothing but external assets, of which this is one.
    #[error(
        "selection: asset {0} is external, expected one that can be materialized; observe it instead"
    )]
    External(AssetKey),
    /// No selected asset has such a partition.
    #[error("selection: no selected asset has a partition {0:?}")]
    UnknownPartition(String),
    /// More steps than can be counted.
    #[error("selection of {found} steps, expected at most {max}")]
    TooManySteps {
        /// Steps selected.
        found: u64,
        /// The limit.
        max: u32,
    },
}

impl Selection {
    /// Every asset, every partition.
    #[must_use]
    pub fn all() -> Self {
        Self::default()
    }

    /// These assets and nothing else.
    #[must_use]
    pub fn assets<I: IntoIterator<Item = AssetKey>>(keys: I) -> Self {
        Self {
            assets: Expr::or(keys.into_iter().map(Expr::of_key).collect()),
            partitions: None,
        }
    }

    /// Reads a selection.
    ///
    /// The syntax is that of Dagster 1.13, as `AssetSelection.from_string` reads it, with names and
    /// expressions in one grammar (Dagster takes either a name or an expression):
    ///
    /// | | |
    /// |---|---|
    /// | `name` | the asset of this name |
    /// | `+name`, `++name`, `*name` | with one, two, all layers of what it reads |
    /// | `name+`, `name++`, `name*` | with one, two, all layers of what reads it |
    /// | `key:"a/*"` | every asset whose key matches, `*` standing for any text |
    /// | `tag:k=v`, `tag:k` | with this tag; without a value, with an empty one |
    /// | `group:g`, `group:<null>` | in this group (`*` as above), in none |
    /// | `owner:"team:a"`, `owner:<null>` | that these own, that nobody does |
    /// | `kind:python`, `kind:<null>` | of this kind, of none |
    /// | `+key:"a"`, `2+key:"a"`, `key:"a"+2` | with all, with two layers (likewise `2+name`) |
    /// | `roots(x)`, `sinks(x)` | those of x that read, are read by, none of x |
    /// | `not x`, `x and y`, `x or y`, `(x)`, `*` | as they read, in this order of precedence |
    /// | `x, y` | either, as in a list on Dagster's command line |
    ///
    /// An asset whose name is a number or one of the words and, or, not is written `key:"2"`.
    ///
    /// Dagster's other attributes (status, column, code_location, …) have no counterpart in an [`Asset`](crate::Asset)
    /// and are refused by name.
    ///
    /// # Errors
    /// The place where it cannot be read on.
    pub fn parse(text: &str) -> Result<Self, SelectionError> {
        Ok(Self {
            assets: parse::parse(text)?,
            partitions: None,
        })
    }

    /// Narrows partitioned assets to these partitions.
    #[must_use]
    pub fn with_partitions<I>(mut self, partitions: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        self.partitions = Some(partitions.into_iter().map(Into::into).collect());
        self
    }

    /// The partitions that partitioned assets are narrowed to; `None` = not narrowed.
    #[must_use]
    pub fn partitions(&self) -> Option<&[String]> {
        self.partitions.as_deref()
    }

    /// The keys of the assets that are meant, in the order of the graph.
    ///
    /// # Errors
    /// A name that the graph does not have.
    pub fn keys<'a>(&self, graph: &'a AssetGraph) -> Result<Vec<&'a AssetKey>, SelectionError> {
        let selected = self.resolve(graph)?;
        let keys = graph.assets().iter().zip(&selected);
        Ok(keys
            .filter(|(_, selected)| **selected)
            .map(|(asset, _)| &asset.key)
            .collect())
    }

    /// Which assets of the graph are meant, by index.
    pub(crate) fn resolve(&self, graph: &AssetGraph) -> Result<Vec<bool>, SelectionError> {
        self.assets.resolve(graph)
    }
}

/// The assets that are meant, in the syntax that [`Selection::parse`] reads.
impl fmt::Display for Selection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.assets, f)
    }
}

impl FromStr for Selection {
    type Err = SelectionError;

    fn from_str(text: &str) -> Result<Self, SelectionError> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests;
