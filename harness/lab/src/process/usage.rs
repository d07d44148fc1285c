//! What processes and the machine have used so far, from `/proc`.

use std::fs;

use super::identity::Family;

/// What a process and the children that it has waited for have used since its start.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Usage {
    /// CPU time, user and system, seconds.
    pub cpu_s: f64,
    /// Resident set as it is now, bytes; of the process alone. What processes share counts in each.
    pub memory_bytes: u64,
    /// Largest resident set so far, bytes; of the process alone.
    pub peak_memory_bytes: u64,
    /// Bytes that it caused to be written to a disk.
    pub written_bytes: u64,
}

impl Usage {
    /// The usage of a living process; `None` when it is gone or hidden.
    pub fn of(pid: u32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The command's name may have spaces and parentheses of its own.
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        // utime, stime, cutime and cstime are fields 14 to 17 (proc(5)); the state is field 3.
        let ticks: u64 = (11..15)
            .filter_map(|index| fields.get(index)?.parse::<u64>().ok())
            .sum();
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let io = fs::read_to_string(format!("/proc/{pid}/io")).unwrap_or_default();
        Some(Self {
            cpu_s: ticks as f64 * Machine::tick_s(),
            memory_bytes: number_of(&status, "VmRSS:").unwrap_or(0) * 1024,
            peak_memory_bytes: number_of(&status, "VmHWM:").unwrap_or(0) * 1024,
            written_bytes: number_of(&io, "write_bytes:").unwrap_or(0),
        })
    }

    /// The same of a process and of all that it has started and that lives, theirs included: a server of
    /// processes, as Python's forkserver is one, waits for those that it has made. Memory is summed.
    pub fn of_tree(pid: u32) -> Option<Self> {
        Self::of_all_below(pid, &Family::now())
    }

    fn of_all_below(pid: u32, family: &Family) -> Option<Self> {
        let children = family.children_of(pid);
        let children = children.filter_map(|child| Self::of_all_below(child, family));
        let children: Vec<Self> = children.collect();
        // After its children are known, so that none is missed that it waits for just now.
        let own = Self::of(pid)?;
        Some(children.into_iter().fold(own, |sum, child| Self {
            cpu_s: sum.cpu_s + child.cpu_s,
            memory_bytes: sum.memory_bytes + child.memory_bytes,
            peak_memory_bytes: sum.peak_memory_bytes + child.peak_memory_bytes,
            written_bytes: sum.written_bytes + child.written_bytes,
        }))
    }
}

/// What the whole machine has done since its start.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Machine {
    /// CPU time in which it was busy, over all processors, seconds; stolen time left out.
    pub busy_s: f64,
    /// CPU time that a hypervisor gave to somebody else, seconds.
    pub stolen_s: f64,
    /// Flushes that its disks have completed: what an fsync comes to; `None` where the kernel
    /// (before 5.5) or the disk does not say.
    pub flushes: Option<u64>,
    /// Processes that ran or wanted to, averaged over a minute.
    pub load_1m: f64,
}

impl Machine {
    /// As it is now.
    pub fn now() -> Self {
        let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
        let ticks: Vec<f64> = stat
            .lines()
            .next()
            .unwrap_or_default()
            .split_whitespace()
            .skip(1)
            .filter_map(|field| field.parse().ok())
            .collect();
        // user, nice, system, idle, iowait, irq, softirq, steal (proc(5)).
        let sum = |fields: &[usize]| -> f64 {
            let ticks: f64 = fields.iter().filter_map(|index| ticks.get(*index)).sum();
            ticks * Self::tick_s()
        };
        Self {
            busy_s: sum(&[0, 1, 2, 5, 6]),
            stolen_s: sum(&[7]),
            flushes: flushes(&fs::read_to_string("/proc/diskstats").unwrap_or_default()),
            load_1m: fs::read_to_string("/proc/loadavg")
                .ok()
                .and_then(|text| text.split(' ').next()?.parse().ok())
                .unwrap_or(0.0),
        }
    }

    /// The kernel's unit of CPU time, seconds: what a processor's time may be off by.
    pub fn tick_s() -> f64 {
        1.0 / rustix::param::clock_ticks_per_second() as f64
    }
}

/// The number behind a name at the begin of a line.
fn number_of(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

/// The flush column of every disk, the 18th behind its numbers and name, summed; partitions and
/// devices in memory have none of their own.
fn flushes(diskstats: &str) -> Option<u64> {
    let of_disk = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let name = fields.get(2)?;
        let in_memory = ["loop", "ram", "zram"]
            .iter()
            .any(|prefix| name.starts_with(prefix));
        let whole = !in_memory && fs::exists(format!("/sys/block/{name}")).unwrap_or(false);
        if whole {
            fields.get(18)?.parse::<u64>().ok()
        } else {
            None
        }
    };
    let disks: Vec<u64> = diskstats.lines().filter_map(of_disk).collect();
    (!disks.is_empty()).then(|| disks.iter().sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_this_process_does_is_seen() {
        let before = Usage::of(std::process::id()).unwrap_or_default();
        let machine = Machine::now();
        let mut sum = 0_u64;
        while Usage::of(std::process::id()).is_some_and(|now| now.cpu_s < before.cpu_s + 0.05) {
            sum = (0..100_000).fold(sum, |sum, number| sum.wrapping_add(number));
        }
        std::hint::black_box(sum);
        assert!(before.memory_bytes > 0 && before.memory_bytes <= before.peak_memory_bytes);
        assert!(Machine::now().busy_s > machine.busy_s);
        assert_eq!(Usage::of(u32::MAX), None);
        assert_eq!(Usage::of_tree(u32::MAX), None);
    }

    #[test]
    fn what_a_living_grandchild_does_is_in_the_tree_alone() {
        use std::os::unix::process::CommandExt as _;
        let mut shell = std::process::Command::new("sh")
            .args(["-c", "while :; do :; done & wait"])
            .process_group(0)
            .spawn()
            .expect("a shell");
        let pid = shell.id();
        let seen = std::iter::repeat_with(|| (Usage::of(pid), Usage::of_tree(pid)))
            .map_while(|(own, tree)| Some((own?, tree?)))
            .find(|(own, tree)| tree.cpu_s > own.cpu_s + 0.05);
        let group = rustix::process::Pid::from_child(&shell);
        rustix::process::kill_process_group(group, rustix::process::Signal::KILL).expect("ours");
        shell.wait().expect("ours");
        let (own, tree) = seen.expect("the shell lives until it is killed");
        assert!(tree.peak_memory_bytes > own.peak_memory_bytes);
    }
}
