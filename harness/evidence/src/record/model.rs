//! `model.json`: the terms of the what-if model.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::FormatVersion;

/// What a day costs on each option, in terms of which each is a measurement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Model {
    /// Version of the folder's format.
    pub format_version: FormatVersion,
    /// What each term is.
    pub terms: BTreeMap<String, String>,
    /// The options, in the order of the plan's engines.
    pub options: Vec<ModelOption>,
}

/// An engine at its default settings in one execution.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ModelOption {
    /// The engine.
    pub engine: String,
    /// What sentences call it.
    pub label: String,
    /// The execution, where it is not the engine's first.
    pub execution: Option<String>,
    /// The terms by name; one that was not measured is not there.
    pub terms: BTreeMap<String, Term>,
    /// How its time of a run predicts runs that it was not drawn from; `None` where there are none.
    pub held_out: Option<HeldOut>,
}

/// A line through a run of one step and the longest one, held against all other runs that were measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct HeldOut {
    /// Trials of other sizes and scenarios.
    pub points: usize,
    /// Those of which the mean is within the line's band.
    pub within: usize,
    /// The median of what the line is off, as a share of what was seen.
    pub median_error: f64,
}

/// A term: a measurement's estimate, in seconds where its name ends in `_s`, else a count.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Term {
    /// The estimate.
    pub value: f64,
    /// The lower and the upper end of its interval; `None` where the trials are too few for one.
    pub interval: Option<[f64; 2]>,
    /// The measurement's id.
    pub measurement: String,
}
