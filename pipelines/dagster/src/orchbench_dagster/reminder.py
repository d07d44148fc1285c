"""A reminder: hardly any work, a wait for a time to pass, and a call for somebody.

What many that wait take shows best where they do little else. Of waiting goes what `embargo.py` says: the run
ends with what comes before the wait, and a sensor launches what comes after.
"""

from dagster import (
    AssetExecutionContext,
    AssetSelection,
    Definitions,
    ExecutorDefinition,
    MaterializeResult,
    RetryPolicy,
    asset,
    define_asset_job,
)

from .assets import group, keys
from .embargo import due_sensor
from .references import References
from .sources import Source
from .steps import Steps

# What is made before the wait, and what comes after.
BEFORE, AFTER = "airlines", "escalation"


def reminder_name(source: Source) -> str:
    """The name of the job up to the wait."""
    return f"reminder_{group(source)}"


def reminder_definitions(
    source: Source, retry: RetryPolicy, executor: ExecutorDefinition | None = None
) -> Definitions:
    """Two assets of a source, a job on each, and the sensor between them; the resource `steps` is the
    caller's."""
    common = {
        "key_prefix": source.name,
        "group_name": group(source),
        "retry_policy": retry,
        "io_manager_def": References(),
    }
    (before,) = keys(source, [BEFORE])

    @asset(name=BEFORE, **common)
    def looked(context: AssetExecutionContext, steps: Steps) -> MaterializeResult:
        return steps.materialize(context, source.name, "extract_airlines")

    @asset(name=AFTER, deps=[before], **common)
    def told(context: AssetExecutionContext, steps: Steps) -> MaterializeResult:
        return steps.materialize(context, source.name, "escalate", reason="the time has come")

    up_to = define_asset_job(
        reminder_name(source), AssetSelection.assets(looked), executor_def=executor
    )
    rest = define_asset_job(
        f"remind_{group(source)}", AssetSelection.assets(told), executor_def=executor
    )
    due = due_sensor(f"remind_{group(source)}_due", reminder_name(source), rest, before)
    return Definitions(assets=[looked, told], jobs=[up_to, rest], sensors=[due])
