//! One step of the ETL as a process: `{config, call}` on standard input, a step output or a step
//! error on standard output. The tests run it; `orchbench step --json` is the one for users.

use std::io::Write;

use anyhow::{Context, ensure};
use orchbench_etl::{Etl, EtlConfig, StepCall};
use rustix::process::{Signal, getppid, set_parent_process_death_signal};
use serde::Deserialize;

#[derive(Deserialize)]
struct Request {
    config: EtlConfig,
    call: StepCall,
}

fn main() -> anyhow::Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    let parent: i32 = std::env::var(asset_engine::PARENT_PID_VARIABLE)?.parse()?;
    let alive = getppid().is_some_and(|pid| pid.as_raw_nonzero().get() == parent);
    ensure!(alive, "parent process {parent} is gone");
    let request: Request = serde_json::from_reader(std::io::stdin().lock()).context("request")?;
    let answer = match Etl::open(request.config)?.call(&request.call) {
        Ok(output) => serde_json::to_vec(&output)?,
        Err(error) => serde_json::to_vec(&error)?,
    };
    std::io::stdout().lock().write_all(&answer)?;
    Ok(())
}
