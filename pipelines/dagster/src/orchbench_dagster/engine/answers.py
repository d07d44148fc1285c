"""Dagster's answers to questions of an operator, from its instance and its asset graph: a list with what is
stated, or None where there is no answer, for each question.

`asked` has the `questions` by their ids, their `subject` and the catalogue file of the `sources`. A
statement is in the words of orchbench's journal. What has to know how the user's pipeline arranges
things stands between the comments `user code: ID` and `end of user code`.
"""

from collections.abc import Iterator
from functools import cached_property
from typing import Any

from dagster import (
    AssetKey,
    AssetRecordsFilter,
    DagsterEvent,
    DagsterEventType,
    DagsterInstance,
    DagsterRun,
    DagsterRunStatus,
    Definitions,
    EventLogRecord,
    RetryPolicy,
    RunsFilter,
    map_asset_specs,
)
from dagster._core.asset_graph_view.asset_graph_view import AssetGraphView, TemporalContext
from dagster._core.definitions.assets.graph.base_asset_graph import BaseAssetGraph
from dagster._core.definitions.data_version import (
    CachingStaleStatusResolver,
    StaleStatus,
    extract_data_version_from_entry,
)
from dagster._core.definitions.events import AssetKeyPartitionKey
from dagster._core.execution.stats import StepEventStatus
from dagster._core.storage.tags import PARTITION_NAME_TAG
from dagster._time import get_current_datetime

from ..approval import word_key
from ..assets import DAILY, STEPS, etl_assets, step_key
from ..sources import source_named
from ..steps import RUN_TAG
from .account import BEGUN, FAILED, monotonic_ns
from .history import entries_of, runs_of
from .jobs import STEPS as RESOURCE
from .runs import SOURCE_TAG

# Runs of Dagster that have begun or are to begin, and have no end.
OPEN = [
    DagsterRunStatus.NOT_STARTED,
    DagsterRunStatus.QUEUED,
    DagsterRunStatus.STARTING,
    DagsterRunStatus.STARTED,
]

# What is read from a run's own events.
OF_A_RUN = ("doing-now", "failed-attempts", "failure-reasons", "attempt-inputs", "step-by-step")

Facts = list[dict[str, Any]]

# The step of the ETL by what Dagster calls what it makes.
ASSETS = {step: asset for asset, step in STEPS.items()}


class Asked:
    """Answers, each by a method of the question's name."""

    def __init__(self, instance: DagsterInstance, subject: dict[str, Any], sources: str):
        self._instance, self._subject, self._sources = instance, subject, sources
        self._source = subject["source"]

    def answer(self, question: str) -> Facts | None:
        """What is stated; None where Dagster has no answer."""
        method = getattr(self, question.replace("-", "_"), None)
        if method is None or (question in OF_A_RUN and not self._runs):
            return None
        return [fact if isinstance(fact, dict) else {"what": fact} for fact in method()]

    @cached_property
    def _runs(self) -> list[DagsterRun]:
        return runs_of(self._instance, self._subject["run"])

    # Executions

    def doing_now(self) -> Iterator[str]:
        for run in self._runs:
            for stats in self._instance.get_run_step_stats(run.run_id):
                if stats.status == StepEventStatus.IN_PROGRESS:
                    made = _made_by(run, stats.step_key)
                    yield f"{_piece(made)} attempt {stats.attempts or 1}"

    def open_runs(self) -> Iterator[str]:
        runs = self._instance.get_runs(RunsFilter(statuses=OPEN))
        return iter({run.tags[RUN_TAG] for run in runs})

    def failed_attempts(self) -> Iterator[str]:
        return (attempt for attempt, reason, _ in self._attempts() if reason is not None)

    def failure_reasons(self) -> Iterator[str]:
        return (f"{attempt}: {reason}" for attempt, reason, _ in self._attempts() if reason is not None)

    def attempt_inputs(self) -> Iterator[str]:
        # user code: attempt-inputs
        # Of an attempt that failed, only the names of what it read are recorded.
        for attempt, reason, piece in self._attempts():
            for parent in self._parents(piece) if reason is not None else ():
                read = self._newest(parent)
                if read:
                    yield f"{attempt} read {_piece(parent)} {_version(read)}"
        # end of user code

    def step_by_step(self) -> Iterator[str]:
        for attempt, reason, _ in self._attempts():
            yield f"{attempt} {'ok' if reason is None else 'failed'}"

    def who_approved(self) -> Iterator[str]:
        # user code: who-approved
        said = self._instance.get_latest_materialization_event(word_key(self._source))
        if said:
            yield said.asset_materialization.metadata["who"].value
        # end of user code

    def _attempts(self) -> Iterator[tuple[str, str | None, AssetKeyPartitionKey]]:
        """Each attempt that has ended: its name, why it failed or None, and what it was to make."""
        kinds = {*BEGUN, *FAILED, DagsterEventType.STEP_SUCCESS}
        for run in self._runs:
            begun: dict[str, int] = {}
            for entry in entries_of(self._instance, run, kinds):
                event, key = entry.get_dagster_event(), entry.step_key
                if event.event_type in BEGUN:
                    begun[key] = begun.get(key, 0) + 1
                else:
                    made = _made_by(run, key)
                    yield f"{_piece(made)} attempt {begun[key]}", _reason(event), made

    # Data

    def newest_version(self) -> Iterator[str]:
        for source in (self._source, self._subject["failing_source"]):
            made = self._newest(AssetKeyPartitionKey(AssetKey([source, "marts"])))
            if made:
                yield f"{source} {_version(made)}"

    def made_from(self) -> Iterator[str]:
        made = self._newest(self._of("marts"))
        if made is None:
            return
        # Of a run that was deleted only the id is left.
        run = self._instance.get_run_by_id(made.run_id)
        yield f"run {run.tags[RUN_TAG] if run else made.run_id}"
        # user code: made-from
        for parent in self._parents(self._of("marts")):
            read = self._newest(parent, before=made.storage_id)
            if read:
                yield f"{_piece(parent)} {_version(read)}"
        # end of user code

    def parent_versions(self) -> Iterator[str]:
        for day in self._days:
            joined = self._of("transformed", day)
            made = self._newest(joined)
            if made is None:
                continue
            # user code: parent-versions
            # What Dagster records of a partition that was read is a digest of its version, and the
            # asset's newest event, whichever partition it was of: so what was there before is searched.
            for parent in self._parents(joined):
                read = self._newest(parent, before=made.storage_id)
                if read:
                    yield f"{_piece(joined)} from {_piece(parent)} {_version(read)}"
            # end of user code

    def made_when(self) -> Iterator[dict[str, Any]]:
        for day in self._days:
            loaded = self._of("warehouse", day)
            made = self._newest(loaded)
            if made:
                yield {"what": _piece(loaded), "at_ns": monotonic_ns(made.timestamp)}

    def stale(self) -> Iterator[str]:
        for piece, why in self._stale():
            yield f"{_piece(piece)}: {why}"

    def refresh(self) -> Iterator[str]:
        stale = {piece for piece, _ in self._stale()}
        return map(_piece, stale | self._downstream(*stale))

    def lineage(self) -> Iterator[str]:
        joined = self._of("transformed", self._subject["day"])
        for parent in self._parents(joined):
            yield f"upstream {_piece(parent)}"
        for child in self._downstream(joined):
            yield f"downstream {_piece(child)}"

    def unpublished(self) -> Iterator[str]:
        for source in (self._source, self._subject["failing_source"]):
            graph = self._graph_of(source)
            # user code: unpublished
            marts = AssetKeyPartitionKey(AssetKey([source, "marts"]))
            published = self._newest(marts)
            for parent in graph.get_parents_partitions(*marts).parent_partitions:
                loaded = self._newest(parent)
                if loaded and (published is None or published.storage_id < loaded.storage_id):
                    yield f"{source} {_piece(parent)}"
            # end of user code

    def bad_partition(self) -> Iterator[str]:
        for child in self._downstream(self._of("flights", self._subject["day"])):
            made = self._newest(child)
            if made and child.asset_key.path[-1] == ASSETS["load"]:
                yield f"{_piece(child)} {_version(made)}"

    def _of(self, asset: str, partition: str | None = None) -> AssetKeyPartitionKey:
        return AssetKeyPartitionKey(AssetKey([self._source, asset]), partition)

    @cached_property
    def _days(self) -> list[str]:
        return source_named(self._source, self._sources).days

    @cached_property
    def _graph(self) -> BaseAssetGraph:
        return self._graph_of(self._source)

    def _graph_of(self, source: str, changed: AssetKey | None = None) -> BaseAssetGraph:
        """The assets of a source, one of them with new code."""
        assets, checks = etl_assets(source_named(source, self._sources), RetryPolicy())
        if changed:
            assets = map_asset_specs(
                lambda spec: spec.replace_attributes(code_version="changed")
                if spec.key == changed
                else spec,
                assets,
            )
        resources = {"steps": RESOURCE}
        definitions = Definitions(assets=assets, asset_checks=checks, resources=resources)
        return definitions.resolve_asset_graph()

    def _parents(self, piece: AssetKeyPartitionKey) -> set[AssetKeyPartitionKey]:
        return self._graph.get_parents_partitions(*piece).parent_partitions

    def _downstream(self, *pieces: AssetKeyPartitionKey) -> set[AssetKeyPartitionKey]:
        """What is made of pieces, and of what is made of these."""
        reached: set[AssetKeyPartitionKey] = set()
        open_pieces = [*pieces]
        while open_pieces:
            children = self._graph.get_children_partitions(*open_pieces.pop())
            open_pieces += children - reached
            reached |= children
        return reached

    def _newest(
        self, piece: AssetKeyPartitionKey, before: int | None = None
    ) -> EventLogRecord | None:
        """The newest materialization of a piece, or the newest before an event."""
        partitions = [piece.partition_key] if piece.partition_key else None
        wanted = AssetRecordsFilter(
            piece.asset_key, asset_partitions=partitions, before_storage_id=before
        )
        records = self._instance.fetch_materializations(wanted, limit=1).records
        return records[0] if records else None

    def _stale(self) -> Iterator[tuple[AssetKeyPartitionKey, str]]:
        """What is stale once the code of the subject's step has changed, and why."""
        changed = AssetKey([self._source, ASSETS[self._subject["changed"]]])
        graph = self._graph_of(self._source, changed)
        now = TemporalContext(effective_dt=get_current_datetime(), last_event_id=None)
        view = AssetGraphView(
            temporal_context=now, instance=self._instance, asset_graph=graph
        )
        resolver = CachingStaleStatusResolver(self._instance, graph, view)
        for key in graph.materializable_asset_keys:
            partitions = graph.get(key).partitions_def
            for partition in partitions.get_partition_keys() if partitions else [None]:
                status = resolver.get_status(key, partition)
                if status == StaleStatus.MISSING:
                    yield AssetKeyPartitionKey(key, partition), "missing"
                for cause in resolver.get_stale_causes(key, partition):
                    yield AssetKeyPartitionKey(key, partition), cause.category.value.lower()


def _made_by(run: DagsterRun, key: str) -> AssetKeyPartitionKey:
    """What a step of a run makes, or judges."""
    source, day = run.tags[SOURCE_TAG], run.tags.get(PARTITION_NAME_TAG)
    asset = next(asset for asset in STEPS if step_key(source, asset) == key)
    daily = asset in (*DAILY, "checked")
    return AssetKeyPartitionKey(AssetKey([source, asset]), day if daily else None)


def _piece(piece: AssetKeyPartitionKey) -> str:
    """In the words of the journal."""
    step = STEPS[piece.asset_key.path[-1]]
    return f"{step}/{piece.partition_key}" if piece.partition_key else step


def _version(record: EventLogRecord) -> str:
    return extract_data_version_from_entry(record.event_log_entry).value


def _reason(event: DagsterEvent) -> str | None:
    """Why an attempt failed, None where it did not."""
    if event.event_type == DagsterEventType.STEP_SUCCESS:
        return None
    retried = event.event_type == DagsterEventType.STEP_UP_FOR_RETRY
    error = (event.step_retry_data if retried else event.step_failure_data).error
    # Dagster wraps what a step raised, and puts the name of its class before the message.
    while error.cause:
        error = error.cause
    return error.message.strip().partition(f"{error.cls_name}: ")[2]


def told(instance: DagsterInstance, asked: dict[str, Any]) -> list[Facts | None]:
    """What is answered to each of the questions."""
    answering = Asked(instance, asked["subject"], asked["sources"])
    return [answering.answer(question) for question in asked["questions"]]
