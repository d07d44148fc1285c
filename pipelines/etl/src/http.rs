//! Services over HTTP on loopback: what listens, reads requests and writes answers. What is answered is
//! each service's own.
//!
//! What a client sends is bounded in size and time before anything is made of it, each connection
//! is a task of its own, and what waits for the disk does so on another thread: so no client can
//! end a service or keep it from others.

use std::convert::Infallible;
use std::io;
use std::net::TcpListener;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, oneshot};
use tokio::time::{sleep, timeout};

/// The header that names the idempotency key.
pub(crate) const KEY_HEADER: &str = "Idempotency-Key";
/// A longer body is refused, by its header if that says so.
pub(crate) const MAX_BODY_BYTES: usize = 64 * 1024;
/// Request line and headers; a longer head is refused.
const MAX_HEAD_BYTES: usize = 16 * 1024;
/// How long a client may take for its head, and for its body.
pub(crate) const READ_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a connection may last, the answer included.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(30);
/// Connections at a time; the next ones wait in the kernel's queue.
const MAX_CONNECTIONS: usize = 512;
/// How long accepting rests after it failed, for want of file descriptors most likely.
const ACCEPT_REST: Duration = Duration::from_millis(50);
/// How long a write that is under way may take when the service ends.
const END_TIMEOUT: Duration = Duration::from_secs(5);

/// A service that listens on a port of its own, from a thread of its own, until dropped.
pub(crate) struct Listening {
    url: String,
    /// Ends the thread when sent or dropped.
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Listening {
    /// Answers requests on a free loopback port. `Err` of an answer is a refusal, as `Ok` is an
    /// acceptance: both are answers.
    ///
    /// # Errors
    /// No port can be opened, or no thread be started.
    pub(crate) fn start<F, A>(name: &str, answer: F) -> io::Result<Self>
    where
        F: Fn(Request<Incoming>) -> A + Clone + Send + 'static,
        A: Future<Output = Result<Answer, Answer>> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        listener.set_nonblocking(true)?;
        let (stop, stopped) = oneshot::channel::<()>();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .thread_name(format!("{name}-file"))
            .build()?;
        let serve = move || {
            runtime.block_on(async {
                tokio::select! {
                    () = accept(listener, answer) => {}
                    _ = stopped => {}
                }
            });
            runtime.shutdown_timeout(END_TIMEOUT);
        };
        let thread = thread::Builder::new().name(name.to_owned()).spawn(serve)?;
        Ok(Self {
            url: format!("http://{address}"),
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// `http://127.0.0.1:port`, without a path.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn accept<F, A>(listener: TcpListener, answer: F)
where
    F: Fn(Request<Incoming>) -> A + Clone + Send + 'static,
    A: Future<Output = Result<Answer, Answer>> + Send + 'static,
{
    // It was made non-blocking, which is all that can fail here.
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else {
        return;
    };
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    // The semaphore is never closed.
    while let Ok(place) = Arc::clone(&places).acquire_owned().await {
        let Ok((stream, _)) = listener.accept().await else {
            sleep(ACCEPT_REST).await;
            continue;
        };
        let connection = connection(stream, answer.clone());
        tokio::spawn(async move {
            // A client that has gone away or takes too long will come again with the same key.
            let _ = timeout(CONNECTION_TIMEOUT, connection).await;
            drop(place);
        });
    }
}

/// One request and its answer: without keep-alive a client holds its place no longer than that.
async fn connection<F, A>(stream: TcpStream, answer: F) -> Result<(), hyper::Error>
where
    F: Fn(Request<Incoming>) -> A,
    A: Future<Output = Result<Answer, Answer>>,
{
    let service = service_fn(move |request| {
        let answer = answer(request);
        async move {
            let (Ok(answer) | Err(answer)) = answer.await;
            Ok::<_, Infallible>(answer.into_response())
        }
    });
    http1::Builder::new()
        .keep_alive(false)
        .timer(TokioTimer::new())
        .header_read_timeout(READ_TIMEOUT)
        .max_buf_size(MAX_HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service)
        .await
}

/// Does what waits for the disk, or for another process, without holding up other connections.
pub(crate) async fn on_file(
    act: impl FnOnce() -> Result<Answer, Answer> + Send + 'static,
) -> Result<Answer, Answer> {
    let done = tokio::task::spawn_blocking(act).await;
    done.unwrap_or_else(|error| Err(refusal(500, &error.to_string())))
}

/// The idempotency key that a request names.
pub(crate) fn key(request: &Request<Incoming>) -> Result<String, Answer> {
    let key = request.headers().get(KEY_HEADER);
    key.and_then(|key| key.to_str().ok())
        .filter(|key| !key.is_empty())
        .map(str::to_owned)
        .ok_or_else(|| refusal(400, &format!("the header {KEY_HEADER} is missing")))
}

/// The body of a post, as long as it is short and comes in time.
pub(crate) async fn body(request: Request<Incoming>) -> Result<Bytes, Answer> {
    let too_long = || refusal(413, &format!("the body exceeds {MAX_BODY_BYTES} bytes"));
    let body = request.into_body();
    if body.size_hint().lower() > MAX_BODY_BYTES as u64 {
        return Err(too_long());
    }
    match timeout(READ_TIMEOUT, Limited::new(body, MAX_BODY_BYTES).collect()).await {
        Ok(Ok(read)) => Ok(read.to_bytes()),
        Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => Err(too_long()),
        Ok(Err(error)) => Err(refusal(400, &format!("the body cannot be read: {error}"))),
        Err(_) => {
            let seconds = READ_TIMEOUT.as_secs();
            Err(refusal(
                408,
                &format!("the body did not come within {seconds} s"),
            ))
        }
    }
}

/// What is answered.
pub(crate) struct Answer {
    status: u16,
    body: serde_json::Value,
    /// In seconds, when the client shall come again.
    pub(crate) retry_after: Option<u32>,
}

impl Answer {
    pub(crate) fn ok(body: serde_json::Value) -> Self {
        Answer {
            status: 200,
            body,
            retry_after: None,
        }
    }

    fn into_response(self) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::from(self.body.to_string()));
        // The statuses are those of this module, all of them valid.
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

pub(crate) fn refusal(status: u16, reason: &str) -> Answer {
    Answer {
        status,
        ..Answer::ok(serde_json::json!({ "error": reason }))
    }
}
