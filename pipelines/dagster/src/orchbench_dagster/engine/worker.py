"""The worker of the engine `dagster`: speaks orchbench's line protocol, a JSON message a line.

usage: python -m orchbench_dagster.engine.worker --config FILE
"""

import argparse
import json
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dagster import DagsterInstance, DagsterRun

from .history import ended, runs_of
from .instance import open_instance
from .runs import Run

Message = dict[str, Any]

# How often a run that another process drives, or has driven, is looked at.
LOOK_S = 0.25


class Worker:
    """Starts runs, and waits for those of its home."""

    def __init__(self, config: Message, instance: DagsterInstance):
        self._config, self._instance = config, instance
        self._starting = threading.Lock()
        # The thread that drives a run, by the run.
        self._driving: dict[str, threading.Thread] = {}

    def answer(self, request: Message) -> Message:
        """The reply to a request; a wait takes as long as the run."""
        if request["op"] == "start":
            return self._start(request)
        return {"reply": "ended", **self._wait(request["run"])}

    def _start(self, work: Message) -> Message:
        """Records a run in the instance and begins it. One that is there is left as it is."""
        name = work["run"]
        with self._starting:
            if runs_of(self._instance, name):
                return {"reply": "started"}
            try:
                run = Run.of(work, self._config)
                first = run.create(self._instance, run.stages[0])
            except Exception as error:
                failure = {"error_type": "BadInput", "message": f"run {name}: {error}"}
                return {"reply": "refused", "failure": failure}
            thread = threading.Thread(target=self._drive, args=(run, first), daemon=True)
            self._driving[name] = thread
            thread.start()
        return {"reply": "started"}

    def _drive(self, run: Run, first: list[DagsterRun]) -> None:
        try:
            run.drive(self._instance, first)
        finally:
            # Where Dagster itself breaks off, its own monitoring would call the run failed.
            for each in runs_of(self._instance, run.name):
                if not each.is_finished:
                    self._instance.report_run_failed(each)

    def _wait(self, name: str) -> Message:
        """How a run ended. One whose process died has no end: Dagster calls it started."""
        if driving := self._driving.get(name):
            driving.join()
        elif not runs_of(self._instance, name):
            message = f"run {name}: not in this instance"
            return {"ended": "failed", "error_type": "RunLost", "message": message}
        sources = self._config["etl"].get("sources_file")
        while (end := ended(self._instance, name, sources)) is None:
            time.sleep(LOOK_S)
        return end


def serve(answer: Callable[[Message], Message]) -> None:
    """Says `ready`, then answers requests, each in a thread of its own, until the input ends."""
    # What else reads and prints in here, and in its children, has nothing to do with the protocol.
    requests = os.fdopen(os.dup(0), "r")
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    saying = threading.Lock()

    def say(message: Message) -> None:
        with saying:
            print(json.dumps(message), file=replies, flush=True)

    def reply(request: Message) -> None:
        say({"id": request["id"], **answer(request)})

    # The processes of the steps keep journals, this one has nothing to write into one.
    say({"reply": "ready", "pid": os.getpid(), "journal": False})
    for line in requests:
        threading.Thread(target=reply, args=[json.loads(line)], daemon=True).start()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--config", type=Path, required=True, help="the harness's own JSON")
    config = json.loads(parser.parse_args().config.read_text())
    with open_instance(Path(config["engine"]["home"])) as instance:
        serve(Worker(config, instance).answer)
        # Runs under way end with this process.
        sys.stderr.flush()
        os._exit(0)


if __name__ == "__main__":
    main()
