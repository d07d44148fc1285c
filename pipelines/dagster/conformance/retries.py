"""B1 to B3: what a RetryPolicy does."""

import time

from dagster import Backoff, RetryPolicy, asset, execute_job, materialize
from dagster._core.definitions.reconstruct import ReconstructableJob

import jobs
from home import home, leave, steps, trail

DELAY_S = 0.3


def exponential_gaps() -> dict:
    """B1. Whole delays between the failure of an attempt and the start of the next."""
    failed_at = []

    @asset(retry_policy=RetryPolicy(max_retries=3, delay=DELAY_S, backoff=Backoff.EXPONENTIAL))
    def flaky():
        if leave("flaky") < 3:
            failed_at.append(time.monotonic())
            raise RuntimeError("as planned")

    with home() as instance:
        result = materialize([flaky], instance=instance, raise_on_error=False)
        begun_at = [at for _, at in trail()]
    gaps = [int((begun - failed) / DELAY_S) for failed, begun in zip(failed_at, begun_at[1:])]
    return {"gaps_in_delays": gaps, "run": result.dagster_run.status.value.lower()}


def others_run_meanwhile() -> dict:
    """B2. One step at a time; the first to run fails once and waits for its retry."""

    @asset(retry_policy=RetryPolicy(max_retries=1, delay=1))
    def a_flaky():
        if leave("flaky") == 0:
            raise RuntimeError("as planned")

    @asset
    def b_other():
        leave("other")

    with home() as instance:
        materialize([a_flaky, b_other], instance=instance, raise_on_error=False)
        return {"executed": steps()}


def killed_step_is_retried() -> dict:
    """B3. A step in a process of its own kills that process."""
    with home() as instance:
        job = ReconstructableJob.for_file(jobs.__file__, "killed_once_job")
        with execute_job(job, instance) as result:
            status = result.dagster_run.status.value.lower()
        return {"attempts": len(steps()), "run": status}
