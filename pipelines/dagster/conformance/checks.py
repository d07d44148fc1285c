"""B27 and B28: what follows from a blocking check that failed."""

from dagster import AssetCheckResult, asset, asset_check, materialize

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
