//! The `orchbench` binary: parses, dispatches, and turns the outcome into an exit code.

use clap::Parser;
use orchbench::cli::{Cli, dispatch};
use orchbench::exit::Exit;
use orchbench::output;

fn main() {
    let code = match Cli::try_parse() {
        Ok(cli) => dispatch(cli)
            .unwrap_or_else(|error| {
                output::note(&format!("error: {error:#}"));
                Exit::of(&error)
            })
            .code(),
        Err(said) => {
            output::of_clap(&said);
            said.exit_code()
        }
    };
    // What was not printed was not done.
    std::process::exit(match output::finish() {
        Ok(()) => code,
        Err(lost) => {
            output::note(&format!("error: {lost}"));
            Exit::Unexpected.code()
        }
    });
}
