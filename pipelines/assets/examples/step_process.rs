//! One step of the ETL as a process: an order on standard input, an answer on standard output. The
//! tests run it; `orchbench step --json` is the one for users.

use anyhow::{Context, ensure};
use orchbench_etl::Etl;
use orchbench_etl::process::{Answer, Order};
use rustix::process::{Signal, getppid, set_parent_process_death_signal};

fn main() -> anyhow::Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    let parent: i32 = std::env::var(asset_engine::PARENT_PID_VARIABLE)?.parse()?;
    let alive = getppid().is_some_and(|pid| pid.as_raw_nonzero().get() == parent);
    ensure!(alive, "parent process {parent} is gone");
    let order: Order = serde_json::from_reader(std::io::stdin().lock()).context("order")?;
    let answer: Answer = Etl::open(order.config)?.call(&order.call).into();
    serde_json::to_writer(std::io::stdout().lock(), &answer)?;
    Ok(())
}
