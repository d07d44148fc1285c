"""Loads day after day until so many rows are in the warehouse; when the days run out before, calls for
somebody.

A job of Dagster is a graph that is known before it runs; what dynamic outputs add is a width, not an end
that depends on a result. What its users build is this: a loop in one op, which says in the log what it has
made.

What this lacks: to Dagster the loop is one step. It is retried as a whole, no step of it has a policy or a
history of its own, and a run that is tried again begins with the first day.
"""

from typing import Any

from dagster import (
    AssetMaterialization,
    Definitions,
    ExecutorDefinition,
    OpExecutionContext,
    RetryPolicy,
    job,
    op,
)

from .assets import DIMENSIONS, STEPS, group
from .references import Reference
from .sources import Source
from .steps import Steps, output


def enough_name(source: Source) -> str:
    """The name of the job that loads until it has enough."""
    return f"enough_{group(source)}"


# user code: data-dependent-loop
def enough_definitions(
    source: Source, retry: RetryPolicy, rows: int, executor: ExecutorDefinition
) -> Definitions:
    """A job of one op on a source; the resource `steps` is the caller's."""

    @op(retry_policy=retry)
    def until_enough(context: OpExecutionContext, steps: Steps) -> None:
        def made(name: str, day: str | None = None, **inputs: Any) -> Reference:
            answer = steps.made(context, source.name, STEPS.get(name, name), day, inputs)
            metadata = output(answer)
            key = [source.name, name]
            context.log_event(AssetMaterialization(key, partition=day, metadata=metadata))
            return answer["value"]

        dimensions = {name: made(name)["artifact"] for name in DIMENSIONS}
        loaded: list[Reference] = []
        for day in source.days:
            flights, weather = made("flights", day), made("weather", day)
            artifacts = {"flights": flights["artifact"], "weather": weather["artifact"]}
            transformed = made("transformed", day, **artifacts, **dimensions)
            checked = made("checked", day, flights=flights, transformed=transformed)
            loaded.append(made("warehouse", day, transformed=transformed, checked=checked))
            if sum(each["rows"] for each in loaded) >= rows:
                return
        made("escalate", reason=f"expected {rows} rows")

    @job(name=enough_name(source), executor_def=executor)
    def enough() -> None:
        until_enough()

    return Definitions(jobs=[enough])


# end of user code
