"""B4, B5, B10 and B68: what is left of a run that died, failed or was cancelled, and how it goes on."""

import signal
import subprocess
import sys
import time
from pathlib import Path

from dagster import (
    DagsterEventType,
    DagsterRunStatus,
    ReexecutionOptions,
    asset,
    execute_job,
    materialize,
)
from dagster._core.definitions.reconstruct import ReconstructableJob

import jobs
from home import await_file, home, path, steps


def _worker(job: str) -> subprocess.Popen:
    """A process that executes a job and can be killed."""
    return subprocess.Popen(
        [sys.executable, Path(jobs.__file__).with_name("worker.py"), job],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def killed_run() -> dict:
    """B4. The process of an in-process run is killed; the next process opens the same instance
    and makes another run."""

    @asset
    def another():
        pass

    with home() as instance:
        _worker("killed_with_its_run_job").wait(timeout=50)
        (run,) = instance.get_runs()
        after_kill = run.status.value.lower()
        materialize([another], instance=instance)
        run = instance.get_run_by_id(run.run_id)
        return {"after_kill": after_kill, "after_the_next_start": run.status.value.lower()}


def from_failure() -> dict:
    """B5. A run fails in the middle and is executed again from failure."""
    with home() as instance:
        job = ReconstructableJob.for_file(jobs.__file__, "fails_in_the_middle_job")
        with execute_job(job, instance) as failed:
            before = steps()
        options = ReexecutionOptions.from_failure(failed.dagster_run.run_id, instance)
        with execute_job(job, instance, reexecution_options=options) as result:
            status = result.dagster_run.status.value.lower()
        return {"executed_first": sorted(before), "executed_then": steps()[len(before) :], "run": status}


def orphan() -> dict:
    """B10. The worker of a run is killed while a step of it runs in a process of its own. The run
    is reported as failed (by the call that Dagster's run monitoring makes) and executed again."""
    with home() as instance:
        worker = _worker("orphaned_job")
        await_file("begun")
        worker.send_signal(signal.SIGKILL)
        worker.wait(timeout=50)
        (run,) = instance.get_runs()
        instance.report_run_failed(run)
        job = ReconstructableJob.for_file(jobs.__file__, "orphaned_job")
        options = ReexecutionOptions.from_failure(run.run_id, instance)
        with execute_job(job, instance, reexecution_options=options) as result:
            retry = result.dagster_run.status.value.lower()
        await_file("orphan-ended")
        recorded = _materialized_in(instance, run.run_id)
        run = instance.get_run_by_id(run.run_id)
        assert run.status == DagsterRunStatus.FAILURE, run.status
        return {
            "step_overlaps_its_retry": steps() == ["orphaned", "orphaned"],
            "orphan_is_recorded_as_success": recorded,
            "retry": retry,
        }


def _materialized_in(instance, run_id: str, seconds: float = 10) -> bool:
    """Whether a run comes to have a materialization; the orphan has just ended its work."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if instance.all_logs(run_id, of_type=DagsterEventType.ASSET_MATERIALIZATION):
            return True
        time.sleep(0.05)
    return False


def cancelled_at_once() -> dict:
    """B68. A run is cancelled while a step of it runs in a process of its own. The worker is told as
    Dagster's launchers tell it: the run is reported as canceling, and the process interrupts itself."""
    with home() as instance:
        worker = _worker("endless_job")
        await_file("begun")
        (run,) = instance.get_runs()
        instance.report_run_canceling(run)
        worker.send_signal(signal.SIGINT)
        worker.wait(timeout=50)
        run = instance.get_run_by_id(run.run_id)
        step = int(path("begun").read_text())
        return {
            "run": run.status.value.lower(),
            "step_goes_on": Path("/proc", str(step)).exists(),
            "materializations": len(
                instance.all_logs(run.run_id, of_type=DagsterEventType.ASSET_MATERIALIZATION)
            ),
        }
