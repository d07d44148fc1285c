"""The jobs that a worker runs, made anew from plain words in every process that takes part."""

import json
from functools import cache
from typing import Any

from dagster import (
    BackfillPolicy,
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

from ..approval import approval_definitions, approval_name
from ..blocking import blocking_definitions, blocking_name
from ..embargo import embargo_definitions, embargo_name
from ..enough import enough_definitions, enough_name
from ..expiring import expiring_definitions, expiring_name
from ..noop import noop_definitions, noop_job
from ..order import ORDER, order_definitions
from ..pipeline import etl_definitions, job_name
from ..probe import probe_definitions, probe_name
from ..refresh import refresh_definitions, refresh_name
from ..reminder import reminder_definitions, reminder_name
from ..saga import saga_definitions, saga_name
from ..sources import Source, source_named
from ..steps import Steps
from ..synthetic import synthetic_definitions, synthetic_name

# Plain JSON.
Words = dict[str, Any]

# One for all jobs of a code location: two that differ would not go together.
STEPS = Steps.configure_at_launch()

# What forkserver imports once; a step's process is then forked from it.
PRELOADED = ["dagster", "orchbench_dagster.engine.jobs"]

# Of the jobs that are about a source.
DEFINITIONS = {
    "approval": approval_definitions,
    "blocking": blocking_definitions,
    "embargo": embargo_definitions,
    "expiring": expiring_definitions,
    "pipeline": etl_definitions,
    "refresh": refresh_definitions,
    "saga": saga_definitions,
}
NAMES = {
    "approval": approval_name,
    "blocking": blocking_name,
    "embargo": embargo_name,
    "enough": enough_name,
    "expiring": expiring_name,
    "pipeline": job_name,
    "refresh": refresh_name,
    "reminder": reminder_name,
    "saga": saga_name,
}

# Whose runs end where something is waited for; a sensor launches what comes after.
UP_TO_A_WAIT = ("approval", "embargo", "expiring", "reminder")

# The job on the models of a dbt project.
MODELS = "dbt_models"

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
    words, by = json.loads(job), json.loads(executor)
    definitions = definitions_of(words, executor_of(**by), backfill_policy(by["settings"]))
    return definitions.resolve_job_def(name_of(words))


def definitions_of_words(words: Words, config: Words) -> Definitions:
    """[`definitions_of`], by the worker's configuration."""
    by = executor_words(config)
    return definitions_of(words, executor_of(**by), backfill_policy(by["settings"]))


def definitions_of(
    words: Words, executor: ExecutorDefinition, backfill: BackfillPolicy
) -> Definitions:
    """The definitions that a job takes: its assets, and how their steps are called. Raises KeyError
    or ValueError where Dagster has nothing for the words."""
    if words["job"] == "noop":
        return noop_definitions(words["shape"], words["steps"], executor)
    if words["job"] == "probe":
        return probe_definitions(words["of"], words["size"], executor)
    if words["job"] == "synthetic":
        retry = retry_policy(words["work"]["retry"])
        return synthetic_definitions(words["steps"], words["work"], retry, executor)
    if words["job"] == "models":
        # Not every run has a Python with dbt.
        from ..models import models_definitions

        return models_definitions(words["project"], MODELS, executor)
    jobs = _jobs_of(words, executor, backfill)
    # Where the steps read and write stands in the configuration of each run.
    return Definitions.merge(jobs, Definitions(resources={"steps": STEPS}))


def _jobs_of(
    words: Words, executor: ExecutorDefinition, backfill: BackfillPolicy
) -> Definitions:
    retry = retry_policy(words["retry"])
    if words["job"] == "order":
        return order_definitions(retry, executor)
    source = source_named(words["source"], words["sources"])
    if words["job"] == "enough":
        return enough_definitions(source, retry, words["rows"], executor)
    if words["job"] == "reminder":
        return reminder_definitions(source, retry, executor)
    more = {name: words[name] for name in ("changed_code", "tells") if name in words}
    return DEFINITIONS[words["job"]](source, retry, executor, backfill, **more)


def name_of(words: Words) -> str:
    """What Dagster calls a job."""
    if words["job"] == "noop":
        return noop_job(words["shape"], words["steps"])
    if words["job"] == "probe":
        return probe_name(words["of"], words["size"])
    if words["job"] == "synthetic":
        return synthetic_name(words["steps"])
    if words["job"] == "models":
        return MODELS
    if words["job"] == "order":
        return ORDER
    return NAMES[words["job"]](source_named(words["source"], words["sources"]))


def words_of(job: Words, config: Words) -> Words:
    """The words of a job that decide its definitions, from those of a request and the worker's
    configuration."""
    if job["job"] in ("noop", "probe", "synthetic"):
        return job
    if job["job"] == "models":
        return {name: job[name] for name in ("job", "project")}
    if job["job"] == "order":
        return {name: job[name] for name in ("job", "retry")}
    sources = config["etl"].get("sources_file")
    known = ("job", "source", "retry", "rows", "changed_code")
    named = {name: job[name] for name in known if name in job}
    if job["job"] == "approval" and config["etl"].get("release", "current") != "current":
        named["tells"] = True
    return named | {"sources": sources}


def source_of(words: Words) -> Source | None:
    """The source whose assets a job makes; None for steps without work, for an order, for a job that is no
    assets' and goes through the days by itself, and for a reminder, which brings nothing in."""
    if "source" not in words or words["job"] in ("enough", "reminder"):
        return None
    return source_named(words["source"], words["sources"])


def run_config(words: Words, config: Words) -> Words:
    """The configuration of a run: where its steps read and write."""
    if words["job"] in ("noop", "models", "probe", "synthetic"):
        return {}
    steps = {
        "program": config["engine"]["orchbench"],
        "settings": {key: each for key, each in config["etl"].items() if each is not None},
        "non_retryable": words["retry"]["non_retryable"],
    }
    return {"resources": {"steps": {"config": steps}}}


def executor_words(config: Words) -> Words:
    """The arguments of [`executor_of`], from the worker's configuration."""
    return {
        "execution": config["execution"],
        "settings": config["engine"]["settings"],
        "concurrency": config["concurrency"],
    }


def executor_of(execution: str, settings: str, concurrency: int) -> ExecutorDefinition:
    """The executor by orchbench's names: `in-process`, or a process a step (`multiprocess`, and
    `deployed`), spawned by default and forked from a warm server when tuned."""
    if execution == "in-process":
        return in_process_executor
    config: dict = {"max_concurrent": concurrency}
    if settings == "tuned":
        config["start_method"] = {"forkserver": {"preload_modules": PRELOADED}}
    return multiprocess_executor.configured(config)


def backfill_policy(settings: str) -> BackfillPolicy:
    """How many runs the daemon makes of a backfill: one a partition by default, one when tuned
    (docs.dagster.io/guides/build/partitions-and-backfills/backfilling-data)."""
    if settings == "tuned":
        return BackfillPolicy.single_run()
    return BackfillPolicy.multi_run(max_partitions_per_run=1)


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
