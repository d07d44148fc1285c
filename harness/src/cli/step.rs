//! `orchbench step`: one ETL step as a process of its own, for engines that execute their steps so
//! and for pipes of other orchestrators. Standard input holds an order, `{"config": …, "call": …}`;
//! standard output gets the answer, the step's output or its error, as JSON
//! ([`orchbench_etl::process`]), with exit code 0 either way, as a step's failure is an answer.
//! Started by Dagster Pipes, the same stands in the extras and in a custom message, see [`pipes`].

mod pipes;

use std::io::Read;

use anyhow::Context;
use orchbench_etl::dataset::Dataset;
use orchbench_etl::process::{Answer, Order, PARENT_VARIABLE};
use orchbench_etl::{Etl, StepCall, StepError, StepName, StepOutput};
use pipes::Pipes;

use crate::exit::{Exit, UsageError};
use crate::output;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The step; standard input must call the same one.
    name: Option<StepName>,
    /// Accepted for clarity in scripts: input and output are JSON in any case.
    #[arg(long)]
    json: bool,
    /// Take no order, do nothing and answer `null`: what is left is the cost of the process.
    #[arg(long, conflicts_with = "name")]
    noop: bool,
}

pub(super) fn run(args: &Args) -> anyhow::Result<Exit> {
    bind_to_engine()?;
    if args.noop {
        output::line("null");
        return Ok(Exit::Done);
    }
    if let Some(pipes) = Pipes::from_environment()? {
        let order = serde_json::from_value(pipes.extras()?);
        pipes.answer(&args.execute(order, "extras of Dagster Pipes")?)?;
        return Ok(Exit::Done);
    }
    let mut text = String::new();
    std::io::stdin()
        .read_to_string(&mut text)
        .context("standard input")?;
    let answer = args.execute(serde_json::from_str(&text), "standard input")?;
    output::line(&serde_json::to_string(&Answer::from(answer))?);
    Ok(Exit::Done)
}

impl Args {
    /// Executes what was ordered at `place`.
    fn execute(
        &self,
        order: serde_json::Result<Order>,
        place: &str,
    ) -> anyhow::Result<Result<StepOutput, StepError>> {
        let order = order.map_err(|error| {
            UsageError(format!(
                "{place}: expected {{\"config\": …, \"call\": …}}, found {error}"
            ))
        })?;
        if let Some(name) = self.name.filter(|name| *name != order.call.step()) {
            let found = order.call.step();
            return Err(
                UsageError(format!("{place}: expected a call of {name}, found {found}")).into(),
            );
        }
        let etl = Etl::open(order.config)?;
        let answer = etl.call(&order.call);
        if let Ok(output) = &answer {
            warn(&etl, &order.call, output);
        }
        Ok(answer)
    }
}

/// Says what is unusual about an extract that succeeded, to standard error.
fn warn(etl: &Etl, call: &StepCall, output: &StepOutput) {
    let (Some(dataset), StepOutput::Extracted(extracted), Ok(source)) = (
        Dataset::extracted_by(call.step()),
        output,
        etl.source(&call.source),
    ) else {
        return;
    };
    for warning in source.warnings([(dataset, call.partition, extracted)]) {
        output::note(&format!("warning: {warning}"));
    }
}

/// A step that an engine started dies with it.
fn bind_to_engine() -> anyhow::Result<()> {
    for name in [PARENT_VARIABLE, asset_engine::PARENT_PID_VARIABLE] {
        let Ok(parent) = std::env::var(name) else {
            continue;
        };
        let parent = parent
            .parse()
            .map_err(|_| UsageError(format!("{name}: expected a process id, found {parent:?}")))?;
        orchbench_lab::process::die_with_parent(parent)?;
    }
    Ok(())
}
