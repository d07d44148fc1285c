//! Processes that the harness starts, and their end.
//!
//! Invariants: a child never outlives the process that started it (a parent-death
//! signal set in the child itself, checked against `getppid`); each child leads a
//! process group of its own, so that a kill reaches what it started, and carries its
//! owner's mark in its environment, as do its own children; everything that
//! could be left behind — children, temp folders, containers — stands in a state file
//! of its owner before it is used, and [`sweep`] removes only what belongs to owners
//! that are gone, which is when nobody holds the lock on their state file.
//!
//! Hidden subcommands that the binary must route here:
//! `orchbench exec-child --parent PID -- PROGRAM ARGS…` → [`exec_child`];
//! `orchbench guard` → [`run_guard`].

mod background;
mod child;
mod command;
mod containers;
mod error;
mod guard;
mod identity;
mod orphan;
mod registry;
mod small_disk;
mod spawner;
mod state;
mod sweep;
mod temp_folder;
mod usage;

pub use background::block_on_background;
pub use child::Child;
pub use command::{
    CommandSpec, OWNER_ENV, Program, Stream, bind_with_setpriv, orchbench_binary,
    set_orchbench_binary,
};
pub use containers::{DockerAnswer, LocalImage, OWNER_LABEL, docker, docker_version, local_image};
pub use error::ProcessError;
pub use guard::{ensure_guard, run_guard};
pub use identity::{ProcessIdentity, boot_id, children_of, parent_of};
pub use orphan::{PARENT_ENV, adopt_parent, die_with_parent, exec_child};
pub use registry::{OwnerRecord, RecordedChild, containers_may_exist, owner_tag};
pub use small_disk::SmallDisk;
pub use state::state_folder;
pub(crate) use state::{take_abandoned, write_locked};
pub use sweep::{Swept, sweep};
pub use temp_folder::TempFolder;
pub use usage::{Machine, Usage};
