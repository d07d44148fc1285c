//! Which code of the pipelines this process has: what is deployed while workflows are under way. Workflow code
//! may read it, as it is as constant in a process as code is.

use std::sync::OnceLock;

use orchbench_etl::Release;

static RELEASE: OnceLock<Release> = OnceLock::new();

/// Makes this process one of a release; the first word counts.
pub(crate) fn set(release: Release) {
    RELEASE.get_or_init(|| release);
}

/// The release of this process.
pub(crate) fn get() -> Release {
    RELEASE.get().copied().unwrap_or_default()
}
