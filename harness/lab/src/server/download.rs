//! Filling the cache by the download that the Temporal SDK knows. The SDK only offers
//! it together with a start, so a throwaway server in memory is started and stopped.

use std::path::PathBuf;

use temporalio_sdk::testing::{
    EphemeralExe, EphemeralExeVersion, LocalWorkflowEnvironmentOptions, WorkflowEnvironment,
};

use crate::process::block_on_background;

use super::program::{CLI_VERSION, checked};
use super::{Provisioned, Way, cache};

/// Downloads the pinned CLI into the cache.
pub(super) fn by_sdk(progress: &dyn Fn(&str)) -> Result<Provisioned, String> {
    let folder = cache::folder()?.join("bin");
    progress("downloading the Temporal CLI by way of the SDK");
    let options = LocalWorkflowEnvironmentOptions::builder()
        .server_executable(EphemeralExe::CachedDownload {
            version: EphemeralExeVersion::Fixed(format!("v{CLI_VERSION}")),
            dest_dir: Some(folder.display().to_string()),
            ttl: None,
        })
        .build();
    block_on_background(async move {
        let environment = WorkflowEnvironment::start_local(options)
            .await
            .map_err(|e| chain(&e))?;
        environment.shutdown().await.map_err(|e| chain(&e))
    })
    .map_err(|e| e.to_string())??;
    // The name is the SDK's: temporal-<version>.
    let downloaded: PathBuf = folder.join(format!("temporal-v{CLI_VERSION}"));
    let target = cache::temporal()?;
    std::fs::rename(&downloaded, &target)
        .map_err(|e| format!("cannot move {}: {e}", downloaded.display()))?;
    checked(Way::SdkDownload, target)
}

/// An error with all its causes on one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text = format!("{text}: {inner_text}");
        }
        cause = inner.source();
    }
    text
}
