//! How attempts, steps and the run end.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use rand::SeedableRng;
use rand::rngs::StdRng;

use super::{
    Attempt, Effects, Event, FailedStep, Made, Materialization, Now, RunOutcome, RunState,
    RunStatus, SkipReason, Status, StepFailure,
};
use crate::plan::{observation, seen};

impl RunState {
    /// Takes the end of an attempt.
    pub fn finish(
        &mut self,
        step: u32,
        result: Result<Made, StepFailure>,
        now: Now,
        clock_ns: u64,
        effects: &mut Effects,
    ) {
        match result {
            Ok(made) => self.finish_well(step, made, now, effects),
            Err(failure) => self.finish_failed(step, failure, now, clock_ns, effects),
        }
        self.end_if_done(now, effects);
    }

    /// Takes the results of an attempt that ended well.
    fn finish_well(&mut self, step: u32, made: Made, now: Now, effects: &mut Effects) {
        let steps = self.made_with(step);
        for (&step, output) in steps.iter().zip(made.outputs) {
            let Some(output) = output else {
                self.leave_out(step, step, now, effects);
                continue;
            };
            let external = self.graph.asset(self.plan.step(step).asset).is_external();
            let (event, output) = if external {
                let look = observation(&output);
                let output = seen(look.clone(), output.epoch);
                (Event::Observed(Arc::new(look)), output)
            } else {
                (Event::Materialized(Arc::clone(&output)), output)
            };
            effects.draft(now, event);
            self.counts.materialized += 1;
            self.end_well(step, output);
        }
        for (at, check) in made.checks {
            if check.blocks() {
                self.counts.blocked += 1;
                self.steps[steps[at] as usize].blocked = true;
            }
            effects.draft(now, Event::Checked(check));
        }
        for step in steps {
            let state = self.steps[step as usize];
            if state.left_out {
                self.leave_out_downstream(step, now, effects);
            } else if state.blocked {
                self.skip_downstream(step, now, effects);
            } else {
                self.pass_on(vec![step], effects);
            }
        }
    }

    /// Ends every step that has not begun.
    pub fn cancel(&mut self, now: Now, effects: &mut Effects) {
        self.canceled = true;
        for step in 0..self.step_count() {
            let status = self.steps[step as usize].status;
            if matches!(status, Status::Waiting | Status::Queued) && !self.is_being_made(step) {
                self.steps[step as usize].status = Status::Ended;
                self.open -= 1;
                self.counts.canceled += 1;
                let event = self.skipped(step, SkipReason::Canceled);
                effects.draft(now, event);
            }
        }
        self.end_if_done(now, effects);
    }

    fn finish_failed(
        &mut self,
        step: u32,
        failure: StepFailure,
        now: Now,
        clock_ns: u64,
        effects: &mut Effects,
    ) {
        let state = &mut self.steps[step as usize];
        state.failures += 1;
        let state = *state;
        let policy = &self.graph.asset(self.plan.step(step).asset).retry;
        let again = !self.canceled
            && policy.retries(&failure)
            && policy.allows(state.tried(), state.crashed);
        if !again {
            self.fail(step, state.attempts, failure, now, effects);
            return;
        }
        let by_policy_ns = policy.delay_ns(state.failures, &mut self.jitter(step, state.attempts));
        let told_ns = failure
            .retry_after_ms
            .unwrap_or(0)
            .saturating_mul(1_000_000);
        let delay_ns = by_policy_ns.max(told_ns);
        self.steps[step as usize].status = Status::Queued;
        effects
            .delayed
            .push((clock_ns.saturating_add(delay_ns), step));
        let event = Event::AttemptFailed {
            attempt: self.attempt(step, state.attempts),
            failure,
            retry_delay_ns: Some(delay_ns),
            check: self.graph.asset(self.plan.step(step).asset).check,
        };
        effects.draft(now, event);
    }

    /// Jitter only has to differ between steps and attempts, so it is drawn from their names: the
    /// same run retries at the same times, which makes a trial repeatable.
    fn jitter(&self, step: u32, attempt: u32) -> StdRng {
        let mut hasher = DefaultHasher::new();
        self.attempt(step, attempt).hash(&mut hasher);
        StdRng::seed_from_u64(hasher.finish())
    }

    /// Fails a step for good.
    pub(super) fn fail(
        &mut self,
        step: u32,
        attempt: u32,
        failure: StepFailure,
        now: Now,
        effects: &mut Effects,
    ) {
        let event = Event::AttemptFailed {
            attempt: self.attempt(step, attempt),
            failure: failure.clone(),
            retry_delay_ns: None,
            check: self.graph.asset(self.plan.step(step).asset).check,
        };
        effects.draft(now, event);
        self.note_failure(step, attempt, failure);
        self.steps[step as usize].status = Status::Ended;
        self.open -= 1;
        self.skip_with(step, now, effects);
    }

    pub(super) fn note_failure(&mut self, step: u32, attempt: u32, failure: StepFailure) {
        let Attempt {
            asset, partition, ..
        } = self.attempt(step, attempt);
        self.counts.failed += 1;
        self.failures.push(FailedStep {
            asset,
            partition: partition.as_deref().map(str::to_owned),
            attempt,
            failure,
        });
    }

    pub(super) fn end_if_done(&mut self, now: Now, effects: &mut Effects) {
        if self.open > 0 || self.ended {
            return;
        }
        self.ended = true;
        let aborted = |failed: &FailedStep| failed.failure.error_type == StepFailure::ABORTED;
        let status = if self.counts.canceled > 0 || self.failures.iter().any(aborted) {
            RunStatus::Canceled
        } else if self.counts.failed + self.counts.skipped + self.counts.blocked > 0 {
            RunStatus::Failure
        } else {
            RunStatus::Success
        };
        effects.draft(
            now,
            Event::RunEnded {
                run: Arc::clone(&self.record.run),
                status,
                fresh: self.counts.fresh,
            },
        );
        let own = |made: &Arc<Materialization>| made.run == self.record.run;
        let mut cut_windows = self.plan.cut_windows(&self.graph);
        cut_windows.retain(|cut| {
            let asset = self.graph.index(&cut.asset);
            let step = asset.and_then(|asset| {
                let partitions = &self.graph.asset(asset).partitions;
                self.plan
                    .find(asset, partitions.position(cut.partition.as_deref())?)
            });
            let made = step.and_then(|step| self.outputs[step as usize].as_ref());
            made.is_some_and(own)
        });
        effects.ended = Some(RunOutcome {
            run: self.record.run.to_string(),
            status,
            ended_before: false,
            steps: self.counts,
            failures: std::mem::take(&mut self.failures),
            materializations: std::mem::take(&mut self.outputs)
                .into_iter()
                .flatten()
                .filter(own)
                .collect(),
            cut_windows,
        });
    }
}
