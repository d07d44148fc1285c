"""The client of a deployment: speaks orchbench's line protocol, and has the webserver launch runs over
GraphQL, as its pages do.

usage: python -m orchbench_dagster.engine.client --config FILE

A source of one day is a run of Dagster, of the job on all assets; where a person's word is to come, or a
time to pass, of those up to it, and a sensor launches another run of the rest. More days are one backfill of all assets:
the daemon plans its runs. How they end is read from the instance.
"""

import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import requests
from dagster import DagsterInstance
from dagster._core.storage.tags import MAX_RUNTIME_SECONDS_TAG

from ..assets import DAILY, DIMENSIONS, PUBLICATION, keys
from ..embargo import EMBARGO_TAG
from ..sources import Source
from ..steps import RUN_TAG
from .history import runs_of
from .instance import open_instance
from .jobs import UP_TO_A_WAIT, Words, name_of, run_config, source_of, words_of
from .protocol import LOOK_S, Message, await_end, configuration, refused, serve
from .runs import SOURCE_TAG, UP_TO_WORD, stages, tags_of

# What Dagster calls definitions that are in no repository of a name of their own.
REPOSITORY = "__repository__"

# The longest that webserver and code location may take to answer.
READY_S = 90.0

LOCATIONS = """
query Locations {
  workspaceOrError {
    ... on Workspace { locationEntries { name locationOrLoadError { __typename } } }
  }
}
"""

LAUNCH_RUN = """
mutation LaunchRun($params: ExecutionParams!) {
  launched: launchRun(executionParams: $params) {
    __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on RunConfigValidationInvalid { errors { message } }
    ... on Error { message }
  }
}
"""

LAUNCH_BACKFILL = """
mutation LaunchBackfill($params: LaunchBackfillParams!) {
  launched: launchPartitionBackfill(backfillParams: $params) {
    __typename
    ... on LaunchBackfillSuccess { backfillId }
    ... on Error { message }
  }
}
"""


class Webserver:
    """GraphQL of a webserver, about one code location."""

    def __init__(self, url: str, location: str):
        self._url, self._location = f"{url}/graphql", location

    def await_location(self) -> None:
        """Waits until the webserver has loaded the location. Raises TimeoutError, with what it said
        last."""
        deadline = time.monotonic() + READY_S
        said: Any = "nothing"
        while time.monotonic() < deadline:
            try:
                said = self._ask(LOCATIONS)["workspaceOrError"]["locationEntries"]
            except (requests.RequestException, RuntimeError) as error:
                said = error
            else:
                loaded = {each["name"]: each["locationOrLoadError"] for each in said}
                if (loaded.get(self._location) or {}).get("__typename") == "RepositoryLocation":
                    return
            time.sleep(LOOK_S)
        raise TimeoutError(f"{self._url}: no location {self._location} after {READY_S} s: {said}")

    def launch_run(self, job: str, config: Words, tags: dict[str, str]) -> None:
        """Launches a run of a job. When it returns, the run is in the instance. Raises RuntimeError
        where it is refused."""
        selector = {
            "repositoryLocationName": self._location,
            "repositoryName": REPOSITORY,
            "jobName": job,
        }
        metadata = {"tags": _pairs(tags)}
        params = {"selector": selector, "runConfigData": config, "executionMetadata": metadata}
        self._launch(LAUNCH_RUN, params)

    def launch_backfill(self, source: Source, config: Words, tags: dict[str, str]) -> None:
        """Launches a backfill of all assets of a source over all of its days. Raises RuntimeError where
        it is refused."""
        assets = keys(source, (*DIMENSIONS, *DAILY, *PUBLICATION))
        params = {
            "assetSelection": [{"path": asset.path} for asset in assets],
            "partitionNames": source.days,
            "tags": _pairs(tags),
            "runConfigData": config,
        }
        self._launch(LAUNCH_BACKFILL, params)

    def _launch(self, mutation: str, params: Words) -> None:
        launched = self._ask(mutation, {"params": params})["launched"]
        if not launched["__typename"].endswith("Success"):
            raise RuntimeError(f"{launched['__typename']}: {launched}")

    def _ask(self, query: str, variables: Words | None = None) -> Words:
        answer = requests.post(
            self._url, json={"query": query, "variables": variables or {}}, timeout=READY_S
        )
        answer.raise_for_status()
        told = answer.json()
        if "errors" in told:
            raise RuntimeError(told["errors"])
        return told["data"]


def _pairs(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in tags.items()]


class Client:
    """Starts runs, and waits for those of its instance."""

    def __init__(self, config: Message, instance: DagsterInstance, webserver: Webserver):
        self._config, self._instance, self._webserver = config, instance, webserver
        self._starting = threading.Lock()
        # Backfills have no run at first.
        self._started: set[str] = set()

    def answer(self, request: Message) -> Message:
        """The reply to a request; a wait takes as long as the run."""
        if request["op"] == "start":
            return self._start(request["run"], request["job"])
        return {"reply": "ended", **await_end(self._instance, request["run"], self._config)}

    def _start(self, run: str, job: Words) -> Message:
        """Has a run launched. One that is there is left as it is."""
        with self._starting:
            if run not in self._started and not runs_of(self._instance, run):
                try:
                    self._launch(run, job)
                except (KeyError, ValueError, RuntimeError) as error:
                    return refused(run, error)
            self._started.add(run)
        return {"reply": "started"}

    def _launch(self, run: str, job: Words) -> None:
        words = words_of(job, self._config)
        config = run_config(words, self._config)
        source = source_of(words)
        if job["job"] == "refresh":
            raise ValueError("a code location has code of one version: expected another execution")
        waits = job["job"] in UP_TO_A_WAIT
        if source and len(source.days) > 1:
            if waits:
                raise ValueError(f"source {source.name}: expected one day to wait for, found more")
            tags = {RUN_TAG: run, SOURCE_TAG: source.name}
            if bound := self._instance.run_monitoring_max_runtime_seconds:
                # Run monitoring's bound is for a run of one day; these may be of many.
                tags[MAX_RUNTIME_SECONDS_TAG] = str(bound * len(source.days))
            self._webserver.launch_backfill(source, config, tags)
        else:
            ((whole,),) = stages(source)
            part = replace(whole, name=UP_TO_WORD) if waits else whole
            tags = tags_of(run, source, part)
            if "embargo_ms" in job:
                tags[EMBARGO_TAG] = str(job["embargo_ms"])
            self._webserver.launch_run(name_of(words), config, tags)


def main() -> None:
    config = configuration(__doc__.splitlines()[0])
    engine = config["engine"]
    webserver = Webserver(engine["webserver"], engine["location"])
    with open_instance(Path(engine["home"])) as instance:
        webserver.await_location()
        serve(Client(config, instance, webserver).answer)


if __name__ == "__main__":
    main()
