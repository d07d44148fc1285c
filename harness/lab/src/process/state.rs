//! Where records that outlive a process stand.

use std::fs;
use std::path::PathBuf;

use super::ProcessError;

/// `$XDG_STATE_HOME/orchbench`, else `~/.local/state/orchbench`; created when absent.
///
/// # Errors
/// [`ProcessError::NoStateFolder`] when neither variable is set, or the folder cannot
/// be made.
pub fn state_folder() -> Result<PathBuf, ProcessError> {
    let named = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty());
    let base = match (named("XDG_STATE_HOME"), named("HOME")) {
        (Some(state), _) => PathBuf::from(state),
        (None, Some(home)) => PathBuf::from(home).join(".local/state"),
        (None, None) => return Err(ProcessError::NoStateFolder),
    };
    let folder = base.join("orchbench");
    fs::create_dir_all(&folder).map_err(ProcessError::file("creating folder", &folder))?;
    Ok(folder)
}
