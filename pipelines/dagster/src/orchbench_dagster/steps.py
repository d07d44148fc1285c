"""The steps of the ETL as a resource: each is a process, `orchbench step`, over Dagster Pipes.

Values that go from step to step are references (path, digest, rows), never data. Every engine of
orchbench names a step by (run, step, partition), which is its idempotency key.
"""

import time
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Any

from dagster import (
    AssetCheckExecutionContext,
    AssetCheckResult,
    AssetExecutionContext,
    ConfigurableResource,
    DagsterEventType,
    DagsterRun,
    DataVersion,
    Failure,
    MaterializeResult,
    MetadataValue,
    OpExecutionContext,
    PipesSubprocessClient,
    RetryRequested,
)

from .references import Reference

# Runs with the same value are one run to orchbench.
RUN_TAG = "orchbench/run"

# Metadata of a materialization: the step's output as JSON.
OUTPUT = "output"

# Metadata of a failure: the error's type, by which policies name it.
ERROR_TYPE = "error_type"

# What a step of a day is given, by the names of its inputs.
InputsOf = Callable[[str], Reference]


class Steps(ConfigurableResource):
    """The program of the steps and where they read and write."""

    program: str = "orchbench"
    # What `orchbench step` calls its configuration: work_dir, warehouse, …
    settings: dict[str, Any]
    # Error types that no retry cures.
    non_retryable: list[str] = [
        "BadInput",
        "UnknownSource",
        "CheckFailed",
        "Fenced",
        "Dataset",
        "Refused",
        "InjectedFatal",
    ]

    def materialize(
        self, context: AssetExecutionContext, source: str, step: str, **inputs
    ) -> MaterializeResult:
        """Runs a step that makes an asset. The data version is the digest of the logical rows."""
        made = self.made(context.op_execution_context, source, step, None, inputs)
        return MaterializeResult(
            value=made["value"],
            data_version=DataVersion(made["data_version"]),
            metadata=output(made),
        )

    def materialize_days(
        self, context: AssetExecutionContext, source: str, step: str, inputs: InputsOf
    ) -> MaterializeResult:
        """Runs a step for each day of the run, one after the other. The value is by day. To Dagster a
        step has one data version for all partitions that it makes; of several, the digest of theirs."""
        made = {}
        for day in context.partition_keys:
            made[day] = self.made(
                context.op_execution_context, source, step, day, inputs(day)
            )
            context.add_asset_metadata(output(made[day]), partition_key=day)
        return MaterializeResult(
            value={day: each["value"] for day, each in made.items()},
            data_version=_version_of([each["data_version"] for each in made.values()]),
        )

    def check_days(
        self, context: AssetCheckExecutionContext, source: str, step: str, inputs: InputsOf
    ) -> AssetCheckResult:
        """Runs a step that judges each day of the run, up to the first that it finds bad."""
        for day in context.op_execution_context.partition_keys:
            answer = self._answer(
                context.op_execution_context, source, step, day, inputs(day)
            )
            if answer.get("error_type") == "CheckFailed":
                metadata = {ERROR_TYPE: answer["error_type"]}
                return AssetCheckResult(
                    passed=False, description=answer["message"], metadata=metadata
                )
            if "error_type" in answer:
                raise self._failure(answer)
        return AssetCheckResult(passed=True)

    def made(
        self, context: OpExecutionContext, source: str, step: str, day: str | None, inputs: Reference
    ) -> dict[str, Any]:
        """The answer of a step that did what it is for. Raises Failure where it did not."""
        answer = self._answer(context, source, step, day, inputs)
        if "error_type" in answer:
            raise self._failure(answer)
        return answer

    def call(self, context: OpExecutionContext, source: str, step: str) -> None:
        """Runs a step of a service, which may say when to come again."""
        answer = self._answer(context, source, step, None, {})
        if "error_type" not in answer:
            return
        policy = context.op_def.retry_policy
        retries = policy.max_retries if policy else 0
        if answer.get("retry_after_ms") and context.retry_number < retries:
            raise RetryRequested(
                max_retries=retries, seconds_to_wait=answer["retry_after_ms"] / 1000
            ) from self._failure(answer)
        raise self._failure(answer)

    def undo(
        self, context: OpExecutionContext, source: str, step: str, day: str | None = None
    ) -> None:
        """Runs a step that undoes another of the same run, whatever became of that."""
        self.made(context, source, step, day, {})

    def _answer(
        self, context: OpExecutionContext, source: str, step: str, day: str | None, inputs: Reference
    ) -> dict[str, Any]:
        """What the process answers: the step's output, or its error. Raises
        DagsterPipesExecutionError when it dies instead."""
        call = {
            "run": run_of(context.run),
            "source": source,
            "partition": day,
            "attempt": _attempts_before(context) + context.retry_number + 1,
            # Dagster has no fencing token: a later attempt has a later time.
            "token": time.time_ns(),
            "inputs": {"step": step, **inputs},
        }
        invocation = PipesSubprocessClient().run(
            context=context,
            command=[self.program, "step", step],
            extras={"config": self.settings, "call": call},
        )
        (answer,) = invocation.get_custom_messages()
        return answer

    def _failure(self, error: dict[str, Any]) -> Failure:
        """The failure of an attempt; a RetryPolicy has no list of error types, so it says itself
        whether another attempt can help."""
        return Failure(
            description=f"{error['error_type']}: {error['message']}",
            metadata={ERROR_TYPE: error["error_type"]},
            allow_retries=error["error_type"] not in self.non_retryable,
        )


def output(made: dict[str, Any]) -> dict[str, MetadataValue]:
    """What a step made, as metadata."""
    return {OUTPUT: MetadataValue.json(made["value"])}


def _version_of(versions: Sequence[str]) -> DataVersion:
    if len(versions) == 1:
        return DataVersion(versions[0])
    return DataVersion(sha256("\n".join(versions).encode()).hexdigest())


def _attempts_before(context: OpExecutionContext) -> int:
    """How often the step began in the runs that this one tries again: Dagster counts from one in each."""
    instance, run = context.instance, context.run
    step = str(context.op_handle)
    begun = {DagsterEventType.STEP_START, DagsterEventType.STEP_RESTARTED}
    attempts = 0
    while run.parent_run_id and (run := instance.get_run_by_id(run.parent_run_id)):
        entries = instance.all_logs(run.run_id, of_type=begun)
        attempts += sum(1 for entry in entries if entry.step_key == step)
    return attempts


def run_of(run: DagsterRun) -> str:
    """What orchbench calls the run: runs of one backfill are one."""
    return run.tags.get(RUN_TAG) or run.tags.get("dagster/backfill") or run.run_id
