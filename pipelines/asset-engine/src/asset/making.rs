//! How assets come about, and what is checked of them when they do.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::event::{Materialization, Severity};
use crate::key::AssetKey;
use crate::step::{Materialized, Step, StepContext, StepFailure};

/// How an asset comes about.
#[derive(Clone)]
#[non_exhaustive]
pub enum Making {
    /// By a step of its own.
    Step(Arc<dyn Step>),
    /// By a step that makes several assets at once, see [`crate::Asset::together`] and
    /// [`crate::Asset::any_of`].
    Together(Arc<Together>),
    /// By a step that makes all its partitions of a run at once, see [`crate::Asset::ranged`].
    Range(Arc<dyn MultiStep>),
    /// Outside of the engine. The step, if there is one, looks at it and returns the version that
    /// it saw.
    External(Option<Arc<dyn Step>>),
}

/// A step that makes several assets.
pub struct Together {
    /// The assets, in the order of the step's results.
    pub(crate) keys: Vec<AssetKey>,
    pub(crate) step: Joint,
}

/// What a step makes of several assets.
pub(crate) enum Joint {
    /// All of them.
    All(Arc<dyn MultiStep>),
    /// Those that are asked for.
    Any(Arc<dyn SubsetStep>),
}

/// The code that makes several pieces at once, in one attempt and in one commit: assets
/// ([`crate::Asset::together`]) or partitions of one ([`crate::Asset::ranged`]).
pub trait MultiStep: Send + Sync {
    /// Does the work and returns one result for each piece, in the order of [`StepContext::assets`]
    /// or [`StepContext::partition_keys`]. The context is otherwise that of the first of them.
    ///
    /// # Errors
    /// A [`StepFailure`], which the first asset's retry policy judges.
    fn execute(&self, cx: &StepContext<'_>) -> Result<Vec<Materialized>, StepFailure>;
}

impl<F> MultiStep for F
where
    F: Fn(&StepContext<'_>) -> Result<Vec<Materialized>, StepFailure> + Send + Sync,
{
    fn execute(&self, cx: &StepContext<'_>) -> Result<Vec<Materialized>, StepFailure> {
        self(cx)
    }
}

/// The code that makes those of several assets that are asked for, see [`crate::Asset::any_of`].
pub trait SubsetStep: Send + Sync {
    /// Does the work and returns a result for each of [`StepContext::assets`], by its key. One that
    /// may be left out ([`crate::Asset::skippable`]) need have none.
    ///
    /// # Errors
    /// A [`StepFailure`], which the retry policy of the first of them judges.
    fn execute(&self, cx: &StepContext<'_>) -> Result<Vec<(AssetKey, Materialized)>, StepFailure>;
}

impl<F> SubsetStep for F
where
    F: Fn(&StepContext<'_>) -> Result<Vec<(AssetKey, Materialized)>, StepFailure> + Send + Sync,
{
    fn execute(&self, cx: &StepContext<'_>) -> Result<Vec<(AssetKey, Materialized)>, StepFailure> {
        self(cx)
    }
}

/// A check of each piece of an asset, made right after its materialization and committed with it.
#[derive(Clone)]
#[non_exhaustive]
pub struct Check {
    /// Its name, unique for the asset.
    pub name: Arc<str>,
    /// What follows when it fails.
    pub severity: Severity,
    pub(crate) test: Arc<dyn Test>,
}

/// What a check looks at: the piece as it was just made, and all that its step was given.
pub trait Test: Send + Sync {
    /// Looks at the piece.
    ///
    /// # Errors
    /// The check could not be made. It counts as failed: nothing vouches for the data.
    fn test(&self, made: &Materialization, cx: &StepContext<'_>) -> Result<Checked, StepFailure>;
}

impl<F> Test for F
where
    F: Fn(&Materialization, &StepContext<'_>) -> Result<Checked, StepFailure> + Send + Sync,
{
    fn test(&self, made: &Materialization, cx: &StepContext<'_>) -> Result<Checked, StepFailure> {
        self(made, cx)
    }
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Checked {
    /// Whether the data is as it should be.
    pub passed: bool,
    /// Anything worth recording.
    #[serde(default)]
    pub metadata: Value,
}

impl Checked {
    /// What a check found, without metadata.
    #[must_use]
    pub fn new(passed: bool) -> Self {
        Self {
            passed,
            metadata: Value::Null,
        }
    }

    /// Says what is worth recording.
    #[must_use]
    pub fn metadata(mut self, metadata: Value) -> Self {
        self.metadata = metadata;
        self
    }
}

impl Check {
    /// A check whose failure holds back what is downstream.
    pub fn blocking(name: impl Into<Arc<str>>, test: impl Test + 'static) -> Self {
        Self::new(name, Severity::Block, test)
    }

    /// A check whose failure is recorded and nothing else.
    pub fn warning(name: impl Into<Arc<str>>, test: impl Test + 'static) -> Self {
        Self::new(name, Severity::Warn, test)
    }

    fn new(name: impl Into<Arc<str>>, severity: Severity, test: impl Test + 'static) -> Self {
        Self {
            name: name.into(),
            severity,
            test: Arc::new(test),
        }
    }
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Check")
            .field("name", &self.name)
            .field("severity", &self.severity)
            .finish_non_exhaustive()
    }
}
