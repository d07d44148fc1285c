"""A run that ends before a wait, and another that goes on after it: what runs of Dagster make of waiting.

Whatever it is that is waited for, a sensor looks for it, and launches what comes after.
"""

from collections.abc import Iterator

from dagster import (
    AssetSelection,
    DagsterInstance,
    DagsterRun,
    DagsterRunStatus,
    ExecutorDefinition,
    RunRequest,
    RunsFilter,
    define_asset_job,
)
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from .assets import DAILY, DIMENSIONS, days_of, group, keys
from .sources import Source
from .steps import RUN_TAG

# What is made before the wait, and what comes after.
BEFORE = (*DIMENSIONS, *DAILY, "marts")
AFTER = ("announcement",)

# The run of Dagster that another goes on with.
CONTINUES_TAG = "orchbench/continues"

# How often a sensor looks; by default every 30 s.
LOOK_S = 1

# A job.
Job = UnresolvedAssetJobDefinition


# user code: approval
def split_jobs(
    source: Source,
    before: str,
    after: str,
    wait: str,
    executor: ExecutorDefinition | None,
    more: AssetSelection | None = None,
) -> tuple[Job, Job]:
    """The jobs of these names on all that comes before a wait, with what more there is, and on what comes
    after."""
    up_to = AssetSelection.assets(*keys(source, BEFORE))
    return (
        define_asset_job(
            before,
            up_to | more if more else up_to,
            description=f"Up to {wait}: {source.title}",
            partitions_def=days_of(source),
            executor_def=executor,
        ),
        define_asset_job(
            f"{after}_{group(source)}",
            AssetSelection.assets(*keys(source, AFTER)),
            description=f"After {wait}: {source.title}",
            executor_def=executor,
        ),
    )


def waiting_run(instance: DagsterInstance, run: str) -> DagsterRun | None:
    """The run of Dagster that is over and with which none has gone on; None where there is none."""
    made = instance.get_runs(RunsFilter(tags={RUN_TAG: run}))
    continued = {each.tags.get(CONTINUES_TAG) for each in made}
    for each in made:
        is_first = CONTINUES_TAG not in each.tags and each.run_id not in continued
        if is_first and each.status == DagsterRunStatus.SUCCESS:
            return each
    return None


def going_on(run: str, waiting: DagsterRun) -> RunRequest:
    """Asks for what comes after a run that waits; its key is the run's, so that it is launched once."""
    # What it is part of, and where its steps read and write.
    own = {key: value for key, value in waiting.tags.items() if key.startswith("orchbench/")}
    tags = own | {CONTINUES_TAG: waiting.run_id}
    return RunRequest(run_key=run, run_config=waiting.run_config, tags=tags)


# end of user code


def waiting_runs(instance: DagsterInstance, job: str) -> Iterator[tuple[str, DagsterRun]]:
    """The runs of a job that are over and with which none has gone on, each with what orchbench calls it."""
    succeeded = RunsFilter(job_name=job, statuses=[DagsterRunStatus.SUCCESS])
    for ended in instance.get_runs(succeeded):
        run = ended.tags[RUN_TAG]
        if waiting := waiting_run(instance, run):
            yield run, waiting
