//! What is kept of a trial when its session ends.

use orchbench_etl::services::{Call, Services};

use super::Trial;
use crate::engine::event_log::seals;
use crate::engine::{Session, TrialError, Work};
use orchbench_evidence::record::{AppliedRow, EventBody, ServiceAnswer};

impl Trial<'_> {
    /// Ends the session; nothing of the warehouse is kept.
    pub fn close(&self, session: Box<dyn Session>) -> Result<(), TrialError> {
        self.note_below(&*session);
        session.close()?;
        self.seal()
    }

    /// Ends the session and keeps, for the checker, the engine's account of the runs and what
    /// they left in the warehouse.
    pub fn close_and_keep(
        &self,
        session: Box<dyn Session>,
        works: &[Work],
    ) -> Result<(), TrialError> {
        self.keep_accounts(&*session, works)?;
        self.close_and_keep_rows(session, works)
    }

    /// Keeps the engine's account of the runs, of a trial with a journal.
    pub fn keep_accounts(&self, session: &dyn Session, works: &[Work]) -> Result<(), TrialError> {
        if self.journal_dir().exists() {
            for work in works {
                self.keep_account(session, work)?;
            }
        }
        Ok(())
    }

    /// Ends the session and keeps what the runs left in the warehouse.
    pub fn close_and_keep_rows(
        &self,
        session: Box<dyn Session>,
        works: &[Work],
    ) -> Result<(), TrialError> {
        self.note_below(&*session);
        session.close()?;
        let sources: Vec<&str> = works.iter().filter_map(Work::source).collect();
        super::keep_warehouse(&self.open, &self.plan.id, &sources, &self.warehouse())?;
        self.seal()
    }

    /// The same of orders, whose effects are in the ledger of their services: that is kept, and nothing of
    /// the warehouse.
    pub fn close_and_keep_calls(
        &self,
        session: Box<dyn Session>,
        works: &[Work],
        services: &Services,
    ) -> Result<(), TrialError> {
        self.keep_accounts(&*session, works)?;
        self.note_below(&*session);
        // From here on nobody calls any more.
        session.close()?;
        let calls: Vec<AppliedRow> = services.calls().into_iter().map(applied).collect();
        self.open.write_applied(&calls)?;
        self.seal()
    }

    fn keep_account(&self, session: &dyn Session, work: &Work) -> Result<(), TrialError> {
        let Some(account) = session.account(work)? else {
            return Ok(());
        };
        self.record(EventBody::EngineHistory {
            run: work.run.clone(),
            succeeded: account.succeeded,
            steps: account.steps,
        })
    }

    fn seal(&self) -> Result<(), TrialError> {
        let journal = self.journal_dir();
        if !journal.exists() {
            return Ok(());
        }
        self.record(EventBody::JournalSealed {
            files: seals(&journal)?,
        })
    }
}

/// A call that a service took, as a line of the applied log.
fn applied(call: Call) -> AppliedRow {
    AppliedRow {
        seq: call.seq,
        key: call.key,
        step: call.step.to_string(),
        partition: None,
        attempt: call.attempt,
        token: call.token,
        rows_changed: u64::from(call.changed),
        answer: Some(ServiceAnswer {
            t_ns: call.t_ns,
            status: call.status,
            retry_after_ms: call.retry_after_ms,
        }),
    }
}
