"""B52 and B53: how an asset stands to the time by which it is to have been made."""

import asyncio
from datetime import datetime, timedelta, timezone

from dagster import Definitions, FreshnessPolicy, asset, materialize
from dagster._core.definitions.freshness_evaluator import (
    CronFreshnessPolicyEvaluator,
    TimeWindowFreshnessPolicyEvaluator,
)
from dagster._core.loader import LoadingContextForTest
from dagster._core.test_utils import freeze_time

from home import home


def _stands(instance, evaluator, made, at: datetime) -> str:
    """At a time, as Dagster's own evaluator has it."""
    node = Definitions(assets=[made]).resolve_asset_graph().get(made.key)
    with freeze_time(at):
        context = LoadingContextForTest(instance)
        return asyncio.run(evaluator.evaluate_freshness(context, node)).value.lower()


def _observed(evaluator, made, after: dict[str, timedelta]) -> dict:
    """How an asset stands before it was made, and some time after that."""
    with home() as instance:
        observed = {"never_made": _stands(instance, evaluator, made, datetime.now(timezone.utc))}
        materialize([made], instance=instance)
        record = instance.fetch_materializations(made.key, limit=1).records[0]
        at = datetime.fromtimestamp(record.timestamp, timezone.utc)
        for name, later in after.items():
            observed[name] = _stands(instance, evaluator, made, at + later)
        return observed


def ages() -> dict:
    """B52. A warning after one hour, a failure after two."""
    hour = timedelta(hours=1)

    @asset(freshness_policy=FreshnessPolicy.time_window(fail_window=2 * hour, warn_window=hour))
    def made():
        pass

    after = {f"after_{n}_minutes": timedelta(minutes=n) for n in (30, 90, 150)}
    return _observed(TimeWindowFreshnessPolicyEvaluator(), made, after)


def deadlines() -> dict:
    """B53. By nine each day, at most a day before: made now, and asked about after the next deadlines."""
    policy = FreshnessPolicy.cron(deadline_cron="0 9 * * *", lower_bound_delta=timedelta(days=1))

    @asset(freshness_policy=policy)
    def made():
        pass

    after = {f"after_{n}_days": timedelta(days=n) for n in (1, 3)}
    return _observed(CronFreshnessPolicyEvaluator(), made, after)
