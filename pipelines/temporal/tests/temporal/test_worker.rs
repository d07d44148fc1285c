//! A worker in a thread of the test process.

use std::pin::Pin;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use orchbench_temporal::{WorkerError, WorkerSettings};
use tokio::sync::oneshot;

/// How long a worker may take until the server sees it.
const READY: Duration = Duration::from_secs(60);

/// What a worker calls when the server sees it.
type Ready = Box<dyn FnOnce(&WorkerSettings)>;

/// What tells a worker to stop.
type Told = Pin<Box<dyn Future<Output = ()>>>;

/// A worker; it is drained when it is dropped.
pub struct TestWorker {
    shutdown: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<Result<(), WorkerError>>>,
}

impl TestWorker {
    /// Runs a worker until it is told to stop; returns when the server sees it.
    pub fn start(
        run: impl FnOnce(Ready, Told) -> Result<(), WorkerError> + Send + 'static,
    ) -> Self {
        let (shutdown, told) = oneshot::channel::<()>();
        let (ready, is_ready) = mpsc::channel();
        let thread = thread::spawn(move || {
            let stop = async move {
                // A sender that is gone tells the same.
                let _ = told.await;
            };
            run(Box::new(move |_| ready.send(()).unwrap()), Box::pin(stop))
        });
        is_ready.recv_timeout(READY).unwrap();
        Self {
            shutdown: Some(shutdown),
            thread: Some(thread),
        }
    }

    /// Tells it to stop, and gives what it ended with; `None` when it has ended before, or the test fails already.
    pub fn end(&mut self) -> Option<Result<(), WorkerError>> {
        drop(self.shutdown.take());
        let ended = self.thread.take()?.join();
        (!thread::panicking()).then(|| ended.unwrap())
    }
}

impl Drop for TestWorker {
    fn drop(&mut self) {
        if let Some(ended) = self.end() {
            ended.unwrap();
        }
    }
}
