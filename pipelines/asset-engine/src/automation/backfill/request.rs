//! Whether a backfill was asked for before, and in the same way.

use crate::event::BackfillRecord;
use crate::executor::EngineError;
use crate::graph::other_work;

/// Whether a backfill that is known was asked for in the same way.
pub(super) fn same_request(
    known: &BackfillRecord,
    asked: &BackfillRecord,
) -> Result<(), EngineError> {
    let conflict = |field: &str, recorded: String, requested: String| {
        Err(EngineError::BackfillConflict {
            id: asked.id.clone(),
            field: field.to_owned(),
            recorded,
            requested,
        })
    };
    // A catalog of an older version does not say.
    if !known.identity.is_empty()
        && let Some(other) = other_work(&known.identity, &asked.identity)
    {
        return conflict(&other.part, other.asked_on, other.own);
    }
    let settings = |record: &BackfillRecord| {
        let partitions = match record.partitions.as_slice() {
            [] => "none".to_owned(),
            [only] => only.clone(),
            [first, .., last] => format!("{} from {first} to {last}", record.partitions.len()),
        };
        [
            ("selection", record.selection.to_string()),
            ("partitions", partitions),
            ("per run", record.per_run.to_string()),
            ("at once", record.at_once.to_string()),
            ("mode", format!("{:?}", record.mode)),
            ("configuration", record.config.to_string()),
            ("tags", format!("{:?}", record.tags)),
        ]
    };
    for ((field, recorded), (_, requested)) in settings(known).into_iter().zip(settings(asked)) {
        if recorded != requested {
            return conflict(field, recorded, requested);
        }
    }
    if known.partitions != asked.partitions {
        let (recorded, requested) = (known.partitions.join(" "), asked.partitions.join(" "));
        return conflict("partitions", recorded, requested);
    }
    Ok(())
}
