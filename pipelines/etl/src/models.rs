//! The marts as models of a dbt project: what they are made of, and the process that builds one.
//!
//! dbt does the work, in a process of its own that keeps the effect journal
//! (`pipelines/dbt/journalled.py`). What dbt knows of its models it writes into a manifest
//! (<https://docs.getdbt.com/reference/artifacts/manifest-json>). An engine that has no adapter for dbt
//! learns the models from there, by the user's code: [`ModelProject::models`].

mod compared;

pub use compared::rows_wrong;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use orchbench_journal::ErrorType;
use serde::{Deserialize, Serialize};

use crate::error::StepError;
use crate::process::StepCommand;

/// A dbt project in a folder, and how its processes are started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelProject {
    /// The folder.
    pub folder: PathBuf,
    /// The Python that has dbt.
    pub python: PathBuf,
    /// Environment of dbt's processes: where the warehouse and the journal are.
    pub variables: BTreeMap<String, String>,
}

/// A model as the manifest has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// Its name.
    pub name: String,
    /// The models that it reads.
    pub reads: BTreeSet<String>,
    /// The tests on it.
    pub tests: BTreeSet<String>,
}

/// What the process of a model is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelOrder {
    /// The run.
    pub run: String,
    /// The model.
    pub model: String,
    /// As [`ModelProject::folder`].
    pub folder: PathBuf,
    /// As [`ModelProject::variables`].
    pub variables: BTreeMap<String, String>,
}

/// A model that was built, its tests passed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Built {
    /// The model.
    pub model: String,
    /// The digest of its rows.
    pub digest: String,
    /// How many they are.
    pub rows: u64,
}

/// What the process of a model answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ModelAnswer {
    /// It is built.
    Built(Built),
    /// Why it is not.
    Error(StepError),
}

impl From<ModelAnswer> for Result<Built, StepError> {
    fn from(answer: ModelAnswer) -> Self {
        match answer {
            ModelAnswer::Built(built) => Ok(built),
            ModelAnswer::Error(error) => Err(error),
        }
    }
}

impl ModelProject {
    /// The program that is dbt and keeps the journal.
    #[must_use]
    pub fn program(&self) -> PathBuf {
        self.folder.join("journalled.py")
    }

    /// The process that builds a model by an [`ModelOrder`].
    #[must_use]
    pub fn command(&self) -> StepCommand {
        let program = self.program().display().to_string();
        StepCommand {
            program: self.python.clone(),
            arguments: vec!["-P".to_owned(), program, "--order".to_owned()],
        }
    }

    /// The order to build a model.
    #[must_use]
    pub fn order(&self, run: &str, model: &str) -> ModelOrder {
        ModelOrder {
            run: run.to_owned(),
            model: model.to_owned(),
            folder: self.folder.clone(),
            variables: self.variables.clone(),
        }
    }

    /// The models, each after those that it reads.
    ///
    /// # Errors
    /// [`ErrorType::BadInput`] where there is no manifest, or none like dbt's.
    pub fn models(&self) -> Result<Vec<Model>, StepError> {
        let path = self.folder.join("target").join("manifest.json");
        let bad = |error: &dyn std::fmt::Display| {
            StepError::new(
                ErrorType::BadInput,
                format!("manifest {}: {error}", path.display()),
            )
        };
        let text = std::fs::read(&path).map_err(|error| bad(&error))?;
        read(&text).map_err(|error| bad(&error))
    }
}

// user code: dbt-graph
#[derive(Deserialize)]
struct Manifest {
    nodes: BTreeMap<String, Node>,
}

#[derive(Deserialize)]
struct Node {
    resource_type: String,
    name: String,
    #[serde(default)]
    depends_on: DependsOn,
    attached_node: Option<String>,
}

#[derive(Default, Deserialize)]
struct DependsOn {
    #[serde(default)]
    nodes: Vec<String>,
}

fn read(manifest: &[u8]) -> Result<Vec<Model>, serde_json::Error> {
    let Manifest { nodes } = serde_json::from_slice(manifest)?;
    let is_model = |node: &Node| node.resource_type == "model";
    let mut left: BTreeMap<&str, Model> = BTreeMap::new();
    for (id, node) in nodes.iter().filter(|(_, node)| is_model(node)) {
        let parents = node.depends_on.nodes.iter().filter_map(|id| nodes.get(id));
        let reads = parents.filter(|parent| is_model(parent));
        let tests = nodes.values().filter(|test| {
            test.resource_type == "test" && test.attached_node.as_deref() == Some(id)
        });
        let model = Model {
            name: node.name.clone(),
            reads: reads.map(|parent| parent.name.clone()).collect(),
            tests: tests.map(|test| test.name.clone()).collect(),
        };
        left.insert(&node.name, model);
    }
    let mut in_order: Vec<Model> = Vec::new();
    while let Some(next) = left.values().find(|model| {
        let known = |parent: &String| in_order.iter().any(|each| each.name == *parent);
        model.reads.iter().all(known)
    }) {
        let next = next.clone();
        left.remove(next.name.as_str());
        in_order.push(next);
    }
    Ok(in_order)
}
// end of user code

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]

    use super::*;

    #[test]
    fn models_come_after_what_they_read_with_the_tests_on_them() {
        let manifest = r#"{"nodes": {
            "model.p.a": {"resource_type": "model", "name": "a", "depends_on": {"nodes": ["model.p.b", "source.p.x"]}},
            "model.p.b": {"resource_type": "model", "name": "b", "depends_on": {"nodes": ["source.p.x"]}},
            "test.p.t": {"resource_type": "test", "name": "t", "depends_on": {"nodes": ["model.p.a"]}, "attached_node": "model.p.a"}
        }}"#;
        let models = read(manifest.as_bytes()).unwrap();
        let named = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let model = |name: &str, reads: &[&str], tests: &[&str]| Model {
            name: name.to_owned(),
            reads: named(reads),
            tests: named(tests),
        };
        assert_eq!(models, [model("b", &[], &[]), model("a", &["b"], &["t"])]);
    }

    #[test]
    fn an_answer_is_what_was_built_or_why_not() {
        let built = r#"{"model": "m", "digest": "d", "rows": 3}"#;
        let answer: ModelAnswer = serde_json::from_str(built).unwrap();
        assert!(Result::<Built, StepError>::from(answer).is_ok());
        let error = r#"{"error_type": "BadInput", "message": "no such column"}"#;
        let answer: ModelAnswer = serde_json::from_str(error).unwrap();
        assert!(Result::<Built, StepError>::from(answer).is_err_and(|error| !error.retryable()));
    }
}
