//! The announce step: the published version, posted to the catalogue service.
//!
//! The service answers a repeated idempotency key with the same receipt, so a second attempt at
//! the step has no second effect there.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::{ErrorType, StepError};
use crate::outcome::{Announced, Published};
use crate::step::StepCall;

/// How long the service may take.
const TIMEOUT: Duration = Duration::from_secs(10);

#[derive(Serialize)]
struct Announcement<'a> {
    source: &'a str,
    version: &'a str,
    run: &'a str,
}

#[derive(Deserialize)]
struct Answer {
    receipt: String,
}

/// A client that has a deadline on everything.
pub(crate) fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .timeout_global(Some(TIMEOUT))
        .timeout_connect(Some(Duration::from_secs(5)))
        .build()
        .new_agent()
}

/// Posts to `{url}/announcements`.
///
/// # Errors
/// `Catalogue`: no URL is configured, the service cannot be reached, or it answers with something
/// else than a receipt.
pub(crate) fn announce(
    agent: &ureq::Agent,
    url: Option<&str>,
    call: &StepCall,
    published: &Published,
) -> Result<Announced, StepError> {
    let catalogue = |message: String| StepError::new(ErrorType::Catalogue, message);
    let Some(url) = url else {
        return Err(catalogue(
            "no catalogue service: expected catalogue_url in the configuration, found none"
                .to_owned(),
        ));
    };
    let url = format!("{}/announcements", url.trim_end_matches('/'));
    let failed =
        |error: ureq::Error| catalogue(format!("{url}: expected a receipt, found: {error}"));
    let answer: Answer = agent
        .post(&url)
        .header("Idempotency-Key", call.idempotency_key())
        .send_json(&Announcement {
            source: &call.source,
            version: &published.version,
            run: &call.run,
        })
        .map_err(failed)?
        .body_mut()
        .read_json()
        .map_err(failed)?;
    Ok(Announced {
        version: published.version.clone(),
        receipt: answer.receipt,
    })
}
