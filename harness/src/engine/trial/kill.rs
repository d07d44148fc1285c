//! SIGKILL of what a trial's engine consists of.

use super::Trial;
use crate::engine::{Session, Strike, Target, TrialError};
use orchbench_evidence::record::EventBody;

impl Trial<'_> {
    /// Kills a service and records that; `None` where there is none.
    pub fn kill_service(
        &self,
        session: &dyn Session,
        service: Target,
    ) -> Result<Option<u32>, TrialError> {
        let pid = session.strike_service(service, Strike::Kill)?;
        if pid.is_some() {
            self.record(EventBody::ServerKilled { pid })?;
        }
        Ok(pid)
    }

    /// Kills every service and all workers, as the loss of the whole host would, and says which
    /// processes these were.
    pub fn kill_all(&self, session: &dyn Session) -> Result<Vec<u32>, TrialError> {
        let mut killed = Vec::new();
        for service in (self.engine.beside)(self.execution()?) {
            killed.extend(self.kill_service(session, *service)?);
        }
        for pid in session.workers() {
            session.strike_worker(pid, Strike::Kill)?;
            killed.push(pid);
        }
        Ok(killed)
    }
}
