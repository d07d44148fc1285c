"""The worker of the engine `dagster`: speaks orchbench's line protocol, a JSON message a line.

usage: python -m orchbench_dagster.engine.worker --config FILE
"""

import threading
from pathlib import Path

from dagster import DagsterInstance, DagsterRun

from .history import runs_of
from .instance import open_instance
from .jobs import UP_TO_A_WAIT, words_of
from .protocol import Message, await_end, configuration, refused, serve
from .refreshing import Automation, Refreshing
from .runs import Run


class Worker:
    """Starts runs, and waits for those of its home."""

    def __init__(self, config: Message, instance: DagsterInstance):
        self._config, self._instance = config, instance
        self._starting = threading.Lock()
        # The thread that drives a run, by the run.
        self._driving: dict[str, threading.Thread] = {}
        # Whether a run that refreshed made all that it had to; what it makes may be nothing.
        self._refreshed: dict[str, bool] = {}
        self._automation = Automation()

    def answer(self, request: Message) -> Message:
        """The reply to a request; a wait takes as long as the run."""
        if request["op"] == "start":
            return self._start(request)
        return {"reply": "ended", **self._wait(request["run"])}

    def _start(self, work: Message) -> Message:
        """Records a run in the instance and begins it. One that is there is left as it is."""
        name = work["run"]
        with self._starting:
            if runs_of(self._instance, name) or name in self._driving:
                return {"reply": "started"}
            try:
                if work["job"]["job"] in UP_TO_A_WAIT:
                    raise ValueError("a sensor takes a daemon: expected the execution deployed")
                run = Run.of(work, self._config)
                if work["job"]["job"] == "refresh":
                    words = words_of(work["job"], self._config)
                    what = Refreshing(run, words, self._config, self._automation)
                    target, args = self._refresh, (name, what)
                else:
                    target, args = self._drive, (run, run.create(self._instance, run.stages[0]))
            except Exception as error:
                return refused(name, error)
            thread = threading.Thread(target=target, args=args, daemon=True)
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

    def _refresh(self, name: str, what: Refreshing) -> None:
        self._refreshed[name] = False
        self._refreshed[name] = what.drive(self._instance)

    def _wait(self, name: str) -> Message:
        if driving := self._driving.get(name):
            driving.join()
            if self._refreshed.get(name):
                return {"ended": "succeeded", "summary": None}
            made = runs_of(self._instance, name)
            if name in self._refreshed and all(each.is_success for each in made):
                message = f"run {name}: broken off after {len(made)} runs, none of which failed"
                return {"ended": "failed", "error_type": "Unexpected", "message": message}
        elif not runs_of(self._instance, name):
            message = f"run {name}: not in this instance"
            return {"ended": "failed", "error_type": "RunLost", "message": message}
        return await_end(self._instance, name, self._config)


def main() -> None:
    config = configuration(__doc__.splitlines()[0])
    engine = config["engine"]
    home, postgres = Path(engine["home"]), engine.get("postgres")
    with open_instance(home, engine["settings"], postgres) as instance:
        serve(Worker(config, instance).answer)


if __name__ == "__main__":
    main()
