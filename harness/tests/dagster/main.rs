//! Real Dagster as an engine: its worker behind the line protocol, its account, and the project that
//! its users would open. They need the Python that `ORCHBENCH_PYTHON` names, else that of orchbench's
//! own environment; without Dagster there they say so and do nothing.

mod deployed;
mod driver;
mod faults;
mod instance;
mod noop;
mod pipeline;
mod project;
mod synthetic;

pub(crate) type Outcome = anyhow::Result<()>;
