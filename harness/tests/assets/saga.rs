//! The emulated saga: an order that fails is undone, in reverse, once.

use anyhow::{Result, ensure};
use serde_json::json;

use crate::folder::Folder;

const STEPS: [&str; 4] = ["materialize", "tag:saga=do", "--source", "order"];
const ONCE: [&str; 4] = ["assets", "daemon", "order", "--once"];

#[test]
fn a_failed_order_is_undone_in_reverse_and_once() -> Result<()> {
    let folder = Folder::new()?;
    folder.expect(0, &[&STEPS[..], &["--run", "good"]].concat())?;
    let fails = ["--run", "bad", "--config", r#"{"fails": "charge"}"#];
    let failed = folder.json(1, &[&STEPS[..], &fails].concat())?;
    ensure!(
        failed["failures"][0]["asset"] == "order/charged",
        "{failed}"
    );
    // Nothing undoes it before a daemon comes by: that is what the model lacks.
    let done = "do reserve good\ndo charge good\ndo ship good\ndo reserve bad\ndo charge bad\n";
    ensure!(ledger(&folder)? == done);

    let undone = folder.json(0, &ONCE)?;
    ensure!(undone["submitted"] == json!(["order-undo/bad"]), "{undone}");
    // The failed step's effect had happened, so it is undone as well; the third never began.
    let after = format!("{done}undo charge bad\nundo reserve bad\n");
    ensure!(ledger(&folder)? == after, "{}", ledger(&folder)?);

    let again = folder.json(0, &ONCE)?;
    ensure!(again["submitted"] == json!([]), "{again}");
    ensure!(ledger(&folder)? == after, "undone twice");
    Ok(())
}

fn ledger(folder: &Folder) -> Result<String> {
    Ok(std::fs::read_to_string(folder.path("work/orders.ledger"))?)
}
