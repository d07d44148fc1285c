"""The jobs that a worker runs, made anew from plain words in every process that takes part."""

import json
from functools import cache

from dagster import (
    Backoff,
    Definitions,
    ExecutorDefinition,
    JobDefinition,
    RetryPolicy,
    build_reconstructable_job,
    in_process_executor,
    multiprocess_executor,
)
from dagster._core.definitions.reconstruct import ReconstructableJob

from ..noop import JOB, noop_definitions
from ..pipeline import etl_definitions, job_name
from ..sources import source_named
from ..steps import Steps

# What forkserver imports once; a step's process is then forked from it.
PRELOADED = ["dagster", "orchbench_dagster.engine.jobs"]

# Dagster has no word for a policy without limit.
UNLIMITED = 2**31 - 1


@cache
def reconstructable(job: str, executor: str) -> ReconstructableJob:
    """A job by the JSON of its words and of its executor's, for all processes of a run."""
    return build_reconstructable_job(
        __name__, resolve_job.__name__, reconstructable_kwargs={"job": job, "executor": executor}
    )


@cache
def resolve_job(job: str, executor: str) -> JobDefinition:
    """The definition behind [`reconstructable`]."""
    words = json.loads(job)
    executor = executor_of(**json.loads(executor))
    if words["job"] == "noop":
        return noop_definitions(words["shape"], words["steps"], executor).resolve_job_def(JOB)
    source = source_named(words["source"], words["sources"])
    assets = etl_definitions(source, retry_policy(words["retry"]), executor)
    # Where the steps read and write stands in the configuration of each run.
    steps = Definitions(resources={"steps": Steps.configure_at_launch()})
    return Definitions.merge(assets, steps).resolve_job_def(job_name(source))


def executor_of(execution: str, settings: str, concurrency: int) -> ExecutorDefinition:
    """The executor by orchbench's names: `in-process`, or `multiprocess`, whose processes are
    spawned by default and forked from a warm server when tuned."""
    if execution == "in-process":
        return in_process_executor
    config: dict = {"max_concurrent": concurrency}
    if settings == "tuned":
        config["start_method"] = {"forkserver": {"preload_modules": PRELOADED}}
    return multiprocess_executor.configured(config)


def retry_policy(retry: dict) -> RetryPolicy:
    """orchbench's policy in Dagster's words: constant, or with coefficient 2 Dagster's exponential
    schedule, (2^k - 1) times the delay. A RetryPolicy has neither a longest delay nor a list of
    error types; the latter is what the resource `steps` is for.

    Raises ValueError for another coefficient.
    """
    backoffs = {1.0: None, 2.0: Backoff.EXPONENTIAL}
    coefficient = retry["backoff_coefficient"]
    if coefficient not in backoffs:
        raise ValueError(
            f"retry backoff coefficient {coefficient}: Dagster has 1 (constant) and 2 (exponential)"
        )
    return RetryPolicy(
        max_retries=retry["max_attempts"] - 1 if retry["max_attempts"] else UNLIMITED,
        delay=retry["delay_ms"] / 1000,
        backoff=backoffs[coefficient],
    )
