//! What an interval on logs decides against a margin, and the p-values that mirror it.

use super::Side;
use super::location::Location;

/// A location on logs, of one population or of the difference of two.
pub(super) trait OnLogs {
    /// The two-sided interval; `None` of too few values.
    fn interval(&self, level: f64) -> Option<(f64, f64)>;
    /// One-sided p-value of "it is at most `bound`".
    fn p_at_most(&self, bound: f64) -> f64;
    /// The same of "it is at least `bound`".
    fn p_at_least(&self, bound: f64) -> f64;
}

impl OnLogs for Location {
    fn interval(&self, level: f64) -> Option<(f64, f64)> {
        Self::interval(self, level)
    }

    fn p_at_most(&self, bound: f64) -> f64 {
        Self::p_at_most(self, bound)
    }

    fn p_at_least(&self, bound: f64) -> f64 {
        Self::p_at_least(self, bound)
    }
}

/// Differences below it count as none; on the scale of logs, its other edge is its negative.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Margin(pub(super) f64);

impl Margin {
    /// Of a share: 0.05 is five percent.
    pub(super) fn of(share: f64) -> Self {
        Self(share.ln_1p())
    }

    /// The side that is larger by more than the margin with the whole interval.
    pub(super) fn larger(self, logs: &impl OnLogs, level: f64) -> Side {
        match logs.interval(level) {
            Some((low, _)) if low > self.0 => Side::A,
            Some((_, high)) if high < -self.0 => Side::B,
            Some((low, high)) if low > -self.0 && high < self.0 => Side::Neither,
            _ => Side::Undecided,
        }
    }

    /// The p-value of "it is outside the margin", for either side: 1 − the highest level at which
    /// [`Margin::larger`] names a larger side.
    pub(super) fn p_outside(self, logs: &impl OnLogs) -> f64 {
        let (above, below) = (logs.p_at_most(self.0), logs.p_at_least(-self.0));
        (2.0 * above.min(below)).min(1.0)
    }

    /// The p-value of "it is within the margin": 1 − the highest level at which [`Margin::larger`]
    /// says [`Side::Neither`]. Twice that of the two one-sided tests (Schuirmann 1987), as the
    /// interval that is printed decides and not a narrower one.
    pub(super) fn p_equivalent(self, logs: &impl OnLogs) -> f64 {
        let (below, above) = (logs.p_at_least(self.0), logs.p_at_most(-self.0));
        (2.0 * below.max(above)).min(1.0)
    }

    /// The p-value of whatever is decided. Only one of the two decisions can be false, so this one
    /// may enter a family.
    pub(super) fn p_decided(self, logs: &impl OnLogs) -> f64 {
        self.p_outside(logs).min(self.p_equivalent(logs))
    }
}
