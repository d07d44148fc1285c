//! The steps of an order: each is a call of one of three services, under the step's idempotency key.
//!
//! A service has its effect once a key, so that a step may be called again when no answer came. A
//! compensation names what it undoes by that key and holds whatever became of the act.

use std::time::Duration;

use orchbench_journal::{ErrorType, StepName};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::announce::refusal;
use crate::error::StepError;
use crate::etl::Etl;
use crate::http::KEY_HEADER;
use crate::outcome::{Served, Undo, Undone};
use crate::services::{CANCELLATIONS, Cancelled, ORDERS_PATH, Ordered};
use crate::step::{StepCall, StepOutput};

/// Where the services of an order are, each `http://host:port`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrderServices {
    /// Reserves goods.
    pub inventory: String,
    /// Charges cards.
    pub payment: String,
    /// Books parcels.
    pub shipping: String,
    /// How long one of them may take to answer, milliseconds.
    pub timeout_ms: u64,
}

impl OrderServices {
    /// The service of an act or of its compensation; `None` of a step of no order.
    fn of(&self, step: StepName) -> Option<&str> {
        match step.undoes().unwrap_or(step) {
            StepName::Reserve => Some(&self.inventory),
            StepName::Charge => Some(&self.payment),
            StepName::Book => Some(&self.shipping),
            _ => None,
        }
    }
}

impl Etl {
    /// Calls the service of a step.
    ///
    /// # Errors
    /// `Service`, when it fails or gives no answer in time; `Throttled`, with the time of `Retry-After`;
    /// `Refused`, when it refuses for good; `Fenced`, for an act that was undone before it came;
    /// `BadInput`, where no service is configured.
    pub(crate) fn order(&self, call: &StepCall) -> Result<StepOutput, StepError> {
        let bad_input = |message: String| StepError::new(ErrorType::BadInput, message);
        let step = call.step();
        let services = self.config().order_services.as_ref();
        let Some((services, url)) = services.and_then(|each| Some((each, each.of(step)?))) else {
            let message = format!("step {step}: expected its service in the configuration");
            return Err(bad_input(message));
        };
        let timeout = Duration::from_millis(services.timeout_ms);
        let Some(act) = call.undone_key() else {
            let ordered: Ordered = self.ask(&format!("{url}{ORDERS_PATH}"), call, None, timeout)?;
            return Ok(StepOutput::Served(Served {
                receipt: ordered.receipt,
                changed: ordered.changed,
            }));
        };
        let url = format!("{url}{CANCELLATIONS}");
        let cancelled: Cancelled = self.ask(&url, call, Some(&act), timeout)?;
        Ok(StepOutput::Undone(Undone {
            act,
            undo: match cancelled.known {
                true => Undo::Restored,
                false => Undo::NothingToUndo,
            },
            now: String::new(),
            changed: u64::from(cancelled.changed),
        }))
    }

    fn ask<T: DeserializeOwned>(
        &self,
        url: &str,
        call: &StepCall,
        cancels: Option<&str>,
        timeout: Duration,
    ) -> Result<T, StepError> {
        let failed = |error: ureq::Error| {
            let message = format!("{url}: expected an answer, found: {error}");
            StepError::new(ErrorType::Service, message)
        };
        let body = crate::services::Posted {
            attempt: call.attempt,
            token: call.token,
            cancels: cancels.map(str::to_owned),
        };
        let mut response = self
            .agent
            .post(url)
            .config()
            .timeout_global(Some(timeout))
            .build()
            .header(KEY_HEADER, call.idempotency_key())
            .send_json(body)
            .map_err(failed)?;
        if !response.status().is_success() {
            return Err(refusal(url, &mut response, ErrorType::Service));
        }
        response.body_mut().read_json().map_err(failed)
    }
}
