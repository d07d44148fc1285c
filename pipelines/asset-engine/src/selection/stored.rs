//! Selections in a catalog: the text that means them, and the partitions.
//!
//! Catalogs of schema version 1 have a list of terms instead of the text; both are read.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Selection;
use super::expr::{ALL_LAYERS, Expr};
use crate::key::AssetKey;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    assets: Option<String>,
    #[serde(default, skip_serializing)]
    terms: Option<Vec<Term>>,
    partitions: Option<Vec<String>>,
}

/// A term of schema version 1.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Term {
    key: AssetKey,
    upstream: bool,
    downstream: bool,
}

impl Serialize for Selection {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Stored {
            assets: Some(self.assets.to_string()),
            terms: None,
            partitions: self.partitions.clone(),
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Selection {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let stored = Stored::deserialize(deserializer)?;
        let assets = match (stored.assets, stored.terms) {
            (Some(text), None) => Self::parse(&text).map_err(serde::de::Error::custom)?.assets,
            (None, Some(terms)) if terms.is_empty() => Expr::All,
            (None, Some(terms)) => Expr::or(terms.into_iter().map(Expr::from).collect()),
            _ => return Err(serde::de::Error::custom("expected either assets or terms")),
        };
        Ok(Self {
            assets,
            partitions: stored.partitions,
        })
    }
}

impl From<Term> for Expr {
    fn from(term: Term) -> Self {
        let of = Self::of_key(term.key);
        if !term.upstream && !term.downstream {
            return of;
        }
        Self::Layers {
            up: term.upstream.then_some(ALL_LAYERS),
            of: Box::new(of),
            down: term.downstream.then_some(ALL_LAYERS),
        }
    }
}
