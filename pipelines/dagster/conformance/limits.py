"""B64: limits on steps that have a tag in common."""

from dagster import execute_job
from dagster._core.definitions.reconstruct import ReconstructableJob

import jobs
from home import home, steps


def one_at_once() -> dict:
    """B64. Two steps of a tag, of which one may run at once, and a third without it, for which both
    wait."""
    with home() as instance:
        job = ReconstructableJob.for_file(jobs.__file__, "limited_job")
        with execute_job(job, instance) as result:
            return {"run": result.dagster_run.status.value.lower(), "executed": steps()}
