//! The definition of an asset: its key, what it depends on, how it is cut, how it is made.

mod making;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::event::Materialization;
use crate::freshness::FreshnessPolicy;
use crate::key::AssetKey;
use crate::partition::{Mapping, Partitions};
use crate::retry::RetryPolicy;
use crate::step::Step;

pub(crate) use making::Joint;
pub use making::{Check, Checked, Making, MultiStep, SubsetStep, Test, Together};

/// The version of code that does not say its own; one allocation for all assets.
static FIRST_VERSION: LazyLock<Arc<str>> = LazyLock::new(|| Arc::from("1"));

/// One dependency of an asset.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Dep {
    /// The asset that is read.
    pub key: AssetKey,
    /// Which of its partitions.
    pub mapping: Mapping,
}

/// Where an asset's step runs. The step itself decides what it does; this records it for the reader
/// of a graph, and for an executor that would treat them apart.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Execution {
    /// In a worker thread of the engine.
    #[default]
    InProcess,
    /// In a process of its own, see [`crate::Subprocess`].
    Subprocess,
}

/// A data asset: a thing that a run can materialize, or, when it is external, observe.
#[derive(Clone)]
#[non_exhaustive]
pub struct Asset {
    /// Its name, unique in a graph.
    pub key: AssetKey,
    /// What it reads, in the order in which a step sees its inputs.
    pub deps: Vec<Dep>,
    /// How it is cut.
    pub partitions: Partitions,
    /// Version of the code that makes it; a new one makes it stale.
    pub code_version: Arc<str>,
    /// A label for a set of assets that belong together.
    pub group: Option<String>,
    /// Free labels.
    pub tags: BTreeMap<String, String>,
    /// What is said of few assets; `None` = nothing of it.
    pub(crate) rare: Option<Box<Rare>>,
    /// Anything worth saying about all that is ever made of it; `None` = nothing.
    pub metadata: Option<Box<Map<String, Value>>>,
    /// What happens after a failed attempt.
    pub retry: RetryPolicy,
    /// How long an attempt may take; `None` = as long as it will. A step in the engine's process is
    /// given up then, one in a process of its own is killed.
    pub timeout: Option<Duration>,
    /// What makes it.
    pub making: Making,
    /// What is checked of it when it was made.
    pub checks: Vec<Check>,
    /// Where its step runs.
    pub execution: Execution,
    /// Whether this is a step of its own that checks what it depends on: its failure is recorded as
    /// a failed check, and, like any failure, holds back what is downstream. (A [`Check`] is part of
    /// the step that it checks.)
    pub check: bool,
    /// Whether the data of a materialization is still where it was put, see
    /// [`Asset::still_there`].
    pub(crate) still_there: Option<StillThere>,
}

/// What is said of few assets.
#[derive(Clone, Default)]
pub(crate) struct Rare {
    owners: Vec<String>,
    kinds: Vec<String>,
    freshness: Option<FreshnessPolicy>,
    configured: Option<Configured>,
    skippable: bool,
}

/// Whether a run's configuration is one that its step can read; what is wrong with it.
pub(crate) type Configured = fn(&Value) -> Result<(), String>;

/// Whether the data of a materialization is still where it was put.
pub(crate) type StillThere = Arc<dyn Fn(&Materialization) -> bool + Send + Sync>;

impl Asset {
    /// An unpartitioned asset without dependencies and retries.
    pub fn new(key: AssetKey, step: impl Step + 'static) -> Self {
        Self::shared(key, Arc::new(step))
    }

    /// The same, with a step that several assets have, each for itself.
    #[must_use]
    pub fn shared(key: AssetKey, step: Arc<dyn Step>) -> Self {
        Self::made(key, Making::Step(step))
    }

    /// Several assets that one step makes in one attempt and one commit (Dagster's
    /// `multi_asset`). They must keep the same dependencies and partitions; the retry policy and
    /// tags of the first are the step's. A selection of any of them means all of them.
    #[must_use]
    pub fn together<I>(keys: I, step: impl MultiStep + 'static) -> Vec<Self>
    where
        I: IntoIterator<Item = AssetKey>,
    {
        Self::joint(keys, Joint::All(Arc::new(step)))
    }

    /// Several assets that one step makes, those of them that are selected (Dagster's `multi_asset` with
    /// `can_subset`), in one attempt and one commit. As of [`Asset::together`], but a run of what is
    /// stale makes only those of them that are, and a single one may be [`Asset::skippable`].
    #[must_use]
    pub fn any_of<I>(keys: I, step: impl SubsetStep + 'static) -> Vec<Self>
    where
        I: IntoIterator<Item = AssetKey>,
    {
        Self::joint(keys, Joint::Any(Arc::new(step)))
    }

    fn joint(keys: impl IntoIterator<Item = AssetKey>, step: Joint) -> Vec<Self> {
        let together = Arc::new(Together {
            keys: keys.into_iter().collect(),
            step,
        });
        let made =
            |key: &AssetKey| Self::made(key.clone(), Making::Together(Arc::clone(&together)));
        together.keys.iter().map(made).collect()
    }

    /// An asset whose step makes all its partitions of a run, in one attempt and one commit (Dagster's
    /// `BackfillPolicy.single_run`): those of [`crate::StepContext::partition_keys`], of which it returns
    /// a result each. It waits for all that any of them reads, and [`crate::StepContext::inputs`] is what
    /// all of them read; each records what it reads itself. How many partitions a run has, its selection
    /// says, or [`crate::BackfillRecord::per_run`].
    pub fn ranged(key: AssetKey, step: impl MultiStep + 'static) -> Self {
        Self::made(key, Making::Range(Arc::new(step)))
    }

    /// An asset that something else makes. It is never materialized; what is downstream sees its
    /// data version as it was last observed, or [`crate::UNOBSERVED`].
    #[must_use]
    pub fn external(key: AssetKey) -> Self {
        Self::made(key, Making::External(None))
    }

    /// The same, with a step that looks at it when a run observes ([`crate::Mode::Observe`]).
    pub fn observed(key: AssetKey, step: impl Step + 'static) -> Self {
        Self::made(key, Making::External(Some(Arc::new(step))))
    }

    fn made(key: AssetKey, making: Making) -> Self {
        Self {
            key,
            deps: Vec::new(),
            partitions: Partitions::Unpartitioned,
            code_version: Arc::clone(&FIRST_VERSION),
            group: None,
            tags: BTreeMap::new(),
            rare: None,
            metadata: None,
            retry: RetryPolicy::default(),
            timeout: None,
            making,
            checks: Vec::new(),
            execution: Execution::InProcess,
            check: false,
            still_there: None,
        }
    }

    /// Adds a dependency, partition by partition.
    #[must_use]
    pub fn depends_on(self, key: AssetKey) -> Self {
        self.depends_on_mapped(key, Mapping::Identity)
    }

    /// Adds a dependency on every partition of an asset.
    #[must_use]
    pub fn depends_on_all(self, key: AssetKey) -> Self {
        self.depends_on_mapped(key, Mapping::All)
    }

    /// Adds a dependency with a partition mapping.
    #[must_use]
    pub fn depends_on_mapped(mut self, key: AssetKey, mapping: Mapping) -> Self {
        self.deps.push(Dep { key, mapping });
        self
    }

    /// Cuts the asset.
    #[must_use]
    pub fn partitions(mut self, partitions: Partitions) -> Self {
        self.partitions = partitions;
        self
    }

    /// Sets the version of the code.
    #[must_use]
    pub fn code_version(mut self, version: impl Into<Arc<str>>) -> Self {
        self.code_version = version.into();
        self
    }

    /// Sets the group.
    #[must_use]
    pub fn group(mut self, group: impl Into<String>) -> Self {
        self.group = Some(group.into());
        self
    }

    /// Adds a tag.
    #[must_use]
    pub fn tag(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.tags.insert(name.into(), value.into());
        self
    }

    /// Adds an owner: a person or, as `team:name`, a team.
    #[must_use]
    pub fn owner(mut self, owner: impl Into<String>) -> Self {
        let rare = self.rare.get_or_insert_default();
        rare.owners.push(owner.into());
        self
    }

    /// The owners.
    #[must_use]
    pub fn owners(&self) -> &[String] {
        self.rare.as_deref().map_or(&[], |rare| &rare.owners)
    }

    /// Adds a kind: what it is made with or of, such as `python` or `parquet`.
    #[must_use]
    pub fn kind(mut self, kind: impl Into<String>) -> Self {
        let rare = self.rare.get_or_insert_default();
        rare.kinds.push(kind.into());
        self
    }

    /// The kinds.
    #[must_use]
    pub fn kinds(&self) -> &[String] {
        self.rare.as_deref().map_or(&[], |rare| &rare.kinds)
    }

    /// Sets when it is to have been made, see [`crate::freshness`].
    #[must_use]
    pub fn fresh(mut self, policy: FreshnessPolicy) -> Self {
        self.rare.get_or_insert_default().freshness = Some(policy);
        self
    }

    /// When it is to have been made.
    #[must_use]
    pub fn freshness_policy(&self) -> Option<&FreshnessPolicy> {
        self.rare.as_deref()?.freshness.as_ref()
    }

    /// Says that its step may leave it out, if it is one of [`Asset::any_of`] (Dagster's `skippable`).
    /// It is not made then, and neither is what reads it, and the run succeeds all the same.
    #[must_use]
    pub fn skippable(mut self) -> Self {
        self.rare.get_or_insert_default().skippable = true;
        self
    }

    /// Whether its step may leave it out.
    #[must_use]
    pub fn is_skippable(&self) -> bool {
        self.rare.as_deref().is_some_and(|rare| rare.skippable)
    }

    /// Says of which type the configuration is that its step reads ([`StepContext::config_as`]): a run
    /// that makes it with another is refused before anything is executed (Dagster's `Config`).
    ///
    /// [`StepContext::config_as`]: crate::StepContext::config_as
    #[must_use]
    pub fn configured_by<T: DeserializeOwned>(mut self) -> Self {
        let read: Configured = |config| match T::deserialize(config) {
            Ok(_) => Ok(()),
            Err(error) => Err(error.to_string()),
        };
        self.rare.get_or_insert_default().configured = Some(read);
        self
    }

    /// What is wrong with a configuration for its step; nothing where it has not said of which type
    /// that is.
    pub(crate) fn refused_config(&self, config: &Value) -> Option<String> {
        let configured = self.rare.as_deref()?.configured?;
        configured(config).err()
    }

    /// Adds an entry to the metadata of the definition.
    #[must_use]
    pub fn metadata(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        let metadata = self.metadata.get_or_insert_default();
        metadata.insert(name.into(), value.into());
        self
    }

    /// Adds a check.
    #[must_use]
    pub fn checked_by(mut self, check: Check) -> Self {
        self.checks.push(check);
        self
    }

    /// Whether something outside of the engine makes it.
    #[must_use]
    pub fn is_external(&self) -> bool {
        matches!(self.making, Making::External(_))
    }

    /// Says how to find out whether the data of a materialization is still where it was put. What is
    /// not counts as missing from the next look on ([`crate::Executor::look`]).
    #[must_use]
    pub fn still_there(
        mut self,
        is_there: impl Fn(&Materialization) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.still_there = Some(Arc::new(is_there));
        self
    }

    /// Sets the retry policy.
    #[must_use]
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// Limits how long an attempt may take.
    #[must_use]
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = Some(limit);
        self
    }

    /// Says where the step runs.
    #[must_use]
    pub fn execution(mut self, execution: Execution) -> Self {
        self.execution = execution;
        self
    }

    /// Marks the asset as a blocking check of its dependencies.
    #[must_use]
    pub fn blocking_check(mut self) -> Self {
        self.check = true;
        self
    }
}

impl fmt::Debug for Asset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Asset")
            .field("key", &self.key)
            .field("deps", &self.deps)
            .field("code_version", &self.code_version)
            .field("execution", &self.execution)
            .finish_non_exhaustive()
    }
}
