"""The pipeline with a way back: load, publish and announce, or in net effect none of it.

Dagster has no saga. What its users build is this: a hook on failure starts a job of compensations, in
the reverse order. Each compensation takes nothing but the name of the run, and holds whatever became of
the act; so all of them run, also of what was never begun.

What this lacks: the hook runs in the process that held the step. When that process dies, before or on
the way back, no hook runs again, and the run stays half undone until somebody looks.
"""

from collections.abc import Iterator

from dagster import (
    AssetSelection,
    BackfillPolicy,
    Definitions,
    ExecutorDefinition,
    HookContext,
    HookDefinition,
    In,
    JobDefinition,
    Nothing,
    OpDefinition,
    OpExecutionContext,
    RetryPolicy,
    define_asset_job,
    failure_hook,
    job,
    op,
)

from .assets import ONE_RUN, days_of, etl_assets, group
from .sources import Source
from .steps import RUN_TAG, Steps, run_of

# The run of Dagster that a run of compensations undoes.
UNDOES_TAG = "orchbench/undoes"


def saga_name(source: Source) -> str:
    """The name of the job with a way back."""
    return f"saga_{group(source)}"


# user code: undoing
def saga_definitions(
    source: Source,
    retry: RetryPolicy,
    executor: ExecutorDefinition | None = None,
    backfill: BackfillPolicy = ONE_RUN,
) -> Definitions:
    """The assets of a source, a job on all of them that is undone when it fails, and the job that
    undoes it; the resource `steps` is the caller's."""
    assets, checks = etl_assets(source, retry, backfill)
    undo = undo_job(
        f"undo_{group(source)}",
        f"Undoes a run of: {source.title}",
        source.name,
        list(_compensations(source)),
        retry,
    )
    everything = define_asset_job(
        saga_name(source),
        AssetSelection.groups(group(source)),
        description=f"All or nothing: {source.title}",
        partitions_def=days_of(source),
        executor_def=executor,
        hooks={undoes_with(undo)},
    )
    return Definitions(assets=assets, asset_checks=checks, jobs=[everything, undo])


def undoes_with(undo: JobDefinition) -> HookDefinition:
    """A hook that undoes the run of a step that failed for good."""

    @failure_hook(name=f"{undo.name}_on_failure", required_resource_keys={"steps"})
    def undone(context: HookContext) -> None:
        failed = context.instance.get_run_by_id(context.run_id)
        undo.execute_in_process(
            instance=context.instance,
            resources={"steps": context.resources.steps},
            tags={RUN_TAG: run_of(failed), UNDOES_TAG: failed.run_id},
            raise_on_error=False,
        )

    return undone


def undo_job(
    name: str,
    description: str,
    source: str,
    compensations: list[tuple[str, str | None]],
    retry: RetryPolicy,
) -> JobDefinition:
    """Compensations, each a step with its day, one after the other as a job."""

    @job(name=name, description=description)
    def undo() -> None:
        before = None
        for step, day in compensations:
            compensation = _compensation(source, step, day, retry, first=before is None)
            before = compensation() if before is None else compensation(before)

    return undo


def _compensations(source: Source) -> Iterator[tuple[str, str | None]]:
    """Each step that undoes one, with its day, in the order in which they undo."""
    yield "undo_announce", None
    yield "undo_publish", None
    for day in reversed(source.days):
        yield "undo_load", day


def _compensation(
    source: str, step: str, day: str | None, retry: RetryPolicy, first: bool
) -> OpDefinition:
    """A compensation as an op, which waits for the one before it."""
    inputs = {} if first else {"before": In(Nothing)}

    @op(name=_op_name(step, day), ins=inputs, retry_policy=retry)
    def undone(context: OpExecutionContext, steps: Steps) -> None:
        steps.undo(context, source, step, day)

    return undone


def _op_name(step: str, day: str | None) -> str:
    return f"{step}__{day.replace('-', '_')}" if day else step
# end of user code


def op_key(run: str, op_name: str) -> str:
    """The idempotency key of a step that is an op, by the op's name."""
    step, _, day = op_name.partition("__")
    return f"{run}/{step}/{day.replace('_', '-') or '-'}"
