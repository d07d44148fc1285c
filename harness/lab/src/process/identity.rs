//! Who a process is, beyond its number: process ids are used again, so an id counts
//! only together with the start time that the kernel gave it, within one boot.

use std::fmt;
use std::fs;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde::{Deserialize, Serialize};

use super::ProcessError;

/// How often it is looked whether a process is gone.
const LOOK: Duration = Duration::from_millis(1);

/// A process id with its start time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProcessIdentity {
    /// The process id.
    pub pid: u32,
    /// Clock ticks from boot to the start of the process (`/proc/PID/stat`, field 22).
    pub start_ticks: u64,
}

impl ProcessIdentity {
    /// The identity of a living process.
    ///
    /// # Errors
    /// [`ProcessError::Identity`] when there is no such process.
    pub fn of(pid: u32) -> Result<Self, ProcessError> {
        Stat::read(pid).map(|stat| ProcessIdentity {
            pid,
            start_ticks: stat.start_ticks,
        })
    }

    /// The identity of this process.
    ///
    /// # Errors
    /// [`ProcessError::Identity`] when `/proc` is not mounted.
    pub fn current() -> Result<Self, ProcessError> {
        Self::of(std::process::id())
    }

    /// Whether this very process still runs (a zombie counts as gone: it does nothing
    /// any more, and only its parent can remove it).
    pub fn alive(&self) -> bool {
        Stat::read(self.pid)
            .is_ok_and(|stat| stat.start_ticks == self.start_ticks && stat.state != 'Z')
    }

    /// Sends a signal to the process alone; nothing happens when it is gone.
    ///
    /// # Errors
    /// [`ProcessError::Signal`] when the system refuses.
    pub fn signal(&self, signal: Signal) -> Result<(), ProcessError> {
        let pid = i32::try_from(self.pid).ok().and_then(Pid::from_raw);
        let Some(pid) = pid.filter(|_| self.alive()) else {
            return Ok(());
        };
        kill_process(pid, signal).map_err(|source| ProcessError::Signal {
            role: "process".to_owned(),
            pid: self.pid,
            action: "signalling",
            source: source.into(),
        })
    }

    /// Waits until the process is gone, at most `limit`; whether it is.
    pub fn await_end(&self, limit: Duration) -> bool {
        let deadline = Instant::now() + limit;
        while self.alive() {
            if Instant::now() > deadline {
                return false;
            }
            std::thread::sleep(LOOK);
        }
        true
    }

    /// Whether the process leads a process group of its own.
    pub(crate) fn leads_group(&self) -> bool {
        Stat::read(self.pid).is_ok_and(|stat| stat.group == self.pid)
    }
}

impl fmt::Display for ProcessIdentity {
    /// `<pid>-<start ticks>`, the form used in file names and container labels.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.pid, self.start_ticks)
    }
}

/// Who has started whom, of all processes that live or are not yet waited for.
///
/// Each process is asked for its parent. The lists that the kernel keeps of a thread's children
/// (`/proc/PID/task/TID/children`) would be shorter to read, but leave living ones out while others
/// end, or while the thread that started them does (proc_pid_task(5), proc_tid_children(5)).
pub(super) struct Family(Vec<(u32, u32)>);

impl Family {
    /// As it is now; empty when `/proc` is not mounted.
    pub(super) fn now() -> Self {
        let pids = fs::read_dir("/proc").into_iter().flatten().flatten();
        let pids = pids.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        Self(
            pids.filter_map(|pid| Some((pid, parent_of(pid)?)))
                .collect(),
        )
    }

    /// Those that a process, by any of its threads, has started and not yet waited for.
    pub(super) fn children_of(&self, pid: u32) -> impl Iterator<Item = u32> {
        let started = self.0.iter().filter(move |(_, parent)| *parent == pid);
        started.map(|(child, _)| *child)
    }
}

/// The processes that a process, by any of its threads, has started and not yet waited for.
pub fn children_of(pid: u32) -> Vec<u32> {
    Family::now().children_of(pid).collect()
}

/// The kernel's id of this boot, or `"unknown"` where the kernel tells none.
pub fn boot_id() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id")
        .map_or_else(|_| "unknown".to_owned(), |id| id.trim().to_owned())
}

/// The process that has started a living one, or has it in its care since that one's end; `None` when
/// it is gone.
pub fn parent_of(pid: u32) -> Option<u32> {
    Stat::read(pid).ok().map(|stat| stat.parent)
}

/// The kernel's name of this process's PID namespace, or `"unknown"` where it tells none.
pub(super) fn pid_namespace() -> String {
    fs::read_link("/proc/self/ns/pid").map_or_else(
        |_| "unknown".to_owned(),
        |name| name.to_string_lossy().into_owned(),
    )
}

/// The few fields of `/proc/PID/stat` that are used here.
struct Stat {
    state: char,
    parent: u32,
    group: u32,
    start_ticks: u64,
}

impl Stat {
    fn read(pid: u32) -> Result<Stat, ProcessError> {
        let failed = |reason: String| ProcessError::Identity { pid, reason };
        let text =
            fs::read_to_string(format!("/proc/{pid}/stat")).map_err(|e| failed(e.to_string()))?;
        Stat::parse(&text).ok_or_else(|| failed(format!("unexpected content {text:?}")))
    }

    /// The second field is the program's name in parentheses and may itself hold
    /// spaces and parentheses, so the fields are counted from the last one.
    fn parse(text: &str) -> Option<Stat> {
        let (_, rest) = text.rsplit_once(')')?;
        let mut fields = rest.split_whitespace();
        let state = fields.next()?.chars().next()?;
        let parent = fields.next()?.parse().ok()?;
        let group = fields.next()?.parse().ok()?;
        let start_ticks = fields.nth(16)?.parse().ok()?;
        Some(Stat {
            state,
            parent,
            group,
            start_ticks,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_counted_from_the_last_parenthesis() {
        let text = "42 (a) b (c)) S 1 40 42 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 98765 1 2 3";
        let stat = Stat::parse(text);
        assert!(
            stat.is_some_and(|s| s.state == 'S'
                && (s.parent, s.group) == (1, 40)
                && s.start_ticks == 98765),
            "field 3 is the state, 4 the parent, 5 the group, 22 the start time"
        );
        assert!(Stat::parse("42 (short) S 1").is_none());
    }

    #[test]
    fn a_child_of_any_thread_is_seen_until_it_is_waited_for() -> std::io::Result<()> {
        let started = std::thread::spawn(|| {
            let mut sleep = std::process::Command::new("sleep");
            sleep.arg("60").spawn()
        });
        let mut child = started.join().expect("the thread panics nowhere")?;
        let own = std::process::id();
        // Others come and go meanwhile, and their threads with them.
        for _ in 0..50 {
            let other = std::thread::spawn(|| std::process::Command::new("true").status());
            assert!(children_of(own).contains(&child.id()));
            other.join().expect("the thread panics nowhere")?;
            assert!(children_of(own).contains(&child.id()));
        }
        let identity = ProcessIdentity::of(child.id()).map_err(std::io::Error::other)?;
        identity
            .signal(Signal::KILL)
            .map_err(std::io::Error::other)?;
        assert!(identity.await_end(Duration::from_secs(10)));
        child.wait()?;
        assert!(!children_of(own).contains(&child.id()));
        Ok(())
    }

    #[test]
    fn a_process_knows_itself_and_not_a_namesake() -> Result<(), ProcessError> {
        let me = ProcessIdentity::current()?;
        assert!(me.alive());
        let namesake = ProcessIdentity {
            start_ticks: me.start_ticks + 1,
            ..me
        };
        assert!(!namesake.alive());
        Ok(())
    }
}
