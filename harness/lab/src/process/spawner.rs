//! The one thread that starts all children.
//!
//! The kernel sends the parent-death signal when the *thread* that forked a child
//! ends, not when its process does. Threads of a runtime or of a test come and go, so
//! every child is forked from this thread, which lives as long as the process.

use std::io;
use std::process::{Child, Command};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;

struct Job {
    command: Command,
    reply: Sender<io::Result<Child>>,
}

/// Starts `command` from the spawner thread.
pub(super) fn spawn(command: Command) -> io::Result<Child> {
    let gone = || io::Error::other("the spawner thread is gone");
    let (reply, answer) = channel();
    jobs()?
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .send(Job { command, reply })
        .map_err(|_| gone())?;
    answer.recv().map_err(|_| gone())?
}

fn jobs() -> io::Result<&'static Mutex<Sender<Job>>> {
    static JOBS: OnceLock<io::Result<Mutex<Sender<Job>>>> = OnceLock::new();
    JOBS.get_or_init(|| {
        let (sender, receiver) = channel::<Job>();
        thread::Builder::new()
            .name("spawner".to_owned())
            .spawn(move || {
                // The sender lives in a static, so this loop never ends.
                for mut job in receiver {
                    let _ = job.reply.send(job.command.spawn());
                }
            })?;
        Ok(Mutex::new(sender))
    })
    .as_ref()
    .map_err(|e| io::Error::new(e.kind(), e.to_string()))
}
