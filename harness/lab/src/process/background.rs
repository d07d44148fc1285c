//! One small runtime for the asynchronous clients (Docker, gRPC probes) behind the
//! synchronous functions of [`crate::process`] and [`crate::server`].

use std::future::Future;
use std::io;
use std::sync::OnceLock;
use std::sync::mpsc::sync_channel;

use tokio::runtime::Runtime;

use super::ProcessError;

/// Runs `future` on the harness's background runtime and waits for its result. It may
/// be called from any thread, one of another runtime included (that thread is blocked
/// meanwhile), except from a future that runs here: that would wait for itself.
///
/// # Errors
/// [`ProcessError::ThreadGone`] when the runtime cannot start or the future panicked.
pub fn block_on_background<F>(future: F) -> Result<F::Output, ProcessError>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let gone = ProcessError::ThreadGone {
        thread: "background runtime",
    };
    let Ok(runtime) = runtime() else {
        return Err(gone);
    };
    let (sender, receiver) = sync_channel(1);
    runtime.spawn(async move {
        let _ = sender.send(future.await);
    });
    receiver.recv().map_err(|_| gone)
}

fn runtime() -> Result<&'static Runtime, &'static io::Error> {
    static RUNTIME: OnceLock<io::Result<Runtime>> = OnceLock::new();
    RUNTIME
        .get_or_init(|| {
            tokio::runtime::Builder::new_multi_thread()
                .worker_threads(1)
                .thread_name("background")
                .enable_all()
                .build()
        })
        .as_ref()
}
