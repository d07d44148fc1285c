//! What is posted to the catalogue, and what it keeps of each delivery.

use serde::{Deserialize, Serialize};

/// A published version: the body of a POST to `/announcements`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Announcement {
    /// The source whose data was published.
    pub source: String,
    /// The published version.
    pub version: String,
    /// The run that announces.
    pub run: String,
}

/// An announcement taken back: the body of a POST to `/retractions`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retraction {
    /// The source that the announcement was about.
    pub source: String,
    /// The run that retracts.
    pub run: String,
    /// The idempotency key of the announcement; it may never have arrived.
    pub announcement: String,
}

/// A call for someone to look: the body of a POST to `/escalations`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Escalation {
    /// The source that waits.
    pub source: String,
    /// The run that waits.
    pub run: String,
    /// What it waits for.
    pub reason: String,
}

/// A post of any of the three kinds. In the receipts file the kind shows by the fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Post {
    /// To `/announcements`.
    Announcement(Announcement),
    /// To `/retractions`.
    Retraction(Retraction),
    /// To `/escalations`.
    Escalation(Escalation),
}

/// One delivery: a line of the receipts file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// The idempotency key under which it came.
    pub key: String,
    /// The receipt, the same for every delivery under this key.
    pub receipt: String,
    /// False for the first delivery under this key, true for each later one.
    pub repeated: bool,
    /// What was posted.
    #[serde(flatten)]
    pub post: Post,
}
