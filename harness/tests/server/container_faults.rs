//! Faults on containers: Temporal's server off its Docker network, and the PostgreSQL that has
//! its store and the warehouse killed, frozen and stopped, on both engines.

use std::path::Path;

use anyhow::{Result, ensure};
use serde_json::Value;

use crate::events::events;
use crate::images::images;
use crate::run_on_docker;

const HEAD: &str = r#"
description = "the test's own"
seed = 7

[[scenario]]
name = "fault-plans"
blocks = 1

[scenario.parameters]
arms = ["supervised"]
"#;

const PLANS: [(&str, u64); 4] = [
    ("disconnect-network", 2500),
    ("kill-database", 500),
    ("pause-database", 1000),
    ("stop-database", 500),
];

#[test]
fn containers_break_in_every_way_and_the_run_ends_right() -> Result<()> {
    if images().is_none() {
        return Ok(());
    }
    let plans = PLANS.map(|(fault, hold_ms)| {
        format!(
            r#"
[[scenario.parameters.plans]]
name = "{fault}"
[[scenario.parameters.plans.faults]]
fault = "{fault}"
at = {{ step = "load", point = "before_effect" }}
hold_ms = {hold_ms}
"#
        )
    });
    // A fault that hit nothing, or a verdict other than a pass, would end it otherwise.
    let folder = run_on_docker(&(HEAD.to_owned() + &plans.concat()))?;

    let fired = fired(&folder.path().join("results"))?;
    let of = |name: &str| fired.iter().filter(|event| event["fault"] == name).count();
    ensure!(of("disconnect-network") == 1, "{fired:?}");
    for name in ["kill-database", "pause-database", "stop-database"] {
        ensure!(of(name) == 2, "{name}: once an engine: {fired:?}");
    }
    let on_database = fired
        .iter()
        .filter(|event| event["fault"] != "disconnect-network");
    for event in on_database {
        ensure!(
            event["pid"].is_u64(),
            "not the container's process: {event}"
        );
    }
    Ok(())
}

/// What the harness says that it struck.
fn fired(results: &Path) -> Result<Vec<Value>> {
    let mut fired = Vec::new();
    for line in events(results)?.lines() {
        let event: Value = serde_json::from_str(line)?;
        if event["event"] == "fault_fired" {
            fired.push(event);
        }
    }
    Ok(fired)
}
