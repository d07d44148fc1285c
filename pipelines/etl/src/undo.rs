//! The compensations: each undoes one act of its own run, whatever became of it.
//!
//! A compensation may be executed any number of times and says the same each time. It takes nothing
//! but the act's idempotency key: whether and how the act happened stands in the warehouse's undo log,
//! or is known to the catalogue service. An act that comes after its compensation is refused.

use orchbench_journal::{Day, ErrorType, StepName};

use crate::artifact::ArtifactStore;
use crate::config::SinkKind;
use crate::error::StepError;
use crate::etl::Etl;
use crate::outcome::Undone;
use crate::step::StepCall;
use crate::warehouse::{LoadRequest, PartitionRows, UndoLoad};

impl Etl {
    /// Executes the compensation that the call names.
    pub(crate) fn undo(
        &self,
        call: &StepCall,
        day: Option<Day>,
        progress: &dyn Fn(u64),
    ) -> Result<Undone, StepError> {
        let bad_input = |message| StepError::new(ErrorType::BadInput, message);
        let step = call.step();
        let act = call
            .undone_key()
            .ok_or_else(|| bad_input(format!("step {step}: expected a compensation")))?;
        if step == StepName::UndoAnnounce {
            return self.service().retract(call, act);
        }
        if self.config.sink.kind == SinkKind::Naive {
            return Err(bad_input(format!(
                "step {step}: expected the idempotent sink, found the naive one, which keeps nothing to go back to"
            )));
        }
        match day {
            Some(day) => self.undo_load(call, &act, day, progress),
            None => {
                let key = call.idempotency_key();
                let writer = self.writer(call, &key);
                Ok(self.warehouse.undo_publish(&writer, &act)?)
            }
        }
    }

    fn undo_load(
        &self,
        call: &StepCall,
        act: &str,
        day: Day,
        progress: &dyn Fn(u64),
    ) -> Result<Undone, StepError> {
        let key = call.idempotency_key();
        let writer = self.writer(call, &key);
        // The rows come from the artifact store, where the run before had put them.
        let before = self.warehouse.before_load(act)?;
        let rows = before
            .as_ref()
            .map(|before| {
                let artifact = ArtifactStore::reference("transformed", &before.digest, before.rows);
                self.verified_rows(&artifact)
            })
            .transpose()?;
        let previous = before
            .as_ref()
            .zip(rows.as_ref())
            .map(|(before, rows)| LoadRequest {
                writer,
                day,
                rows: PartitionRows::new(&call.source, day, rows),
                digest: &before.digest,
            });
        let request = UndoLoad {
            writer,
            act,
            day,
            previous,
        };
        Ok(self.warehouse.undo_load(&request, progress)?)
    }
}
