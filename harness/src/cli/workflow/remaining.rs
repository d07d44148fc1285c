//! `start --remaining`: a backfill again, but only what has not ended well under its id.

use std::time::Duration;

use orchbench_temporal::Client;
use serde_json::{Value, json};

use crate::output;

/// A closed backfill is replayed for the answer.
const PATIENCE: Duration = Duration::from_secs(9);

/// Narrows a backfill's arguments to what remains of the latest execution of this id, which is all of it
/// when that one ended before it knew its partitions; false when nothing remains.
pub(super) async fn narrow(
    client: &Client,
    id: &str,
    arguments: &mut [Value],
) -> anyhow::Result<bool> {
    let remaining = client.query(id, None, "remaining", &[], PATIENCE).await?;
    let progress = client.query(id, None, "progress", &[], PATIENCE).await?;
    let left = remaining.as_array().map_or(0, Vec::len);
    let all = progress["partitions"].as_u64().unwrap_or_default();
    if all == 0 {
        output::note(&format!(
            "note: workflow {id}: nothing was begun; all remains"
        ));
        return Ok(true);
    }
    output::note(&format!(
        "note: workflow {id}: {} of {all} partitions are done already, {left} remain",
        all.saturating_sub(left as u64)
    ));
    if left == 0 {
        return Ok(false);
    }
    for argument in arguments {
        if argument.is_string() {
            *argument = json!({"pipeline": argument.take()});
        }
        argument["only"] = remaining.clone();
    }
    Ok(true)
}
