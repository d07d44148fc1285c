//! What the processes of a trial use while something is measured: the cost that stands beside
//! speed.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use orchbench_lab::process::{Machine, Usage};

use super::{Session, Trial, TrialError, Work};

/// What a process does in a trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// A database that the engine or the warehouse is on.
    Database,
    /// The harness itself: what it takes away from the others.
    Harness,
    /// The engine's server.
    Server,
    /// A worker.
    Worker,
}

impl Role {
    fn as_str(self) -> &'static str {
        match self {
            Self::Database => "database",
            Self::Harness => "harness",
            Self::Server => "server",
            Self::Worker => "worker",
        }
    }
}

/// How often it is looked whether the user has interrupted.
const LOOK: Duration = Duration::from_millis(100);

fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

/// What the files of a folder and of those below take on the disk, the warehouse left out. A file that goes
/// meanwhile takes nothing.
fn stored(folder: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt as _;
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let sizes = entries.map(|entry| match entry.metadata() {
        Ok(met) if met.is_dir() => stored(&entry.path()),
        Ok(met) if !is_warehouse(&entry.path()) => met.blocks() * 512,
        _ => 0,
    });
    sizes.sum()
}

fn is_warehouse(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with("warehouse.sqlite")
}

/// A measurement of cost under way.
pub struct Meter {
    begun: Usages,
    machine: Machine,
}

/// The usage of each process.
type Usages = BTreeMap<(Role, u32), Usage>;

/// What each kind of process has used since, and the memory that it has and had at most. A process that was not
/// there before counts from its start.
fn used_since(before: &Usages, session: &dyn Session) -> BTreeMap<Role, Usage> {
    let mut used: BTreeMap<Role, Usage> = BTreeMap::new();
    for (process, now) in usages(session) {
        let before = before.get(&process).copied().unwrap_or_default();
        let sum = used.entry(process.0).or_default();
        sum.cpu_s += now.cpu_s - before.cpu_s;
        sum.memory_bytes += now.memory_bytes;
        sum.peak_memory_bytes += now.peak_memory_bytes;
        sum.written_bytes += now.written_bytes - before.written_bytes;
    }
    used
}

fn usages(session: &dyn Session) -> Usages {
    let mut processes = session.processes();
    processes.extend(session.database().map(|pid| (Role::Database, pid)));
    processes.push((Role::Harness, std::process::id()));
    processes
        .into_iter()
        .filter_map(|process| {
            // All others are below the harness.
            let used = match process.0 {
                Role::Harness => Usage::of(process.1)?,
                _ => Usage::of_tree(process.1)?,
            };
            Some((process, used))
        })
        .collect()
}

/// CPU time of what the session's processes have started and that lives, seconds: when they end before
/// it, nobody is left who waits for it and has it in his account.
pub(super) fn below(session: &dyn Session) -> f64 {
    let processes = session.processes().into_iter();
    let below = processes.filter_map(|(_, pid)| {
        let tree = Usage::of_tree(pid)?;
        Some(tree.cpu_s - Usage::of(pid)?.cpu_s)
    });
    below.sum()
}

impl Trial<'_> {
    /// Begins to measure what the session's processes use.
    pub fn meter(&self, session: &dyn Session) -> Meter {
        Meter {
            begun: usages(session),
            machine: Machine::now(),
        }
    }

    /// Watches a session in which nothing but waiting is done, and records, each with `when`: a kind of
    /// process, `idle_cpu_share` (CPU seconds a second) and `idle_memory_mib` (resident at the end); and
    /// `idle_store_mib`, what the engine's own files take. A process that began meanwhile counts from its
    /// start.
    pub fn watch(
        &self,
        session: &dyn Session,
        time: Duration,
        when: &str,
    ) -> Result<(), TrialError> {
        let (before, begun) = (usages(session), Instant::now());
        while begun.elapsed() < time {
            if self.interrupted() {
                return Err(TrialError::Interrupted);
            }
            std::thread::sleep(LOOK.min(time.saturating_sub(begun.elapsed())));
        }
        let over_s = begun.elapsed().as_secs_f64();
        for (role, used) in used_since(&before, session) {
            let labels = [("process", role.as_str()), ("when", when)];
            self.sample("idle_cpu_share", used.cpu_s / over_s, &labels)?;
            self.sample("idle_memory_mib", mib(used.memory_bytes), &labels)?;
        }
        let store = self.dir("store")?;
        self.sample("idle_store_mib", mib(stored(&store)), &[("when", when)])
    }

    /// Records what the engine itself keeps of a run: `history_events`, `materializations` and the
    /// like, with a label.
    pub fn record_footprint(
        &self,
        session: &dyn Session,
        work: &Work,
        label: (&str, &str),
    ) -> Result<(), TrialError> {
        let Some(account) = session.account(work)? else {
            return Ok(());
        };
        for (what, count) in account.footprint {
            self.sample(what, count as f64, &[label])?;
        }
        Ok(())
    }
}

impl Meter {
    /// Records what was used since: `cpu_s`, `peak_memory_bytes` and `written_bytes` a kind of
    /// process, `disk_flushes` of the whole machine, over `metered_runs` and `metered_steps`. A
    /// process that was not there at the begin counts from its start.
    pub fn record(
        self,
        trial: &Trial<'_>,
        session: &dyn Session,
        runs: u64,
        steps: u64,
    ) -> Result<(), TrialError> {
        for (role, used) in used_since(&self.begun, session) {
            let label = [("process", role.as_str())];
            trial.sample("cpu_s", used.cpu_s, &label)?;
            trial.sample("peak_memory_bytes", used.peak_memory_bytes as f64, &label)?;
            trial.sample("written_bytes", used.written_bytes as f64, &label)?;
        }
        if let (Some(before), Some(now)) = (self.machine.flushes, Machine::now().flushes) {
            trial.sample("disk_flushes", (now - before) as f64, &[])?;
        }
        trial.sample("metered_runs", runs as f64, &[])?;
        trial.sample("metered_steps", steps as f64, &[])
    }
}
