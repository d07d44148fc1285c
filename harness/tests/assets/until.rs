//! Waiting for what another process does.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

/// Looks until something is so, at most for a minute.
pub fn until(what: &str, mut is_so: impl FnMut() -> Result<bool>) -> Result<()> {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !is_so()? {
        ensure!(Instant::now() < deadline, "within a minute: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}
