//! What a piece costs beside a plain workflow with a child a lane, whose activities put the same object and make a
//! commit of the same size, without looking at what there is: in turns on one server. The time of a run over its pieces.

use anyhow::Result;
use orchbench_assets_on_temporal::MaterializeInput;
use orchbench_bench::{in_turns, is_quick};
use orchbench_evidence::document::number;
use serde_json::json;

use super::graph::Chain;
use super::lab::{Lab, Side};
use super::met;

/// At most so many times the plain one.
const BOUND: f64 = 1.25;

pub fn measure(lab: &Lab) -> Result<String> {
    let (pairs, partitions, assets) = if is_quick() { (1, 4, 5) } else { (3, 20, 100) };
    let place = lab.place("cost")?;
    let chain = Chain {
        store: Some(place.store.clone()),
        ..Chain::empty(partitions, assets)
    };
    let workers = [
        place.worker(&chain, None, Side::Assets)?,
        place.worker(&chain, None, Side::Plain)?,
    ];
    let at_once = MaterializeInput::new("any").at_once;
    let mut run = 0;
    let mut assets_run = || {
        run += 1;
        let (took, _) = place.run(&MaterializeInput::new(format!("run-{run}")))?;
        Ok(took.as_secs_f64() * 1e3 / f64::from(chain.steps()))
    };
    let mut number_of = 0;
    let mut plain = || {
        number_of += 1;
        let id = format!("plain-{number_of}");
        let argument = json!({ "lanes": partitions, "steps": assets, "at_once": at_once });
        let (took, _) = place.workflow(Side::Plain, "PlainWorkflow", &id, argument)?;
        Ok(took.as_secs_f64() * 1e3 / f64::from(chain.steps()))
    };
    // Both are warm then.
    assets_run()?;
    plain()?;
    let mut of_pairs = in_turns(pairs, assets_run, plain)?;
    for worker in workers {
        worker.stop()?;
    }
    of_pairs.sort_by(|a, b| (a.0 / a.1).total_cmp(&(b.0 / b.1)));
    let ratio = |pair: &(f64, f64)| pair.0 / pair.1;
    let middle = &of_pairs[of_pairs.len() / 2];
    let (low, high) = (&of_pairs[0], &of_pairs[of_pairs.len() - 1]);
    let within = met(ratio(middle) <= BOUND);
    Ok(format!(
        "| {partitions} × {assets}, {at_once} lanes at once; ms a piece | assets on Temporal | plain child workflows | ratio, least to most | pairs | bound |\n\
         |---|---|---|---|---|---|\n\
         | a commit and a put of 1 KiB | {} | {} | {} ({} to {}) | {pairs} | at most {BOUND}: {within} |",
        number(middle.0),
        number(middle.1),
        number(ratio(middle)),
        number(ratio(low)),
        number(ratio(high)),
    ))
}
