//! What an engine tells of the models of a dbt project, and the user code that they took.

use std::collections::BTreeSet;

use super::user_code;

/// What an engine's own records tell, and how many lines a user has to write.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ModelsTold {
    /// Each model with one that it reads.
    pub edges: BTreeSet<(String, String)>,
    /// The tests that it knows as such, by their names.
    pub tests: BTreeSet<String>,
    /// Lines that make the engine's graph of dbt's.
    pub graph_lines: u32,
    /// Lines that have dbt build.
    pub run_lines: u32,
}

impl ModelsTold {
    /// The same, with the user code of these programs counted.
    pub(super) fn by(self, programs: &[&str]) -> Self {
        let lines = |id| programs.iter().map(|text| user_code::lines(text, id)).sum();
        Self {
            graph_lines: lines("dbt-graph"),
            run_lines: lines("dbt-run"),
            ..self
        }
    }
}
