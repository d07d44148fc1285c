"""Runs of orchbench as runs of Dagster.

A source of one day is one run of Dagster, of the job on all assets. More days are what a backfill
makes of them by default, a run a day, between a run of the unpartitioned assets before and one of
those after: each day and step has attempts of its own. This process drives them, as a script of a
user would; what it leaves when it dies stays as it is, as nothing in Dagster resumes it.
"""

import json
import threading
from dataclasses import dataclass
from typing import Any

from dagster import AssetKey, DagsterInstance, DagsterRun, RunsFilter
from dagster._core.definitions.reconstruct import ReconstructableJob
from dagster._core.execution.api import execute_run
from dagster._core.storage.tags import PARTITION_NAME_TAG

from ..assets import DAILY, DIMENSIONS, PUBLICATION, keys
from ..sources import Source
from ..steps import RUN_TAG
from .jobs import executor_words, reconstructable, run_config, source_of, words_of

# Which part of orchbench's run a run of Dagster is.
PART_TAG = "orchbench/part"

# The source of an ETL run.
SOURCE_TAG = "orchbench/source"

# The part whose success is that of the whole.
LAST = "last"

# The part that ends with what a person is to approve, or what a time has to pass for; a sensor launches what comes after.
UP_TO_WORD = "up-to-word"

# A process executes one run of Dagster at a time: each configures Python's logging anew when it
# begins, and waits for ever for the lock of a handler by which another is just saying something.
EXECUTING = threading.Lock()


@dataclass(frozen=True)
class Part:
    """A run of Dagster: some assets of a job, or all of them, and a partition."""

    name: str
    assets: list[AssetKey] | None = None
    partition: str | None = None


def stages(source: Source | None) -> list[list[Part]]:
    """The runs that one of orchbench's becomes, one stage after the other; no source, no days."""
    if source is None:
        return [[Part(LAST)]]
    if len(source.days) == 1:
        return [[Part(LAST, partition=source.days[0])]]
    return [
        [Part("first", keys(source, DIMENSIONS))],
        [Part(day, keys(source, DAILY), day) for day in source.days],
        [Part(LAST, keys(source, PUBLICATION))],
    ]


def tags_of(run: str, source: Source | None, part: Part) -> dict[str, str]:
    """What a run of Dagster carries, by which it is found again."""
    tags = {RUN_TAG: run, PART_TAG: part.name}
    if source:
        tags[SOURCE_TAG] = source.name
    if part.partition:
        tags[PARTITION_NAME_TAG] = part.partition
    return tags


@dataclass
class Run:
    """A run of orchbench, driven from here."""

    name: str
    source: Source | None
    job: ReconstructableJob
    stages: list[list[Part]]
    config: dict[str, Any]
    # The run of orchbench that failed and from which this one goes on.
    after: str | None = None

    @classmethod
    def of(cls, work: dict[str, Any], config: dict[str, Any]) -> "Run":
        """From the words of a request and of the worker's configuration. Raises KeyError or
        ValueError where Dagster has nothing for them."""
        words = words_of(work["job"], config)
        source = source_of(words)
        job = reconstructable(json.dumps(words), json.dumps(executor_words(config)))
        # Another job's word of that name is for those who ask for the run.
        after = work["job"].get("after") if words["job"] == "models" else None
        return cls(work["run"], source, job, stages(source), run_config(words, config), after)

    def create(
        self, instance: DagsterInstance, stage: list[Part], more: dict[str, str] | None = None
    ) -> list[DagsterRun]:
        """Records the runs of a stage, with `more` tags. When it returns, they are in the instance."""
        return [self._create(instance, part, more or {}) for part in stage]

    def _create(self, instance: DagsterInstance, part: Part, more: dict[str, str]) -> DagsterRun:
        tags = tags_of(self.name, self.source, part) | more
        if self.after:
            return self._go_on(instance, tags)
        return instance.create_run_for_job(
            self.job.get_definition(),
            run_config=self.config,
            tags=tags,
            asset_selection=set(part.assets) if part.assets else None,
        )

    def _go_on(self, instance: DagsterInstance, tags: dict[str, str]) -> DagsterRun:
        """A run of what another has left to do: as `Re-execute from asset failure` in Dagster's UI,
        which asks the same of the instance."""
        (failed,) = instance.get_runs(RunsFilter(tags={RUN_TAG: self.after}))
        plan = instance.get_execution_plan_snapshot(failed.execution_plan_snapshot_id)
        assets, _ = instance.run_domain.get_keys_to_reexecute(failed.run_id, plan)
        return instance.create_run_for_job(
            self.job.get_definition(),
            run_config=self.config,
            tags=tags,
            asset_selection=assets,
            root_run_id=failed.root_run_id or failed.run_id,
            parent_run_id=failed.run_id,
        )

    def drive(self, instance: DagsterInstance, runs: list[DagsterRun]) -> None:
        """Executes the runs of the first stage, then the others, until a stage has a failure: what
        comes after it has nothing to work on. One that fails does not stop those beside it."""
        for stage in self.stages[1:]:
            if not all([self.execute(instance, run) for run in runs]):
                return
            runs = self.create(instance, stage)
        for run in runs:
            self.execute(instance, run)

    def execute(self, instance: DagsterInstance, run: DagsterRun) -> bool:
        """Whether it succeeded."""
        with EXECUTING:
            return execute_run(self.job, run, instance).success
