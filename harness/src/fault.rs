//! Faults: what breaks. One file each; the registry below is in alphabetical order.

mod kill_server;

pub use kill_server::KillServer;

/// SIGKILL of the engine's server.
pub const KILL_SERVER: &str = "kill-server";
/// SIGKILL of a worker at a crash point.
pub const KILL_WORKER: &str = "kill-worker";

/// A fault, for `orchbench list`.
pub struct Fault {
    /// Registered name.
    pub name: &'static str,
    /// What it does.
    pub what: &'static str,
}

/// All faults.
pub fn all() -> [Fault; 2] {
    [
        Fault {
            name: KILL_SERVER,
            what: "SIGKILL of the engine's server while a step is in flight, then a restart on the same store",
        },
        Fault {
            name: KILL_WORKER,
            what: "SIGKILL of the worker by itself at a crash point of a step, once",
        },
    ]
}
