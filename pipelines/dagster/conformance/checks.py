"""B27, B28, B51, B65 and B73: what follows from a blocking check that failed."""

from dagster import (
    AssetCheckEvaluation,
    AssetCheckResult,
    AssetCheckSeverity,
    AssetKey,
    AssetSelection,
    DailyPartitionsDefinition,
    Definitions,
    asset,
    asset_check,
    define_asset_job,
    materialize,
)

from home import forget, home, leave, steps
from versions import stale


def _assets(blocking_check: bool = True):
    @asset
    def checked():
        leave("checked")

    @asset(deps=[checked])
    def reader():
        leave("reader")

    @asset_check(asset=checked, blocking=True)
    def counts():
        return AssetCheckResult(passed=False)

    return [checked, reader] + ([counts] if blocking_check else [])


def later_run() -> dict:
    """B27. A blocking check fails; its reader is in the same run, and later in a run of its own."""
    with home() as instance:
        materialize(_assets(), instance=instance, raise_on_error=False)
        observed = {"executed_first": steps()}
        forget()
        result = materialize(
            _assets(), instance=instance, selection=["reader"], raise_on_error=False
        )
        observed["executed_then"] = steps()
        observed["run"] = result.dagster_run.status.value.lower()
        return observed


def deleted_check() -> dict:
    """B28. A blocking check failed, and is deleted from the code; then everything is made again."""
    with home() as instance:
        materialize(_assets(), instance=instance, raise_on_error=False)
        kept = _assets(blocking_check=False)
        observed = {"stale_without_the_check": stale(instance, kept)}
        forget()
        materialize(kept, instance=instance)
        observed["executed"] = steps()
        observed["stale_afterwards"] = stale(instance, kept)
        return observed


def alone() -> dict:
    """B51. A check that has failed is run alone, when what it looks at was put right elsewhere."""
    is_right = [False]

    @asset
    def checked():
        leave("checked")

    @asset_check(asset=checked, blocking=True)
    def counts():
        leave("counts")
        return AssetCheckResult(passed=is_right[0])

    with home() as instance:
        materialize([checked, counts], instance=instance, raise_on_error=False)
        forget()
        is_right[0] = True
        definitions = Definitions(
            assets=[checked],
            asset_checks=[counts],
            jobs=[define_asset_job("checks", AssetSelection.all_asset_checks())],
        )
        result = definitions.resolve_job_def("checks").execute_in_process(instance=instance)
        made = instance.fetch_materializations(checked.key, limit=10).records
        evaluations = result.get_asset_check_evaluations()
        return {
            "executed": steps(),
            "passed": [each.passed for each in evaluations],
            "materializations": len(made),
        }


def alone_of_one_day() -> dict:
    """B65. The check of one of two days is run alone."""
    days = DailyPartitionsDefinition("2024-01-01", end_date="2024-01-03")

    @asset(partitions_def=days)
    def checked():
        pass

    @asset_check(asset=checked, partitions_def=days)
    def counts(context):
        leave(context.partition_key)
        return AssetCheckResult(passed=True)

    with home() as instance:
        for day in days.get_partition_keys():
            materialize([checked], instance=instance, partition_key=day)
        definitions = Definitions(
            assets=[checked],
            asset_checks=[counts],
            jobs=[
                define_asset_job("checks", AssetSelection.all_asset_checks(), partitions_def=days)
            ],
        )
        job = definitions.resolve_job_def("checks")
        tags = {"dagster/partition": "2024-01-02"}
        result = job.execute_in_process(instance=instance, tags=tags)
        evaluations = result.get_asset_check_evaluations()
        return {
            "executed": steps(),
            "checked": [each.partition for each in evaluations],
            "passed": [each.passed for each in evaluations],
        }


def reported() -> dict:
    """B73. A failed blocking check is reported from outside, of no version; then the data is made anew."""
    with home() as instance:
        assets = _assets()
        materialize(assets, instance=instance, selection=AssetSelection.assets("checked").without_checks())
        evaluation = AssetCheckEvaluation(
            asset_key=AssetKey("checked"),
            check_name="counts",
            passed=False,
            metadata={},
            severity=AssetCheckSeverity.ERROR,
            blocking=True,
        )
        instance.report_runless_asset_event(evaluation)

        def reads() -> str:
            forget()
            materialize(assets, instance=instance, selection=["reader"], raise_on_error=False)
            return "runs" if "reader" in steps() else "is held back"

        observed = {"reader_of_what_was_there": reads()}
        materialize(assets, instance=instance, selection=AssetSelection.assets("checked").without_checks())
        observed["reader_of_what_was_made_anew"] = reads()
        return observed
