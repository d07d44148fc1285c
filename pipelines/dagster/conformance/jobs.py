"""Jobs that other processes load by the path of this file."""

import os
import signal

from dagster import (
    Definitions,
    RetryPolicy,
    asset,
    define_asset_job,
    in_process_executor,
    multiprocess_executor,
)

from home import await_file, leave, path


def _job(assets, executor):
    the_job = define_asset_job("the_job", executor_def=executor)
    return Definitions(assets=assets, jobs=[the_job]).resolve_job_def("the_job")


def killed_once_job():
    """B3."""

    @asset(retry_policy=RetryPolicy(max_retries=1))
    def killed_once():
        if leave("killed_once") == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    return _job([killed_once], multiprocess_executor)


def killed_with_its_run_job():
    """B4."""

    @asset
    def killed():
        leave("killed")
        os.kill(os.getpid(), signal.SIGKILL)

    return _job([killed], in_process_executor)


def fails_in_the_middle_job():
    """B5. first → middle → last, and one that depends on nothing."""

    @asset
    def first():
        leave("first")

    @asset(deps=[first])
    def middle():
        if leave("middle") == 0:
            raise RuntimeError("as planned")

    @asset(deps=[middle])
    def last():
        leave("last")

    @asset
    def apart():
        leave("apart")

    return _job([first, middle, last, apart], in_process_executor)


def orphaned_job():
    """B10. The first execution goes on until the second has begun."""

    @asset
    def orphaned():
        if leave("orphaned") == 0:
            path("begun").touch()
            await_file("overlapped")
            path("orphan-ended").touch()
        else:
            path("overlapped").touch()

    return _job([orphaned], multiprocess_executor)


def limited_job():
    """B64."""

    def tagged(name: str):
        @asset(name=name, op_tags={"db": "main"})
        def step():
            leave("begin")
            await_file("third")
            leave("end")

        return step

    @asset
    def third():
        path("third").touch()

    limits = {
        "max_concurrent": 3,
        "tag_concurrency_limits": [{"key": "db", "value": "main", "limit": 1}],
    }
    assets = [tagged("first"), tagged("second"), third]
    return _job(assets, multiprocess_executor.configured(limits))


def endless_job():
    """B68."""

    @asset
    def endless():
        path("began").write_text(str(os.getpid()))
        path("began").rename(path("begun"))
        await_file("never")

    return _job([endless], multiprocess_executor)
