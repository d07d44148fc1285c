//! Times as nanoseconds since 1970.

use std::time::{SystemTime, UNIX_EPOCH};

/// Nanoseconds since 1970; `None` for a time before that.
pub(super) fn ns(time: SystemTime) -> Option<u64> {
    let since_1970 = time.duration_since(UNIX_EPOCH).ok()?;
    u64::try_from(since_1970.as_nanos()).ok()
}
