//! The HTTP side of the catalogue.

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use tiny_http::{Header, Method, Request, Response, Server};

use super::post::{Announcement, Delivery, Post};
use super::receipts::Receipts;

/// The paths that the service knows, one a kind of post.
const PATHS: [&str; 3] = ["/announcements", "/retractions", "/escalations"];
/// The header that names the idempotency key.
const KEY_HEADER: &str = "Idempotency-Key";
/// A longer body is refused.
const MAX_BODY_BYTES: u64 = 64 * 1024;

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
    server: Arc<Server>,
    url: String,
    state: Arc<State>,
    thread: Option<JoinHandle<()>>,
}

struct State {
    receipts: Mutex<Receipts>,
    refusals: AtomicU32,
    /// Posts to answer with 429, and the seconds that they shall wait.
    throttle: Mutex<(u32, u32)>,
}

impl std::fmt::Debug for CatalogueService {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CatalogueService({})", self.url)
    }
}

impl CatalogueService {
    /// Serves on a free loopback port, with the receipts that `receipts_file` holds.
    ///
    /// # Errors
    /// [`CatalogueError`] when the file or a port cannot be used.
    pub fn start(receipts_file: &Path) -> Result<Self, CatalogueError> {
        let state = Arc::new(State {
            receipts: Mutex::new(Receipts::open(receipts_file)?),
            refusals: AtomicU32::new(0),
            throttle: Mutex::default(),
        });
        let listen = |reason: String| CatalogueError::Listen { reason };
        let server = Arc::new(Server::http("127.0.0.1:0").map_err(|e| listen(e.to_string()))?);
        let address = server
            .server_addr()
            .to_ip()
            .ok_or_else(|| listen("no IP address".to_owned()))?;
        let serving = (Arc::clone(&server), Arc::clone(&state));
        let thread = thread::Builder::new()
            .name("catalogue".to_owned())
            .spawn(move || {
                for request in serving.0.incoming_requests() {
                    serving.1.answer(request);
                }
            })
            .map_err(|e| listen(e.to_string()))?;
        Ok(CatalogueService {
            server,
            url: format!("http://{address}"),
            state,
            thread: Some(thread),
        })
    }

    /// `http://127.0.0.1:port`, without a path.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Every delivery so far, repeated ones included, in order.
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.state.locked().deliveries().to_vec()
    }

    /// The announcement of a source that counts: the last one that was not taken back.
    pub fn current(&self, source: &str) -> Option<Announcement> {
        self.state.locked().current(source).cloned()
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

impl Drop for CatalogueService {
    fn drop(&mut self) {
        self.server.unblock();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl State {
    fn locked(&self) -> std::sync::MutexGuard<'_, Receipts> {
        self.receipts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, mut request: Request) {
        let answer = if PATHS.contains(&request.url()) {
            match request.method() {
                Method::Get => self.list(),
                Method::Post => self.post(&mut request).unwrap_or_else(|refused| refused),
                _ => refusal(405, "only GET and POST are served"),
            }
        } else {
            let known = PATHS.join(", ");
            refusal(
                404,
                &format!("unknown path {}; known: {known}", request.url()),
            )
        };
        let mut response =
            Response::from_string(answer.body.to_string()).with_status_code(answer.status);
        let retry_after = answer.retry_after.map(|seconds| seconds.to_string());
        let headers = [
            Some(("Content-Type", "application/json")),
            retry_after
                .as_deref()
                .map(|seconds| ("Retry-After", seconds)),
        ];
        for (name, value) in headers.into_iter().flatten() {
            if let Ok(header) = Header::from_bytes(name, value) {
                response.add_header(header);
            }
        }
        // A client that has gone away will come again with the same key.
        let _ = request.respond(response);
    }

    fn list(&self) -> Answer {
        Answer::ok(serde_json::json!(self.locked().deliveries()))
    }

    /// `Err` is a refusal, as `Ok` is an acceptance: both are answers.
    fn post(&self, request: &mut Request) -> Result<Answer, Answer> {
        self.refuse_as_told()?;
        let key = request
            .headers()
            .iter()
            .find(|h| h.field.equiv(KEY_HEADER))
            .map(|h| h.value.as_str().to_owned())
            .filter(|key| !key.is_empty())
            .ok_or_else(|| refusal(400, &format!("the header {KEY_HEADER} is missing")))?;
        let post = body(request)?;
        let mut receipts = self.locked();
        if matches!(post, Post::Announcement(_)) && receipts.is_retracted(&key) {
            return Err(refusal(409, &format!("announcement {key} was retracted")));
        }
        let retraction = match &post {
            Post::Retraction(retraction) => Some(retraction.clone()),
            _ => None,
        };
        let receipt = receipts
            .deliver(&key, post)
            .map_err(|e| refusal(500, &e.to_string()))?;
        let mut answer = serde_json::json!({ "receipt": receipt });
        if let Some(retraction) = retraction {
            answer["known"] = receipts.is_known(&retraction.announcement).into();
            let current = receipts.current(&retraction.source);
            answer["current"] = current.map(|current| current.version.clone()).into();
        }
        Ok(Answer::ok(answer))
    }

    /// The refusals that an experiment has ordered.
    fn refuse_as_told(&self) -> Result<(), Answer> {
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
            return Err(Answer {
                retry_after: Some(throttle.1),
                ..refusal(429, "throttled on request of the experiment")
            });
        }
        Ok(())
    }
}

/// The body of a post, of the kind that its path says.
fn body(request: &mut Request) -> Result<Post, Answer> {
    let mut text = String::new();
    request
        .as_reader()
        .take(MAX_BODY_BYTES + 1)
        .read_to_string(&mut text)
        .map_err(|e| refusal(400, &format!("the body cannot be read: {e}")))?;
    if text.len() as u64 > MAX_BODY_BYTES {
        let reason = format!("the body exceeds {MAX_BODY_BYTES} bytes");
        return Err(refusal(413, &reason));
    }
    let (kind, post) = match request.url() {
        "/retractions" => (
            "a retraction",
            serde_json::from_str(&text).map(Post::Retraction),
        ),
        "/escalations" => (
            "an escalation",
            serde_json::from_str(&text).map(Post::Escalation),
        ),
        _ => (
            "an announcement",
            serde_json::from_str(&text).map(Post::Announcement),
        ),
    };
    post.map_err(|e| refusal(400, &format!("the body is not {kind}: {e}")))
}

struct Answer {
    status: u16,
    body: serde_json::Value,
    /// In seconds, when the client shall come again.
    retry_after: Option<u32>,
}

impl Answer {
    fn ok(body: serde_json::Value) -> Self {
        Answer {
            status: 200,
            body,
            retry_after: None,
        }
    }
}

fn refusal(status: u16, reason: &str) -> Answer {
    Answer {
        status,
        ..Answer::ok(serde_json::json!({ "error": reason }))
    }
}

#[cfg(test)]
mod tests;
