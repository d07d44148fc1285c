"""An order at three services: reserved, charged and booked, or in net effect none of it.

Each act is an op, which calls a service; the way back is that of `saga.py`: a hook on failure starts a job
of compensations. A service that says when to come again (HTTP 429 with `Retry-After`) is called again then:
a RetryPolicy knows no such word, so the op asks for the retry itself.
"""

from dagster import (
    Definitions,
    ExecutorDefinition,
    In,
    Nothing,
    OpDefinition,
    OpExecutionContext,
    RetryPolicy,
    job,
    op,
)

from .saga import undo_job, undoes_with
from .steps import Steps

# The name of the job.
ORDER = "order"

# What stands in place of a source in the calls of an order.
ORDERS = "orders"

# The acts in order, and the compensations in theirs.
ACTS = ("reserve", "charge", "book")
COMPENSATIONS = ("undo_book", "undo_charge", "undo_reserve")


def order_definitions(retry: RetryPolicy, executor: ExecutorDefinition | None = None) -> Definitions:
    """The job of an order, undone when it fails, and the job that undoes it; the resource `steps` is the
    caller's."""
    undo = undo_job(
        f"undo_{ORDER}", "Undoes an order", ORDERS, [(step, None) for step in COMPENSATIONS], retry
    )

    @job(name=ORDER, executor_def=executor, hooks={undoes_with(undo)})
    def order() -> None:
        """All or nothing: reserve, charge, book."""
        before = None
        for step in ACTS:
            act = _act(step, retry, first=before is None)
            before = act() if before is None else act(before)

    return Definitions(jobs=[order, undo])


def _act(step: str, retry: RetryPolicy, first: bool) -> OpDefinition:
    """An act as an op, which waits for the one before it."""
    inputs = {} if first else {"before": In(Nothing)}

    @op(name=step, ins=inputs, retry_policy=retry)
    def acted(context: OpExecutionContext, steps: Steps) -> None:
        steps.call(context, ORDERS, step)

    return acted
