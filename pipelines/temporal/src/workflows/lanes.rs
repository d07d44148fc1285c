//! Bounded concurrency in a workflow.
//!
//! The SDK polls its own futures only, in a fixed order, so that a replay sees the same order:
//! `join_all` of `temporalio_sdk::workflows` is one of them, `buffer_unordered` of the `futures` crate
//! is not, and a workflow that uses it fails each of its tasks for ever. So `lanes` futures share one
//! queue under `join_all`; each takes the next item when it has done its last.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

use temporalio_sdk::WorkflowTermination;
use temporalio_sdk::workflows::join_all;

/// Calls `work` for each item, at most `lanes` at a time, and gives the results in the items' order.
///
/// # Errors
/// The first error, in the order of time. After it no lane takes another item, but what is in flight
/// is waited for: nothing is left running that nobody waits for.
pub async fn in_lanes<T, R, F>(
    items: impl IntoIterator<Item = T>,
    lanes: usize,
    work: impl Fn(T) -> F,
) -> Result<Vec<R>, WorkflowTermination>
where
    F: Future<Output = Result<R, WorkflowTermination>>,
{
    let queue: RefCell<VecDeque<(usize, T)>> =
        RefCell::new(items.into_iter().enumerate().collect());
    let lanes = lanes.min(queue.borrow().len());
    let results = RefCell::new(Vec::with_capacity(queue.borrow().len()));
    let first_error = Cell::new(None);
    let failed = Cell::new(false);
    join_all((0..lanes).map(|_| async {
        while !failed.get() {
            // Taken in a statement of its own: the borrow must end before the wait.
            let next = queue.borrow_mut().pop_front();
            let Some((index, item)) = next else { break };
            match work(item).await {
                Ok(result) => results.borrow_mut().push((index, result)),
                Err(error) if !failed.replace(true) => first_error.set(Some(error)),
                Err(_) => {}
            }
        }
    }))
    .await;
    if let Some(error) = first_error.take() {
        return Err(error);
    }
    let mut results = results.into_inner();
    results.sort_by_key(|(index, _)| *index);
    Ok(results.into_iter().map(|(_, result)| result).collect())
}
