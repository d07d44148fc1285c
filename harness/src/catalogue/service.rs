//! The HTTP side of the catalogue.

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use tiny_http::{Header, Method, Request, Response, Server};

use super::receipts::Receipts;
use super::{Announcement, Body};

/// The one path that the service knows.
const PATH: &str = "/announcements";
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
    pub fn announcements(&self) -> Vec<Announcement> {
        self.state.locked().deliveries().to_vec()
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
        let (status, body) = match (request.method(), request.url()) {
            (Method::Get, PATH) => self.list(),
            (Method::Post, PATH) => self.post(&mut request).unwrap_or_else(|refused| refused),
            (_, PATH) => refusal(405, "only GET and POST are served"),
            (_, url) => refusal(404, &format!("unknown path {url}; known: {PATH}")),
        };
        let mut response = Response::from_string(body.to_string()).with_status_code(status);
        if let Ok(json) = Header::from_bytes("Content-Type", "application/json") {
            response.add_header(json);
        }
        // A client that has gone away will come again with the same key.
        let _ = request.respond(response);
    }

    fn list(&self) -> (u16, serde_json::Value) {
        (200, serde_json::json!(self.locked().deliveries()))
    }

    /// `Err` is a refusal, as `Ok` is an acceptance: both are answers.
    fn post(&self, request: &mut Request) -> Result<Answer, Answer> {
        let spend = |n: u32| n.checked_sub(1);
        let refusing = self
            .refusals
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, spend);
        if refusing.is_ok() {
            return Err(refusal(503, "refused on request of the experiment"));
        }
        let key = request
            .headers()
            .iter()
            .find(|h| h.field.equiv(KEY_HEADER))
            .map(|h| h.value.as_str().to_owned())
            .filter(|key| !key.is_empty())
            .ok_or_else(|| refusal(400, &format!("the header {KEY_HEADER} is missing")))?;
        let mut text = String::new();
        request
            .as_reader()
            .take(MAX_BODY_BYTES + 1)
            .read_to_string(&mut text)
            .map_err(|e| refusal(400, &format!("the body cannot be read: {e}")))?;
        if text.len() as u64 > MAX_BODY_BYTES {
            return Err(refusal(
                413,
                &format!("the body exceeds {MAX_BODY_BYTES} bytes"),
            ));
        }
        let body: Body = serde_json::from_str(&text)
            .map_err(|e| refusal(400, &format!("the body is not an announcement: {e}")))?;
        let receipt = self
            .locked()
            .deliver(&key, body)
            .map_err(|e| refusal(500, &e.to_string()))?;
        Ok((200, serde_json::json!({ "receipt": receipt })))
    }
}

/// A status and a JSON body.
type Answer = (u16, serde_json::Value);

fn refusal(status: u16, reason: &str) -> Answer {
    (status, serde_json::json!({ "error": reason }))
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader, Write as _};
    use std::net::TcpStream;

    use anyhow::{Context as _, Result};

    use super::*;

    const BODY: &str = r#"{"source":"EWR","version":"v1","run":"r1"}"#;

    /// One HTTP request on a connection of its own: status and body.
    fn ask(service: &CatalogueService, head: &str, body: &str) -> Result<(u16, String)> {
        let address = service.url().trim_start_matches("http://");
        let mut stream = TcpStream::connect(address)?;
        write!(
            stream,
            "{head}Host: {address}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )?;
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let status = line.split(' ').nth(1).context("a status line")?.parse()?;
        let mut rest = String::new();
        reader.read_to_string(&mut rest)?;
        let (_, body) = rest.split_once("\r\n\r\n").context("a body")?;
        Ok((status, body.to_owned()))
    }

    fn post(service: &CatalogueService, key: &str, body: &str) -> Result<(u16, String)> {
        let head = format!("POST /announcements HTTP/1.1\r\nIdempotency-Key: {key}\r\n");
        ask(service, &head, body)
    }

    #[test]
    fn a_key_keeps_its_receipt_over_a_restart() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("new").join("receipts.jsonl");
        let service = CatalogueService::start(&file)?;
        let first = post(&service, "r1/announce/-", BODY)?;
        assert_eq!(first, (200, r#"{"receipt":"receipt-000001"}"#.to_owned()));
        assert_eq!(post(&service, "r1/announce/-", BODY)?, first);
        assert_ne!(post(&service, "r2/announce/-", BODY)?.1, first.1);
        drop(service);

        // A crash in the middle of a write leaves half a line, which nobody was answered.
        let mut torn = std::fs::OpenOptions::new().append(true).open(&file)?;
        torn.write_all(br#"{"key":"r3/anno"#)?;
        let service = CatalogueService::start(&file)?;
        assert_eq!(post(&service, "r1/announce/-", BODY)?, first);
        let repeated: Vec<bool> = service.announcements().iter().map(|a| a.repeated).collect();
        assert_eq!(repeated, [false, true, false, true]);
        let (status, listed) = ask(&service, "GET /announcements HTTP/1.1\r\n", "")?;
        assert_eq!(status, 200);
        let listed: Vec<Announcement> = serde_json::from_str(&listed)?;
        assert_eq!(listed, service.announcements());
        Ok(())
    }

    #[test]
    fn what_is_not_an_announcement_is_refused_with_a_reason() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let service = CatalogueService::start(&folder.path().join("receipts.jsonl"))?;
        let (status, reason) = ask(&service, "POST /announcements HTTP/1.1\r\n", BODY)?;
        assert_eq!(status, 400);
        assert!(reason.contains("Idempotency-Key is missing"), "{reason}");
        let (status, reason) = post(&service, "k", "{not json")?;
        assert_eq!(status, 400);
        assert!(reason.contains("not an announcement"), "{reason}");
        assert_eq!(ask(&service, "GET /elsewhere HTTP/1.1\r\n", "")?.0, 404);
        assert!(service.announcements().is_empty());
        Ok(())
    }

    #[test]
    fn it_refuses_as_often_as_it_is_told() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let service = CatalogueService::start(&folder.path().join("receipts.jsonl"))?;
        service.refuse_next(2);
        let statuses: Vec<u16> = (0..3)
            .map(|_| post(&service, "k", BODY).map(|(status, _)| status))
            .collect::<Result<_>>()?;
        assert_eq!(statuses, [503, 503, 200]);
        assert_eq!(service.announcements().len(), 1);
        Ok(())
    }

    #[test]
    fn a_bad_line_in_the_middle_is_named() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("receipts.jsonl");
        std::fs::write(&file, "{}\n")?;
        let error = CatalogueService::start(&file).err().context("an error")?;
        assert!(
            error.to_string().contains("receipts.jsonl, line 1: "),
            "{error}"
        );
        Ok(())
    }
}
