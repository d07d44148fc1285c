//! The catalogue as a service: what it keeps and what it answers. How it is reached stands in
//! [`super::http`].

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::http;
use super::post::{Announcement, Delivery, Post};
use super::receipts::Receipts;
use crate::http::{Answer, Listening, refusal};

/// The catalogue could not start or keep its receipts.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CatalogueError {
    /// The receipts file could not be used.
    #[error("{action} receipts file {path}: {source}")]
    File {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A line of the receipts file is not a receipt.
    #[error("receipts file {path}, line {line}: {reason}")]
    BadLine {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// No loopback port could be opened.
    #[error("cannot listen on 127.0.0.1: {reason}")]
    Listen {
        /// What the system said.
        reason: String,
    },
}

/// The catalogue, serving from a thread of its own until dropped.
pub struct CatalogueService {
    listening: Listening,
    state: Arc<State>,
}

/// What the service knows, besides the file.
pub(super) struct State {
    receipts: Mutex<Receipts>,
    refusals: AtomicU32,
    /// Posts to answer with 429, and the seconds that they shall wait.
    throttle: Mutex<(u32, u32)>,
}

impl std::fmt::Debug for CatalogueService {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CatalogueService({})", self.url())
    }
}

impl CatalogueService {
    /// Serves on a free loopback port, with the receipts that `receipts_file` holds. Several
    /// services, of several processes too, may keep the same file.
    ///
    /// # Errors
    /// [`CatalogueError`] when the file or a port cannot be used.
    pub fn start(receipts_file: &Path) -> Result<Self, CatalogueError> {
        let state = Arc::new(State {
            receipts: Mutex::new(Receipts::open(receipts_file)?),
            refusals: AtomicU32::new(0),
            throttle: Mutex::default(),
        });
        let serving = Arc::clone(&state);
        let answer = move |request| http::answer(Arc::clone(&serving), request);
        let listening =
            Listening::start("catalogue", answer).map_err(|error| CatalogueError::Listen {
                reason: error.to_string(),
            })?;
        Ok(CatalogueService { listening, state })
    }

    /// `http://127.0.0.1:port`, without a path.
    pub fn url(&self) -> &str {
        self.listening.url()
    }

    /// Every delivery so far, in order, repeated ones and those at other services on the same file
    /// included; as far as it was read when the file cannot be read any more.
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.state.looked().deliveries().to_vec()
    }

    /// The announcement of a source that counts: the last one that was not taken back.
    pub fn current(&self, source: &str) -> Option<Announcement> {
        self.state.looked().current(source).cloned()
    }

    /// Answers the next `n` posts with 429 and `Retry-After: seconds`, without taking them.
    pub fn throttle_next(&self, n: u32, seconds: u32) {
        *self
            .state
            .throttle
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = (n, seconds);
    }

    /// Answers the next `n` posts with 503, without taking them.
    pub fn refuse_next(&self, n: u32) {
        self.state.refusals.store(n, Ordering::SeqCst);
    }
}

impl State {
    fn receipts(&self) -> MutexGuard<'_, Receipts> {
        self.receipts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The receipts after a look at the file. One that cannot be read any more is told to whoever
    /// posts.
    fn looked(&self) -> MutexGuard<'_, Receipts> {
        let mut receipts = self.receipts();
        let _ = receipts.held(|_| ());
        receipts
    }

    /// Every delivery. Waits for the file.
    pub(super) fn list(&self) -> Answer {
        let deliveries = |receipts: &mut Receipts| serde_json::json!(receipts.deliveries());
        match self.receipts().held(deliveries) {
            Ok(deliveries) => Answer::ok(deliveries),
            Err(error) => refusal(500, &error.to_string()),
        }
    }

    /// Takes a post. `Err` is a refusal, as `Ok` is an acceptance: both are answers. Waits for the
    /// file.
    pub(super) fn take(&self, key: &str, post: Post) -> Result<Answer, Answer> {
        let failed = |error: CatalogueError| refusal(500, &error.to_string());
        let mut receipts = self.receipts();
        receipts
            .held(|receipts| {
                if matches!(post, Post::Announcement(_)) && receipts.is_retracted(key) {
                    return Err(refusal(
                        409,
                        &format!("announcement {key} was retracted; start another run"),
                    ));
                }
                let retraction = match &post {
                    Post::Retraction(retraction) => Some(retraction.clone()),
                    _ => None,
                };
                let receipt = receipts.deliver(key, post).map_err(failed)?;
                let mut answer = serde_json::json!({ "receipt": receipt });
                if let Some(retraction) = retraction {
                    answer["known"] = receipts.is_known(&retraction.announcement).into();
                    let current = receipts.current(&retraction.source);
                    answer["current"] = current.map(|current| current.version.clone()).into();
                }
                Ok(Answer::ok(answer))
            })
            .map_err(failed)?
    }

    /// The refusals that an experiment has ordered.
    pub(super) fn refuse_as_told(&self) -> Result<(), Answer> {
        let spend = |n: u32| n.checked_sub(1);
        let refusing = self
            .refusals
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, spend);
        if refusing.is_ok() {
            return Err(refusal(503, "refused on request of the experiment"));
        }
        let mut throttle = self.throttle.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(left) = throttle.0.checked_sub(1) {
            throttle.0 = left;
            let mut throttled = refusal(429, "throttled on request of the experiment");
            throttled.retry_after = Some(throttle.1);
            return Err(throttled);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
