//! The command line: one file a command, each a thin layer over the library.

mod advise;
mod analyze;
mod assets;
mod check;
mod compare;
mod connection;
mod exec_child;
mod export;
mod generate;
mod list;
mod materialize;
mod report;
mod run;
mod server;
mod shell;
mod step;
mod worker;
mod workflow;

use clap::{Parser, Subcommand};

use crate::exit::Exit;
use crate::output;

const AFTER: &str = "Exit codes: 0 done; 1 unexpected; 2 usage or configuration; 3 an invariant broken; \
4 the checker says unknown, required trials are void or missing, or the evidence is not as sealed; 5 an \
engine, server or worker that was asked for could not be reached; 6 a workflow failed; 7 it was cancelled; \
8 terminated; 9 it timed out; 10 two runs have nothing that can be compared; 11 one is worse; 130 interrupted. Where several apply: 1, 3, 5, 4.";

/// Measure durable workflows (Temporal) against asset orchestration, with faults injected
/// and the outcome checked by an independent witness.
#[derive(Debug, Parser)]
#[command(name = "orchbench", version, after_help = AFTER)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a profile's trials, check them and write the report.
    Run(run::Args),
    /// Engines, experiments, faults, scenarios, claims and profiles, and what is available here.
    List(list::Args),
    /// Check and measure again, from a results folder; no engine needed.
    Analyze(analyze::Args),
    /// The checker by itself, on a results folder; --mutations scores it on planted faults.
    Check(check::Args),
    /// Write the report again, from a results folder; no engine needed.
    Report(report::Args),
    /// What changed from one run to another, as far as the two can tell.
    Compare(compare::Args),
    /// For which option the needs of a workload speak, by a results folder; --adr writes a decision record.
    Advise(advise::Args),
    /// A results folder as one file, which analyze and check read like the folder.
    Export(export::Args),
    /// Materialize assets on the asset engine.
    Materialize(materialize::Args),
    /// The asset engine by hand: status, lineage, runs, backfills, automation.
    Assets(assets::Args),
    /// Be the process that does an engine's work.
    Worker(worker::Args),
    /// Do one ETL step as a process of its own: JSON in, JSON out.
    Step(step::Args),
    /// A Temporal server that orchbench provisions.
    Server(server::Args),
    /// The Temporal pipelines by hand: start, signal, query, update, describe, show.
    Workflow(workflow::Args),
    /// Write a seeded, larger input of the same shape.
    Generate(generate::Args),
    /// Completions for a shell, to standard output.
    Completions(shell::Args),
    /// The manual page (roff), to standard output: `orchbench man | man -l -`.
    Man,
    #[command(hide = true)]
    ExecChild(exec_child::Args),
    /// Waits for the end of its harness and sweeps what that left.
    #[command(hide = true)]
    Guard,
}

/// The whole program: parses the command line, does what it says, and gives the exit code. Another
/// program's `main` may add engines of its own first ([`crate::engine::add`]).
pub fn main() -> i32 {
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
    match output::finish() {
        Ok(()) => code,
        Err(lost) => {
            output::note(&format!("error: {lost}"));
            Exit::Unexpected.code()
        }
    }
}

/// In a program that is not `orchbench` but starts children as if it were (a benchmark):
/// does a child's work and ends, when that is what this process was started for.
pub fn serve_if_child() {
    let child = ["exec-child", "guard", "step", "worker"];
    if std::env::args()
        .nth(1)
        .is_some_and(|word| child.contains(&word.as_str()))
    {
        let exit = dispatch(Cli::parse()).unwrap_or_else(|error| {
            output::note(&format!("error: {error:#}"));
            Exit::of(&error)
        });
        std::process::exit(exit.code());
    }
}

/// Does what the command line says.
pub fn dispatch(cli: Cli) -> anyhow::Result<Exit> {
    match cli.command {
        Command::Run(args) => run::run(args),
        Command::List(args) => list::run(&args),
        Command::Analyze(args) => analyze::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Report(args) => report::run(&args),
        Command::Compare(args) => compare::run(&args),
        Command::Advise(args) => advise::run(&args),
        Command::Export(args) => export::run(&args),
        Command::Materialize(args) => materialize::run(args),
        Command::Assets(args) => assets::run(args),
        Command::Worker(args) => worker::run(args),
        Command::Step(args) => step::run(&args),
        Command::Server(args) => server::run(args),
        Command::Workflow(args) => workflow::run(args),
        Command::Generate(args) => generate::run(&args),
        Command::Completions(args) => shell::completions(&args),
        Command::Man => shell::manual(),
        Command::ExecChild(args) => exec_child::run(args),
        Command::Guard => Ok(orchbench_lab::process::run_guard().map(|_| Exit::Done)?),
    }
}
