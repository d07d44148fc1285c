//! Selections: which assets, and which of their partitions, a run materializes.
//!
//! The syntax is Dagster's: terms joined by commas or spaces; `name` is one asset, `+name` with
//! everything upstream of it, `name+` with everything downstream, `+name+` both, `*` everything.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::graph::{AssetGraph, Direction};
use crate::key::{AssetKey, KeyError};

/// What to materialize.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Selection {
    /// The union of these; empty = every asset of the graph.
    terms: Vec<Term>,
    /// Only these partitions of partitioned assets; `None` = all of them.
    partitions: Option<Vec<String>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Term {
    key: AssetKey,
    upstream: bool,
    downstream: bool,
}

/// Why a selection cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SelectionError {
    /// A term is no asset key.
    #[error("selection {selection:?}, column {column}: {source}")]
    Term {
        /// The text as given.
        selection: String,
        /// Where the term starts, in characters from 1.
        column: usize,
        /// What is wrong with the key.
        source: KeyError,
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
        let terms = keys.into_iter().map(|key| Term {
            key,
            upstream: false,
            downstream: false,
        });
        Self {
            terms: terms.collect(),
            partitions: None,
        }
    }

    /// Reads a selection.
    ///
    /// # Errors
    /// The first term that is no asset key, with its column.
    pub fn parse(text: &str) -> Result<Self, SelectionError> {
        let mut terms = Vec::new();
        let mut everything = false;
        let mut column = 1;
        for word in text.split([',', ' ', '\t', '\n']) {
            if word == "*" {
                everything = true;
            } else if !word.is_empty() {
                let (upstream, rest) = match word.strip_prefix('+') {
                    Some(rest) => (true, rest),
                    None => (false, word),
                };
                let (downstream, name) = match rest.strip_suffix('+') {
                    Some(name) => (true, name),
                    None => (false, rest),
                };
                let key = AssetKey::new(name).map_err(|source| SelectionError::Term {
                    selection: text.to_owned(),
                    column: column + usize::from(upstream),
                    source,
                })?;
                terms.push(Term {
                    key,
                    upstream,
                    downstream,
                });
            }
            column += word.chars().count() + 1;
        }
        if everything {
            terms.clear();
        } else if terms.is_empty() {
            return Err(SelectionError::Term {
                selection: text.to_owned(),
                column: 1,
                source: KeyError::EmptySegment {
                    key: String::new(),
                    segment: 1,
                },
            });
        }
        Ok(Self {
            terms,
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

    /// Which assets of the graph are meant, by index.
    pub(crate) fn resolve(&self, graph: &AssetGraph) -> Result<Vec<bool>, SelectionError> {
        let mut selected = vec![self.terms.is_empty(); graph.len()];
        for term in &self.terms {
            let index = graph.index(&term.key).ok_or_else(|| {
                let known = match graph.len() {
                    0..=20 => graph
                        .assets()
                        .iter()
                        .map(|asset| asset.key.as_str())
                        .collect::<Vec<_>>()
                        .join(", "),
                    many => format!("{many} others"),
                };
                SelectionError::UnknownAsset {
                    key: term.key.clone(),
                    known,
                }
            })?;
            selected[index as usize] = true;
            for (wanted, direction) in [
                (term.upstream, Direction::Up),
                (term.downstream, Direction::Down),
            ] {
                if wanted {
                    let mut start = vec![false; graph.len()];
                    start[index as usize] = true;
                    let reached = graph.reach(&start, direction, u32::MAX);
                    selected
                        .iter_mut()
                        .zip(reached)
                        .for_each(|(mark, hit)| *mark |= hit);
                }
            }
        }
        Ok(selected)
    }
}
