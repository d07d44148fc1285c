//! What is posted to the catalogue service: the published version, its retraction, an escalation.
//!
//! The service answers a repeated idempotency key with the same receipt, so a second attempt at a
//! step has no second effect there.

use std::time::Duration;

use orchbench_journal::ErrorType;
use serde::{Deserialize, Serialize};
use ureq::http::StatusCode;

use crate::catalogue::{Announcement, Escalation, Retraction};
use crate::error::StepError;
use crate::outcome::{Announced, Escalated, Published, Undo, Undone};
use crate::step::StepCall;

/// How long the service may take.
const TIMEOUT: Duration = Duration::from_secs(10);

#[derive(Deserialize)]
struct Answer {
    receipt: String,
    /// To a retraction: whether the announcement had come.
    #[serde(default)]
    known: bool,
    /// To a retraction: the version that is current now.
    #[serde(default)]
    current: Option<String>,
}

/// A client that has a deadline on everything and leaves the status to [`Service::post`].
pub(crate) fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .timeout_global(Some(TIMEOUT))
        .timeout_connect(Some(Duration::from_secs(5)))
        .http_status_as_error(false)
        .build()
        .new_agent()
}

fn catalogue(message: String) -> StepError {
    StepError::new(ErrorType::Catalogue, message)
}

/// The catalogue service as the steps see it.
pub(crate) struct Service<'a> {
    pub(crate) agent: &'a ureq::Agent,
    /// Without path; `None` when none is configured.
    pub(crate) url: Option<&'a str>,
}

impl Service<'_> {
    /// Posts the published version to `/announcements`.
    ///
    /// # Errors
    /// As [`Service::post`]; `Fenced` when the announcement was retracted before it came.
    pub(crate) fn announce(
        &self,
        call: &StepCall,
        published: &Published,
    ) -> Result<Announced, StepError> {
        let announcement = Announcement {
            source: call.source.clone(),
            version: published.version.clone(),
            run: call.run.clone(),
        };
        let answer = self.post("announcements", call, &announcement)?;
        Ok(Announced {
            version: published.version.clone(),
            receipt: answer.receipt,
        })
    }

    /// Takes the run's announcement back, also one that has not come yet, by a post to
    /// `/retractions`.
    ///
    /// # Errors
    /// As [`Service::post`].
    pub(crate) fn retract(&self, call: &StepCall, act: String) -> Result<Undone, StepError> {
        let retraction = Retraction {
            source: call.source.clone(),
            run: call.run.clone(),
            announcement: act.clone(),
        };
        let answer = self.post("retractions", call, &retraction)?;
        Ok(Undone {
            act,
            undo: if answer.known {
                Undo::Restored
            } else {
                Undo::NothingToUndo
            },
            now: answer.current.unwrap_or_default(),
            changed: u64::from(answer.known),
        })
    }

    /// Posts to `/escalations`.
    ///
    /// # Errors
    /// As [`Service::post`].
    pub(crate) fn escalate(&self, call: &StepCall, reason: &str) -> Result<Escalated, StepError> {
        let escalation = Escalation {
            source: call.source.clone(),
            run: call.run.clone(),
            reason: reason.to_owned(),
        };
        let answer = self.post("escalations", call, &escalation)?;
        Ok(Escalated {
            receipt: answer.receipt,
        })
    }

    /// Posts under the call's idempotency key.
    ///
    /// # Errors
    /// `Throttled` for 429, with the time of `Retry-After`; `Fenced` for 409; else `Catalogue`: no
    /// URL is configured, the service cannot be reached, or it answers with something else than a
    /// receipt.
    fn post(
        &self,
        path: &str,
        call: &StepCall,
        body: &impl Serialize,
    ) -> Result<Answer, StepError> {
        let Some(url) = self.url else {
            return Err(catalogue(
                "no catalogue service: expected catalogue_url in the configuration, found none"
                    .to_owned(),
            ));
        };
        let url = format!("{}/{path}", url.trim_end_matches('/'));
        let failed =
            |error: ureq::Error| catalogue(format!("{url}: expected a receipt, found: {error}"));
        let mut response = self
            .agent
            .post(&url)
            .header("Idempotency-Key", call.idempotency_key())
            .send_json(body)
            .map_err(failed)?;
        if !response.status().is_success() {
            return Err(refusal(&url, &mut response, ErrorType::Catalogue));
        }
        response.body_mut().read_json().map_err(failed)
    }
}

/// The error of an answer that is no success, `failed` unless the status says more.
pub(crate) fn refusal(
    url: &str,
    response: &mut ureq::http::Response<ureq::Body>,
    failed: ErrorType,
) -> StepError {
    let status = response.status();
    let reason = response.body_mut().read_to_string().unwrap_or_default();
    let message = format!("{url}: expected a receipt, found: http status: {status} {reason}");
    let error_type = match status {
        StatusCode::TOO_MANY_REQUESTS => ErrorType::Throttled,
        StatusCode::CONFLICT => ErrorType::Fenced,
        StatusCode::UNPROCESSABLE_ENTITY => ErrorType::Refused,
        _ => failed,
    };
    let seconds = response
        .headers()
        .get("Retry-After")
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    StepError {
        retry_after_ms: seconds
            .filter(|_| error_type == ErrorType::Throttled)
            .map(|seconds| seconds.saturating_mul(1_000)),
        ..StepError::new(error_type, message)
    }
}
