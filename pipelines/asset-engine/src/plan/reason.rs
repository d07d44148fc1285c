//! Why a piece is stale.

use std::fmt;

use serde::Serialize;

use super::known::{Input, UNOBSERVED};
use crate::asset::Asset;
use crate::event::{CheckResult, InputVersion, Materialization};
use crate::key::AssetKey;

/// Why a piece is stale.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
#[non_exhaustive]
pub enum StaleReason {
    /// Never materialized.
    Missing,
    /// Made by another version of the code.
    CodeVersion {
        /// The version it was made with.
        recorded: String,
        /// The version now.
        current: String,
    },
    /// Made from another version of an input: the parent is newer, or the dependency itself is new
    /// or gone.
    Input {
        /// The asset that was read.
        asset: AssetKey,
        /// Its partition.
        partition: Option<String>,
        /// The version read; `None` = it was not read then.
        recorded: Option<String>,
        /// The newest version; `None` = it is no dependency any more.
        current: Option<String>,
    },
    /// Made from an input that is not there any more, as it was wiped; or, beside an input that is
    /// gone, one that is new and was never made.
    InputMissing {
        /// The asset that is read.
        asset: AssetKey,
        /// Its partition.
        partition: Option<String>,
        /// The version read; `None` = it was not read then.
        recorded: Option<String>,
    },
    /// Made from a partition that is no longer among those that are read: the mapping means others
    /// now, or the dependency has no such partition.
    InputMoved {
        /// The asset that is read.
        asset: AssetKey,
        /// The partition that was read.
        partition: Option<String>,
        /// The version read.
        recorded: String,
    },
    /// Made from another version of an external asset than was last observed.
    Source {
        /// The external asset.
        asset: AssetKey,
        /// Its partition.
        partition: Option<String>,
        /// The version read.
        recorded: String,
        /// The version last observed.
        current: String,
    },
    /// Its newest data failed a blocking check.
    CheckFailed {
        /// The check.
        check: String,
        /// The version that failed.
        data_version: String,
    },
    /// The newest data of an input failed a blocking check.
    UpstreamCheckFailed {
        /// The asset that is read.
        asset: AssetKey,
        /// Its partition.
        partition: Option<String>,
        /// The check.
        check: String,
        /// The version that failed.
        data_version: String,
    },
}

impl fmt::Display for StaleReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let piece = |asset: &AssetKey, partition: &Option<String>| match partition {
            Some(partition) => format!("{asset} {partition}"),
            None => asset.to_string(),
        };
        match self {
            Self::Missing => f.write_str("never materialized"),
            Self::CodeVersion { recorded, current } => {
                write!(f, "code version {recorded}, now {current}")
            }
            Self::Input {
                asset,
                partition,
                recorded,
                current,
            } => {
                write!(f, "input {}", piece(asset, partition))?;
                match (recorded, current) {
                    (Some(recorded), Some(current)) => {
                        write!(f, " read at data version {recorded}, now {current}")
                    }
                    (None, _) => f.write_str(" is new"),
                    (Some(_), None) => f.write_str(" is no longer read"),
                }
            }
            Self::InputMissing {
                asset,
                partition,
                recorded,
            } => {
                write!(f, "input {}", piece(asset, partition))?;
                match recorded {
                    Some(recorded) => {
                        write!(f, " read at data version {recorded} is not there any more")
                    }
                    None => f.write_str(" is new and was never made"),
                }
            }
            Self::InputMoved {
                asset,
                partition: None,
                ..
            } => write!(f, "input {asset} was read whole, and has partitions now"),
            Self::InputMoved {
                asset, partition, ..
            } => write!(
                f,
                "input {} is no longer among the partitions that are read",
                piece(asset, partition)
            ),
            Self::Source {
                asset,
                partition,
                recorded,
                current,
            } => write!(
                f,
                "source {} read at data version {recorded}, observed at {current}",
                piece(asset, partition)
            ),
            Self::CheckFailed {
                check,
                data_version,
            } => write!(f, "data version {data_version} failed check {check}"),
            Self::UpstreamCheckFailed {
                asset,
                partition,
                check,
                data_version,
            } => write!(
                f,
                "input {} failed check {check} at data version {data_version}",
                piece(asset, partition)
            ),
        }
    }
}

/// Judges one piece: its newest materialization, and the check that it failed, against the inputs
/// it would read now, and those that it would read and that are not there. Hands over every reason,
/// the first one first, until `report` returns false.
///
/// An input that was never materialized cannot make anything stale; the run would fail on it.
pub(crate) fn judge<'a>(
    asset: &Asset,
    latest: Option<&Materialization>,
    failed: Option<&CheckResult>,
    inputs: impl Iterator<Item = Input<'a>> + Clone,
    absent: impl Iterator<Item = (&'a AssetKey, Option<&'a str>)> + Clone,
    report: &mut dyn FnMut(StaleReason) -> bool,
) {
    let Some(latest) = latest else {
        report(StaleReason::Missing);
        return;
    };
    if latest.code_version != asset.code_version
        && !report(StaleReason::CodeVersion {
            recorded: latest.code_version.to_string(),
            current: asset.code_version.to_string(),
        })
    {
        return;
    }
    if let Some(check) = failed
        && !report(StaleReason::CheckFailed {
            check: check.name.to_string(),
            data_version: latest.data_version.clone(),
        })
    {
        return;
    }
    let more = judge_inputs(latest, inputs.clone(), report);
    if more {
        judge_gone(asset, latest, inputs, absent, report);
    }
}

/// Judges what there is to read; whether some of what was read is not among that.
fn judge_inputs<'a>(
    latest: &Materialization,
    inputs: impl Iterator<Item = Input<'a>>,
    report: &mut dyn FnMut(StaleReason) -> bool,
) -> bool {
    let mut seen = 0;
    for (at, input) in inputs.enumerate() {
        let found = recorded(latest, at, &input);
        seen += usize::from(found.is_some());
        if let Some(reason) = changed(&input, found).or_else(|| upstream_failed(&input))
            && !report(reason)
        {
            return false;
        }
    }
    seen < latest.inputs.len()
}

/// Judges what was read and is not there to read any more, and names what has come in its place and
/// was never made.
fn judge_gone<'a>(
    asset: &Asset,
    latest: &Materialization,
    inputs: impl Iterator<Item = Input<'a>> + Clone,
    absent: impl Iterator<Item = (&'a AssetKey, Option<&'a str>)> + Clone,
    report: &mut dyn FnMut(StaleReason) -> bool,
) {
    let is = |version: &InputVersion, (asset, partition): (&AssetKey, Option<&str>)| {
        version.asset == *asset && version.partition.as_deref() == partition
    };
    for version in &latest.inputs {
        if inputs.clone().any(|input| same_piece(version, &input)) {
            continue;
        }
        let (key, partition) = (version.asset.clone(), version.partition.clone());
        let recorded = version.data_version.clone();
        let reason = if absent.clone().any(|piece| is(version, piece)) {
            StaleReason::InputMissing {
                asset: key,
                partition,
                recorded: Some(recorded),
            }
        } else if asset.deps.iter().any(|dep| dep.key == key) {
            StaleReason::InputMoved {
                asset: key,
                partition,
                recorded,
            }
        } else {
            StaleReason::Input {
                asset: key,
                partition,
                recorded: Some(recorded),
                current: None,
            }
        };
        if !report(reason) {
            return;
        }
    }
    for piece in absent {
        let was_read = latest.inputs.iter().any(|version| is(version, piece));
        let (asset, partition) = piece;
        let reason = StaleReason::InputMissing {
            asset: asset.clone(),
            partition: partition.map(str::to_owned),
            recorded: None,
        };
        if !was_read && !report(reason) {
            return;
        }
    }
}

/// The version of an input that a piece was made from.
pub(super) fn recorded<'a>(
    latest: &'a Materialization,
    at: usize,
    input: &Input<'_>,
) -> Option<&'a InputVersion> {
    let same = |version: &&InputVersion| same_piece(version, input);
    // Inputs usually come in the order in which they were recorded.
    let in_step = latest.inputs.get(at).filter(same);
    in_step.or_else(|| latest.inputs.iter().find(same))
}

/// What changed in an input since it was read.
pub(super) fn changed(input: &Input<'_>, recorded: Option<&InputVersion>) -> Option<StaleReason> {
    let current = &input.made.data_version;
    let recorded = recorded.map(|version| &version.data_version);
    // The first look at a source is no change of it.
    let first_look =
        recorded.is_some_and(|read| read == UNOBSERVED) && input.first == Some(current.as_str());
    if recorded == Some(current) || first_look {
        return None;
    }
    let asset = input.made.asset.clone();
    let partition = input.made.partition.as_deref().map(str::to_owned);
    Some(match recorded {
        Some(recorded) if input.external => StaleReason::Source {
            asset,
            partition,
            recorded: recorded.clone(),
            current: current.clone(),
        },
        recorded => StaleReason::Input {
            asset,
            partition,
            recorded: recorded.cloned(),
            current: Some(current.clone()),
        },
    })
}

fn upstream_failed(input: &Input<'_>) -> Option<StaleReason> {
    let check = input.failed?;
    Some(StaleReason::UpstreamCheckFailed {
        asset: input.made.asset.clone(),
        partition: input.made.partition.as_deref().map(str::to_owned),
        check: check.name.to_string(),
        data_version: input.made.data_version.clone(),
    })
}

fn same_piece(version: &InputVersion, input: &Input<'_>) -> bool {
    version.asset == input.made.asset
        && version.partition.as_deref() == input.made.partition.as_deref()
}
