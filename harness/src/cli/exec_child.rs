//! `orchbench exec-child` (hidden): binds this process to its parent's life, then becomes a
//! foreign program. So a server dies with the harness, also when that is killed.

use std::ffi::OsString;
use std::path::Path;

use crate::exit::Exit;
use orchbench_lab::process;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The process that must still be the parent.
    #[arg(long)]
    parent: u32,
    /// The program and its arguments.
    #[arg(last = true, required = true)]
    command: Vec<OsString>,
}

pub(super) fn run(args: Args) -> anyhow::Result<Exit> {
    let mut words = args.command.into_iter();
    let Some(program) = words.next() else {
        return Ok(Exit::Usage);
    };
    let words: Vec<OsString> = words.collect();
    Err(process::exec_child(args.parent, Path::new(&program), &words).into())
}
