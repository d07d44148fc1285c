//! Windows from one time of a cron line to the next, in UTC.

use std::fmt;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::cron::Cron;
use crate::partition::PartitionError;

/// The times of a cron line from a first one on, those that were asked for so far at hand.
#[derive(Clone)]
pub(crate) struct Line {
    cron: Arc<Cron>,
    /// In seconds since 1970, the first one and those that follow.
    starts: Arc<[i64]>,
}

impl Line {
    /// A cron line, from its first time at a second or later.
    pub fn new(line: &str, from: i64) -> Result<Self, PartitionError> {
        let cron = Arc::new(Cron::new(line, "UTC")?);
        let first = after(&cron, from - 1).next();
        let first = first.ok_or_else(|| PartitionError::NeverDue {
            line: line.to_owned(),
        })?;
        Ok(Self {
            cron,
            starts: Arc::from([first]),
        })
    }

    /// The same, with all times up to a second at hand, and the one that follows.
    pub fn through(self, second: i64) -> Self {
        if self.last() > second {
            return self;
        }
        let mut starts = self.starts.to_vec();
        for next in after(&self.cron, self.last()) {
            starts.push(next);
            if next > second {
                break;
            }
        }
        Self {
            starts: starts.into(),
            ..self
        }
    }

    /// The time at a position from the first one on, negative = before it; beyond the calendar, the
    /// end of time.
    pub fn start(&self, position: i64) -> i64 {
        let Ok(at) = usize::try_from(position) else {
            // Positions count down from -1.
            let back = usize::try_from(-(position + 1)).unwrap_or(usize::MAX);
            return self.before().nth(back).unwrap_or(i64::MIN);
        };
        match self.starts.get(at) {
            Some(start) => *start,
            None => {
                let further = after(&self.cron, self.last()).nth(at - self.starts.len());
                further.unwrap_or(i64::MAX)
            }
        }
    }

    /// The position of the newest time that is a second or was before it.
    pub fn containing(&self, second: i64) -> i64 {
        let is_later = |start: &i64| *start > second;
        let count = if is_later(&self.starts[0]) {
            -count(self.before().take_while(is_later))
        } else if is_later(&self.last()) {
            let not_later = self.starts.partition_point(|start| !is_later(start));
            i64::try_from(not_later).unwrap_or(i64::MAX)
        } else {
            let further = after(&self.cron, self.last()).take_while(|start| !is_later(start));
            count(self.starts.iter()) + count(further)
        };
        count - 1
    }

    fn last(&self) -> i64 {
        self.starts[self.starts.len() - 1]
    }

    /// The times before the first one, newest first.
    fn before(&self) -> impl Iterator<Item = i64> {
        let mut at = self.starts[0];
        std::iter::from_fn(move || {
            let just_before = moment(at).checked_sub(SignedDuration::from_secs(1)).ok()?;
            at = self.cron.previous(just_before)?.as_second();
            Some(at)
        })
    }
}

/// The times after a second.
fn after(cron: &Cron, second: i64) -> impl Iterator<Item = i64> {
    cron.ticks(moment(second), Timestamp::MAX)
        .map(Timestamp::as_second)
}

fn moment(second: i64) -> Timestamp {
    let end = if second < 0 {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    };
    Timestamp::from_second(second).unwrap_or(end)
}

fn count<T>(items: impl Iterator<Item = T>) -> i64 {
    i64::try_from(items.count()).unwrap_or(i64::MAX)
}

/// The line makes the windows, and not how many of them are at hand.
impl PartialEq for Line {
    fn eq(&self, other: &Self) -> bool {
        self.cron == other.cron
    }
}

impl Eq for Line {}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.cron)
    }
}
