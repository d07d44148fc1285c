//! The `orchbench` binary: parses, dispatches, and turns the outcome into an exit code.

use clap::Parser;
use orchbench::cli::{Cli, dispatch};
use orchbench::exit::Exit;
use orchbench::output;

fn main() {
    let exit = dispatch(Cli::parse()).unwrap_or_else(|error| {
        output::note(&format!("error: {error:#}"));
        Exit::of(&error)
    });
    std::process::exit(exit.code());
}
