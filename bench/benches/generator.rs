//! How late the open loop's own generator is: 2,000 starts a second against an engine that does
//! nothing, so that whatever is late is the generator. Printed, not asserted: it holds on an idle
//! machine.

use std::time::Duration;

use anyhow::Context;
use orchbench::experiment::open_loop::{Arrivals, Offer, observe};
use orchbench_evidence::stats::{LEVEL, percentile};

fn main() -> anyhow::Result<()> {
    for arrivals in [Arrivals::Poisson, Arrivals::Constant] {
        let offer = Offer {
            arrivals,
            rate_per_s: 2_000.0,
            duration: Duration::from_secs(2),
            drain: Duration::from_secs(1),
            seed: 1,
        };
        let seen = observe(&offer, |_, _| true)?;
        let at = |p: f64| percentile(&seen.lateness_ms, p, LEVEL).map(|found| found.value);
        println!(
            "generator at 2,000 starts a second, {}: {} of {} runs completed; lateness p50 {:.3} ms, p99 {:.3} ms",
            arrivals.as_str(),
            seen.completed,
            seen.offered,
            at(0.5).context("no runs")?,
            at(0.99).context("no runs")?
        );
    }
    Ok(())
}
