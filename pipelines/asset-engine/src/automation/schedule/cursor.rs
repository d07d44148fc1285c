//! What a schedule remembers.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::automation::AutomationError;
use crate::cron::Cron;

/// The line that a schedule had, and how far it came on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Cursor {
    /// The line with its zone.
    line: String,
    /// Times after this one are still to come.
    pub after: Timestamp,
    /// The day of the last time that was due, in the zone of its line; `None` = none was.
    pub ran: Option<Date>,
    /// The day that a line before this one has run; `None` = there was none, or it comes more often.
    pub had: Option<Date>,
}

impl Cursor {
    pub fn new(cron: &Cron, after: Timestamp) -> Self {
        Self {
            line: cron.to_string(),
            after,
            ran: None,
            had: None,
        }
    }

    /// Reads a cursor; one of an older version is a time, and says nothing of its line.
    pub fn read(text: &str, cron: &Cron) -> Result<Self, AutomationError> {
        if let Ok(after) = text.parse() {
            return Ok(Self::new(cron, after));
        }
        serde_json::from_str(text).map_err(|error| AutomationError::Cursor {
            found: text.to_owned(),
            reason: error.to_string(),
        })
    }

    pub fn text(&self) -> Result<String, AutomationError> {
        serde_json::to_string(self).map_err(|error| AutomationError::Failed(error.to_string()))
    }

    pub fn line(&self) -> Result<Cron, AutomationError> {
        let (line, zone) = self.line.rsplit_once(' ').unwrap_or((&self.line, ""));
        Cron::new(line, zone).map_err(|error| AutomationError::Cursor {
            found: self.line.clone(),
            reason: error.to_string(),
        })
    }

    /// That of another line, seen for the first time.
    pub fn changed(self, before: &Cron, cron: &Cron, now: Timestamp) -> Self {
        let once = |day: &Date| before.comes_once(*day) && cron.comes_once(*day);
        Self {
            had: self.ran.filter(once),
            ran: self.ran,
            ..Self::new(cron, now)
        }
    }
}
