//! Fencing tokens for writes outside Temporal.
//!
//! A worker that was cut off may still be writing while the server has long given its task to
//! another. Temporal guards its own histories against such a zombie, not the warehouse; it hands out
//! no fencing token either. What it does give every attempt is the time at which the server scheduled
//! it, by the server's clock, and the attempt's number. A token is both: microseconds since 1970 in
//! the upper bits, the attempt in the lower ten.
//!
//! So a later attempt at a step, and any attempt of a later run, has a higher token, as long as the
//! server's clock does not step back between the two (a clock that is slewed by NTP does not; with
//! several server hosts, their clocks must agree within the shortest retry interval). The tokens fit
//! a signed 64-bit column until the year 2255.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Bits for the attempt's number; later attempts than they hold share the last number.
const ATTEMPT_BITS: u32 = 10;

/// The token of an attempt that the server scheduled at `scheduled`.
#[must_use]
pub fn token(scheduled: SystemTime, attempt: u32) -> u64 {
    let since_1970 = scheduled
        .duration_since(UNIX_EPOCH)
        .unwrap_or(Duration::ZERO);
    let micros = u64::try_from(since_1970.as_micros()).unwrap_or(u64::MAX >> ATTEMPT_BITS);
    (micros << ATTEMPT_BITS) | u64::from(attempt.min((1 << ATTEMPT_BITS) - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_attempts_and_later_runs_have_higher_tokens() {
        let first = UNIX_EPOCH + Duration::from_micros(1_790_000_000_000_000);
        let later = first + Duration::from_micros(1);
        let ordered = [
            token(first, 1),
            token(first, 2),
            token(first, 5_000),
            token(later, 1),
            token(later + Duration::from_secs(1), 1),
        ];
        assert!(ordered.is_sorted_by(|a, b| a < b), "{ordered:?}");
        assert!(i64::try_from(ordered[4]).is_ok());
    }
}
