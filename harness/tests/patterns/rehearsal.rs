//! A workload rehearsed: steps that pretend to work, as they are and under a kill.

use anyhow::{Result, ensure};

use crate::audit;
use crate::made::{all_values, run};

const SIZES: &str = "parameters = { steps = 6, step_ms = 100, failed_share = 0.2 }";

/// On an engine whose runs outlive a kill both runs end well, after the time of their work and of the
/// attempts that failed.
fn rehearsed(engine: &str) -> Result<()> {
    let more = format!("arms = [{{ engine = \"{engine}\", settings = [\"default\"] }}]\n{SIZES}");
    let run = run(engine, &[("rehearsal", &more)], 0)?;
    let of = |metric: &str| all_values(&run, metric);
    let wrong = of("rehearsals_wrong")?;
    ensure!(wrong == [0.0, 0.0], "{wrong:?}");
    let failures = of("planned_failures")?;
    let least_ms = (6.0 + failures[0]) * 100.0 + failures[0] * 200.0;
    let times = of("rehearsal_ms")?;
    ensure!(times.iter().all(|ms| *ms >= least_ms), "{times:?}");
    audit::agrees(&run.path().join("results"), &[])
}

#[test]
fn a_workload_is_rehearsed_on_temporal() -> Result<()> {
    rehearsed("temporal")
}

#[test]
fn a_workload_is_rehearsed_on_the_asset_engine() -> Result<()> {
    rehearsed("asset-engine")
}
