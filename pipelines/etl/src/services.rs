//! The services of an order: inventory, payment and shipping, each an HTTP server on a loopback port.
//!
//! Stand-ins for the services of a shop, with the manners of good ones: one effect an idempotency key;
//! a repeated call is answered as the first; a cancellation names the call that it takes back, holds
//! also for one that has not come yet, and closes the door on it. And with the troubles of real ones,
//! as an experiment orders: see [`Trouble`].
//!
//! All three keep one [ledger](Call) outside every engine: each call in the order in which it was
//! taken, its time, what it changed and what was answered. It is in the memory of the process that
//! serves, which outlives the engine; when that process dies the trial counts for nothing.

mod ledger;
mod trouble;

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hyper::body::Incoming;
use hyper::{Method, Request};
use orchbench_journal::StepName;
use serde::{Deserialize, Serialize};
use serde_json::json;

pub use self::ledger::Call;
use self::ledger::Ledger;
pub use self::trouble::{Conduct, Trouble};
use crate::http::{Answer, Listening, body, key, refusal};
use crate::order::OrderServices;

/// Where acts are posted to.
pub(crate) const ORDERS_PATH: &str = "/orders";
/// Where compensations are posted to.
pub(crate) const CANCELLATIONS: &str = "/cancellations";

/// The body of a post.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Posted {
    /// The attempt as the caller counts it, from 1.
    pub(crate) attempt: u32,
    /// The caller's fencing token.
    pub(crate) token: u64,
    /// The key of the act that a cancellation takes back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) cancels: Option<String>,
}

/// The answer to an act.
#[derive(Serialize, Deserialize)]
pub(crate) struct Ordered {
    pub(crate) receipt: String,
    /// Whether this call had the effect.
    pub(crate) changed: bool,
}

/// The answer to a cancellation.
#[derive(Serialize, Deserialize)]
pub(crate) struct Cancelled {
    /// Whether the act has come.
    pub(crate) known: bool,
    /// Whether this call took it back.
    pub(crate) changed: bool,
}

/// The three services, serving until dropped.
pub struct Services {
    inventory: Listening,
    payment: Listening,
    shipping: Listening,
    ledger: Arc<Mutex<Ledger>>,
}

impl std::fmt::Debug for Services {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Services({})", self.inventory.url())
    }
}

impl Services {
    /// Starts the three, each with how it behaves, by its act.
    ///
    /// # Errors
    /// A port cannot be opened, or a thread not be started.
    pub fn start(conduct: impl Fn(StepName) -> Conduct) -> io::Result<Self> {
        let ledger = Arc::new(Mutex::new(Ledger::default()));
        let serve = |name: &str, act: StepName| {
            let service = Arc::new(Service {
                act,
                conduct: Mutex::new(conduct(act)),
                ledger: Arc::clone(&ledger),
            });
            Listening::start(name, move |request| Arc::clone(&service).answer(request))
        };
        Ok(Self {
            inventory: serve("inventory", StepName::Reserve)?,
            payment: serve("payment", StepName::Charge)?,
            shipping: serve("shipping", StepName::Book)?,
            ledger,
        })
    }

    /// Where they are, for the steps.
    #[must_use]
    pub fn places(&self, timeout_ms: u64) -> OrderServices {
        OrderServices {
            inventory: self.inventory.url().to_owned(),
            payment: self.payment.url().to_owned(),
            shipping: self.shipping.url().to_owned(),
            timeout_ms,
        }
    }

    /// Every call so far, in the order in which they were taken.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        lock(&self.ledger).calls().to_vec()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One service.
struct Service {
    /// What it does.
    act: StepName,
    conduct: Mutex<Conduct>,
    ledger: Arc<Mutex<Ledger>>,
}

impl Service {
    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Result<Answer, Answer> {
        if *request.method() != Method::POST {
            return Err(refusal(405, "only POST is served"));
        }
        let path = request.uri().path().to_owned();
        let key = key(&request)?;
        let posted: Posted = serde_json::from_slice(&body(request).await?)
            .map_err(|error| refusal(400, &format!("the body is no call: {error}")))?;
        let latency_ms = lock(&self.conduct).latency_ms;
        tokio::time::sleep(Duration::from_millis(latency_ms)).await;
        match (path.as_str(), posted.cancels.clone()) {
            (ORDERS_PATH, None) => match self.take(&key, &posted) {
                Some(answer) => answer,
                // The client hangs up, or the server does.
                None => std::future::pending().await,
            },
            (CANCELLATIONS, Some(act)) => Ok(self.cancel(&key, &act, &posted)),
            _ => Err(refusal(404, &format!("unknown path {path}"))),
        }
    }

    /// Takes an act; `None` where no answer is to come.
    fn take(&self, key: &str, posted: &Posted) -> Option<Result<Answer, Answer>> {
        let mut ledger = lock(&self.ledger);
        let call = Call::new(self.act, key, posted);
        if ledger.is_cancelled(key) {
            let message = format!("{key} was cancelled; place another order");
            ledger.write(call.answered(409));
            return Some(Err(refusal(409, &message)));
        }
        let mut conduct = lock(&self.conduct);
        let retry_after_s = conduct.retry_after_s;
        let trouble = conduct.next();
        match trouble {
            Trouble::Errors => {
                ledger.write(call.answered(500));
                Some(Err(refusal(500, "out of order, as the experiment says")))
            }
            Trouble::Throttles => {
                ledger.write(call.answered(429).come_again(retry_after_s));
                let mut throttled = refusal(429, "too many orders, as the experiment says");
                throttled.retry_after = Some(retry_after_s);
                Some(Err(throttled))
            }
            Trouble::Refuses => {
                ledger.write(call.answered(422));
                Some(Err(refusal(422, "refused, as the experiment says")))
            }
            Trouble::Silent | Trouble::Mute => {
                ledger.act(call);
                None
            }
            Trouble::Nothing => {
                let (receipt, changed) = ledger.act(call.answered(200));
                Some(Ok(Answer::ok(json!(Ordered { receipt, changed }))))
            }
        }
    }

    fn cancel(&self, key: &str, act: &str, posted: &Posted) -> Answer {
        let undo = self.act.undone_by().unwrap_or(self.act);
        let call = Call::new(undo, key, posted).answered(200);
        let (known, changed) = lock(&self.ledger).cancel(call, act);
        Answer::ok(json!(Cancelled { known, changed }))
    }
}

#[cfg(test)]
mod tests;
