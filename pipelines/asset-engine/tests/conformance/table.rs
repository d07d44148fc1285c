//! The one place that says what is expected of both engines: what each does, match or differ.

mod automations;
mod changes;
mod dynamic;
mod inputs;
mod looking;
mod outputs;
mod own_past;
mod promises;
mod reasons;
mod rules;
mod runs;

use serde_json::Value;

use crate::Outcome;

/// One behaviour.
pub struct Row {
    /// The name under which both sides report it.
    pub id: &'static str,
    /// What it is about.
    pub behaviour: &'static str,
    /// What is to be observed.
    pub expected: Expected,
    /// Observes it on this engine.
    pub scenario: fn() -> Outcome<Value>,
}

/// What is to be observed: facts, not times.
pub enum Expected {
    /// The same on both.
    Match(Value),
    /// Not the same, on purpose.
    Differ {
        dagster: Value,
        ours: Value,
        /// What this engine does instead, and at what price.
        why: &'static str,
    },
}

impl Expected {
    pub fn dagster(&self) -> &Value {
        match self {
            Self::Match(both) => both,
            Self::Differ { dagster, .. } => dagster,
        }
    }

    pub fn ours(&self) -> &Value {
        match self {
            Self::Match(both) => both,
            Self::Differ { ours, .. } => ours,
        }
    }
}

impl Row {
    /// What is observed on both.
    fn same(
        id: &'static str,
        behaviour: &'static str,
        both: Value,
        scenario: fn() -> Outcome<Value>,
    ) -> Self {
        Self {
            id,
            behaviour,
            expected: Expected::Match(both),
            scenario,
        }
    }

    /// What is observed on Dagster, and then here.
    fn differ(
        id: &'static str,
        behaviour: &'static str,
        [dagster, ours]: [Value; 2],
        why: &'static str,
        scenario: fn() -> Outcome<Value>,
    ) -> Self {
        Self {
            id,
            behaviour,
            expected: Expected::Differ { dagster, ours, why },
            scenario,
        }
    }
}

/// The behaviours, in order.
pub fn rows() -> Vec<Row> {
    let mut rows = runs::rows();
    rows.extend(automations::rows());
    rows.extend(inputs::rows());
    rows.extend(changes::rows());
    rows.extend(rules::rows());
    rows.extend(dynamic::rows());
    rows.extend(own_past::rows());
    rows.extend(looking::rows());
    rows.extend(promises::rows());
    rows.extend(outputs::rows());
    rows.extend(reasons::rows());
    rows
}
