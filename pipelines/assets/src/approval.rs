//! Human approval, emulated on assets.
//!
//! # What the model lacks
//! A run is a batch: it cannot wait for a person, be told something while it runs, or be asked how
//! far it is with the decision. So the wait is taken out of the run. A person's word is an
//! observation of the external asset `approval`; the asset `approved` is a gate that fails until the
//! newest word approves the version of the marts that it reads, which holds back the announcement.
//! The run ends there; a new word makes the gate stale, and an automation condition starts another
//! run. There is no reminder, no deadline, no list of who is waited for, and the wait and the word
//! do not stand in one history: each is an entry of the catalog's log, the runs between them others.
//!
//! What it does give: the word survives everything that the catalog survives, it counts for one
//! version of the data only, and the announcement's lineage names it.

use asset_engine::{
    Asset, AssetKey, Catalog, Materialized, Observation, RetryPolicy, StepContext, StepFailure,
};
use orchbench_etl::StepName;
use serde_json::json;

use crate::AssetsError;
use crate::graph::{asset_key, key};

/// What a person says of a version of the marts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It may be announced.
    Approved,
    /// It may not.
    Rejected,
}

impl Verdict {
    fn of(self, version: &str) -> String {
        match self {
            Self::Approved => format!("approved {version}"),
            Self::Rejected => format!("rejected {version}"),
        }
    }
}

/// The type of the error of a gate that finds no word on what it reads.
pub const NOT_APPROVED: &str = "NotApproved";

// user code: approval
/// The key of the gate.
pub(crate) fn gate_key(source: &str) -> Result<AssetKey, AssetsError> {
    key(source, "approved")
}

fn word_key(source: &str) -> Result<AssetKey, AssetsError> {
    key(source, "approval")
}

/// A person's word on the newest marts of a source, to be recorded by
/// [`asset_engine::Executor::record_all`].
///
/// # Errors
/// The source has no marts yet, or the catalog cannot be read.
pub fn word(
    catalog: &Catalog,
    source: &str,
    verdict: Verdict,
    who: &str,
    why: Option<&str>,
) -> Result<Observation, AssetsError> {
    let marts = asset_key(source, StepName::Publish)?;
    let made = catalog
        .latest(&marts, None)?
        .ok_or_else(|| AssetsError::NothingToApprove {
            asset: marts.to_string(),
        })?;
    let word = Observation::new(word_key(source)?, None, verdict.of(&made.data_version));
    Ok(word.metadata(json!({ "who": who, "why": why, "marts": made.data_version })))
}

/// Whether the newest word approves the newest marts of a source.
pub(crate) fn is_approved(catalog: &Catalog, source: &str) -> Result<bool, AssetsError> {
    let Some(marts) = catalog.latest(&asset_key(source, StepName::Publish)?, None)? else {
        return Ok(false);
    };
    let approved = Verdict::Approved.of(&marts.data_version);
    let words = catalog.observations_of(&word_key(source)?)?;
    Ok(words.iter().any(|word| word.data_version == approved))
}

/// The word and the gate as assets.
pub(crate) fn gate(source: &str) -> Result<[Asset; 2], AssetsError> {
    let word = word_key(source)?;
    let gate = Asset::new(gate_key(source)?, decide)
        .depends_on(asset_key(source, StepName::Publish)?)
        .depends_on(word.clone())
        .group(source)
        // To ask again does not make a person answer.
        .retry(RetryPolicy::default());
    Ok([Asset::external(word).group(source), gate])
}

/// Lets the marts through, as what was published, when the newest word approves them.
fn decide(cx: &StepContext<'_>) -> Result<Materialized, StepFailure> {
    let [marts, word] = cx.inputs else {
        let found = cx.inputs.len();
        let message = format!("expected the marts and a word, found {found} inputs");
        return Err(StepFailure::fatal("BadInput", message));
    };
    let version = &marts.data_version;
    if word.data_version == Verdict::Approved.of(version) {
        return Ok(Materialized::new(version).metadata(marts.metadata.clone()));
    }
    if word.data_version == Verdict::Rejected.of(version) {
        let message = format!(
            "version {version} of the marts was rejected: {}",
            word.metadata
        );
        return Err(StepFailure::fatal("Rejected", message));
    }
    let message = format!("no word on version {version} of the marts; `orchbench assets approve`");
    Err(StepFailure::fatal(NOT_APPROVED, message))
}
// end of user code
