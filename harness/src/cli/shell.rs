//! `orchbench completions` and `orchbench man`: what a shell and `man` want to know of the
//! command line, from its own definition.

use clap::CommandFactory as _;
use clap_complete::Shell;

use super::Cli;
use crate::exit::Exit;
use crate::output;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The shell.
    shell: Shell,
}

pub(super) fn completions(args: &Args) -> anyhow::Result<Exit> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "orchbench", &mut text);
    print(text)
}

/// One page: the commands with their options follow each other as sections.
pub(super) fn manual() -> anyhow::Result<Exit> {
    let mut text = Vec::new();
    clap_mangen::Man::new(Cli::command()).render(&mut text)?;
    for command in Cli::command()
        .get_subcommands()
        .filter(|each| !each.is_hide_set())
    {
        let page = clap_mangen::Man::new(command.clone().display_name(command.get_name()));
        page.render_synopsis_section(&mut text)?;
        page.render_description_section(&mut text)?;
        page.render_options_section(&mut text)?;
    }
    print(text)
}

fn print(text: Vec<u8>) -> anyhow::Result<Exit> {
    output::line(String::from_utf8(text)?.trim_end());
    Ok(Exit::Done)
}
