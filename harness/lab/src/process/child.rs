//! A supervised child process: one handle, one process group.

use std::io;
use std::process::{ChildStderr, ChildStdin, ChildStdout, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, kill_process_group};

use super::{CommandSpec, ProcessError, ProcessIdentity, registry, spawner};

/// How long SIGKILL may take to be carried out before it counts as failed.
const KILL_DEADLINE: Duration = Duration::from_secs(10);

/// A running (or ended, unreaped) child. Dropping it kills its process group.
#[derive(Debug)]
pub struct Child {
    inner: std::process::Child,
    role: String,
    identity: Option<ProcessIdentity>,
    exit: Option<ExitStatus>,
}

impl Child {
    /// Starts `spec` in a process group of its own and records it in the state folder.
    /// `role` names it in messages and records, such as `temporal-server`.
    ///
    /// # Errors
    /// [`ProcessError::Spawn`], or a record or log file that cannot be written; then
    /// nothing runs.
    pub fn spawn(spec: &CommandSpec, role: &str) -> Result<Child, ProcessError> {
        let inner = spawner::spawn(spec.to_command()?).map_err(|source| ProcessError::Spawn {
            program: spec.program_name(),
            source,
        })?;
        let mut child = Child {
            // It cannot be read when the child has been reaped elsewhere; it was not.
            identity: ProcessIdentity::of(inner.id()).ok(),
            inner,
            role: role.to_owned(),
            exit: None,
        };
        if let Some(identity) = child.identity
            && let Err(error) = registry::add_child(role, identity)
        {
            child.end_group();
            return Err(error);
        }
        Ok(child)
    }

    /// The process id, also the id of its group. After a foreign program's exec it is
    /// that program's.
    pub fn id(&self) -> u32 {
        self.inner.id()
    }

    /// The role given at the start.
    pub fn role(&self) -> &str {
        &self.role
    }

    /// The process id with its start time; `None` when `/proc` could not be read.
    pub fn identity(&self) -> Option<ProcessIdentity> {
        self.identity
    }

    /// The write end of the child's standard input, once, if it was piped.
    pub fn take_stdin(&mut self) -> Option<ChildStdin> {
        self.inner.stdin.take()
    }

    /// The read end of the child's standard output, once, if it was piped.
    pub fn take_stdout(&mut self) -> Option<ChildStdout> {
        self.inner.stdout.take()
    }

    /// The read end of the child's standard error, once, if it was piped.
    pub fn take_stderr(&mut self) -> Option<ChildStderr> {
        self.inner.stderr.take()
    }

    /// Sends a signal to the child alone; nothing happens when it has ended.
    ///
    /// # Errors
    /// [`ProcessError::Signal`] when the system refuses.
    pub fn signal(&mut self, signal: Signal, action: &'static str) -> Result<(), ProcessError> {
        if self.try_wait()?.is_some() {
            return Ok(());
        }
        kill_process(self.pid()?, signal).map_err(|e| self.failed(action, e.into()))
    }

    /// SIGSTOP to the whole group: it freezes without noticing.
    ///
    /// # Errors
    /// As [`Child::signal`].
    pub fn stop(&mut self) -> Result<(), ProcessError> {
        self.signal_group(Signal::STOP, "stopping")
    }

    /// SIGCONT to the whole group.
    ///
    /// # Errors
    /// As [`Child::signal`].
    pub fn resume(&mut self) -> Result<(), ProcessError> {
        self.signal_group(Signal::CONT, "resuming")
    }

    /// SIGKILL to the whole group, and waits until the child is gone.
    ///
    /// # Errors
    /// [`ProcessError::Signal`] when the child is still there 10 s later.
    pub fn kill(&mut self) -> Result<ExitStatus, ProcessError> {
        self.signal_group(Signal::KILL, "killing")?;
        match self.wait_for(KILL_DEADLINE)? {
            Some(status) => Ok(status),
            None => Err(self.failed("killing", io::ErrorKind::TimedOut.into())),
        }
    }

    /// SIGTERM to the child; SIGKILL to its group when it still runs after `grace`.
    ///
    /// # Errors
    /// As [`Child::kill`].
    pub fn terminate(&mut self, grace: Duration) -> Result<ExitStatus, ProcessError> {
        self.signal(Signal::TERM, "terminating")?;
        match self.wait_for(grace)? {
            Some(status) => Ok(status),
            None => self.kill(),
        }
    }

    /// The exit status if the child has ended, without waiting. The rest of its group
    /// ends with it.
    ///
    /// # Errors
    /// [`ProcessError::Signal`] when the system cannot say.
    pub fn try_wait(&mut self) -> Result<Option<ExitStatus>, ProcessError> {
        if self.exit.is_some() {
            return Ok(self.exit);
        }
        // Seen first without reaping, so that the id still names this group and no
        // other one when what the child left in it is killed.
        let seen = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
        let ended = rustix::process::waitid(WaitId::Pid(self.pid()?), seen)
            .map_err(|e| self.failed("waiting", e.into()))?;
        if ended.is_none() {
            return Ok(None);
        }
        let _ = kill_process_group(self.pid()?, Signal::KILL);
        let status = self.inner.wait().map_err(|e| self.failed("waiting", e))?;
        self.exit = Some(status);
        if let Some(identity) = self.identity {
            // Failing to shorten the record is harmless: the sweep checks start times.
            let _ = registry::remove_child(identity);
        }
        Ok(self.exit)
    }

    /// Waits until the child ends.
    ///
    /// # Errors
    /// As [`Child::try_wait`].
    pub fn wait(&mut self) -> Result<ExitStatus, ProcessError> {
        loop {
            if let Some(status) = self.wait_for(Duration::from_secs(3600))? {
                return Ok(status);
            }
        }
    }

    /// Waits until the child ends, at most `limit`; `None` when it still runs then.
    ///
    /// # Errors
    /// As [`Child::try_wait`].
    pub fn wait_for(&mut self, limit: Duration) -> Result<Option<ExitStatus>, ProcessError> {
        let deadline = Instant::now() + limit;
        let mut pause = Duration::from_micros(500);
        loop {
            if let Some(status) = self.try_wait()? {
                return Ok(Some(status));
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
            thread::sleep(pause.min(left));
            pause = (pause * 2).min(Duration::from_millis(20));
        }
    }

    fn signal_group(&mut self, signal: Signal, action: &'static str) -> Result<(), ProcessError> {
        if self.try_wait()?.is_some() {
            return Ok(());
        }
        kill_process_group(self.pid()?, signal).map_err(|e| self.failed(action, e.into()))
    }

    fn pid(&self) -> Result<Pid, ProcessError> {
        i32::try_from(self.inner.id())
            .ok()
            .and_then(Pid::from_raw)
            .ok_or_else(|| self.failed("naming", io::ErrorKind::InvalidInput.into()))
    }

    fn failed(&self, action: &'static str, source: io::Error) -> ProcessError {
        ProcessError::Signal {
            role: self.role.clone(),
            pid: self.inner.id(),
            action,
            source,
        }
    }

    fn end_group(&mut self) {
        if self.exit.is_none() {
            let _ = self.kill();
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.end_group();
    }
}
