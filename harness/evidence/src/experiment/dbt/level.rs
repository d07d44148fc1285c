//! How an engine has the models of a dbt project.

use super::super::{EMULATED, NATIVE, UNSUPPORTED};
use super::{Built, Project};
use crate::measure::{Run, TrialEvidence};

/// The level that a trial shows; `None` where all came out right and its engine gives no account of it.
///
/// Native: by the engine's own account each model that was built is a piece of the run, it tells dbt's
/// edges and tests itself, and no user code makes its graph of dbt's. Emulated: only what was left was
/// built, with less than that. Unsupported: a model came out wrong, or was built again without need.
pub(super) fn level(
    trial: &TrialEvidence,
    project: &Project,
    built: &Built,
    runs: &[Run<'_>],
) -> Option<f64> {
    if built.wrong + built.repeated > 0 {
        return Some(UNSUPPORTED);
    }
    let mut own = true;
    for run in runs {
        let told = trial.completed_itself(run.id)?;
        let keys = built.keys.get(run.id).into_iter().flatten();
        own &= keys.into_iter().all(|key| told.contains(key.as_str()));
    }
    let knows = project.edges_unknown + project.tests_unknown == 0;
    let by_itself = own && knows && project.graph_lines == 0.0;
    Some(if by_itself { NATIVE } else { EMULATED })
}
