//! How busy the machine was while a trial was made, beside what the trial itself did: a reader
//! must know, since it makes everything slower.

use std::time::{Duration, Instant};

use super::yardstick;
use orchbench_evidence::record::EventBody;
use orchbench_lab::process::{Machine, Usage};

/// The machine when a trial began.
pub(super) struct MachineWatch {
    begun: Instant,
    machine: Machine,
    own_s: f64,
}

impl MachineWatch {
    pub(super) fn begin() -> Self {
        Self {
            begun: Instant::now(),
            machine: Machine::now(),
            own_s: own_s(),
        }
    }

    /// What to say of it, by its [`shares`](Self::shares) and, where a yardstick was read before it, by the
    /// mean of that and of one that is read now.
    pub(super) fn end(&self, below_s: f64, yardstick_ms: Option<f64>) -> EventBody {
        // Before the yardstick, whose work is none of the trial's.
        let (steal_share, foreign_share) = self.shares(below_s);
        let yardstick_ms = yardstick_ms.map(|before| f64::midpoint(before, yardstick::read()));
        EventBody::Machine {
            load_1m: self.machine.load_1m,
            steal_share,
            foreign_share,
            yardstick_ms,
        }
    }

    /// What a hypervisor gave to others, and what others took. Processes of the trial are the harness's own, as are
    /// those of trials beside it, but for `below_s` of what they left; containers are not, and count as foreign.
    fn shares(&self, below_s: f64) -> (f64, f64) {
        let now = Machine::now();
        let own_s = own_s() - self.own_s + below_s;
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let capacity_s = (self.begun.elapsed().as_secs_f64() * processors as f64).max(1e-3);
        // The kernel counts in ticks, rounded on each processor: a trial of milliseconds would
        // look busy by that alone.
        let rounding_s = processors as f64 * Machine::tick_s();
        let share = |seconds: f64| ((seconds - rounding_s) / capacity_s).clamp(0.0, 1.0);
        (
            share(now.stolen_s - self.machine.stolen_s),
            share(now.busy_s - self.machine.busy_s - own_s),
        )
    }
}

/// CPU time of the harness and of all that it has started, whether it has ended or not, seconds.
fn own_s() -> f64 {
    let usage = Usage::of_tree(std::process::id());
    usage.unwrap_or_default().cpu_s
}

/// The share of the processors' time that others take, over a while in which this process waits.
pub(crate) fn foreign_share(over: Duration) -> f64 {
    let watch = MachineWatch::begin();
    std::thread::sleep(over);
    watch.shares(0.0).1
}
