"""orchbench's line protocol: a JSON message a line, requests on standard input, replies on standard
output."""

import argparse
import json
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

from dagster import DagsterInstance

from .history import ended

Message = dict[str, Any]

# How often a run is looked at that this process does not drive.
LOOK_S = 0.25


def configuration(what: str) -> Message:
    """The harness's configuration, from the file that `--config` names."""
    parser = argparse.ArgumentParser(description=what)
    parser.add_argument("--config", type=Path, required=True, help="the harness's own JSON")
    return json.loads(parser.parse_args().config.read_text())


def await_end(instance: DagsterInstance, run: str, config: Message) -> Message:
    """How a run ended, once it has. One whose process died has no end: Dagster calls it started."""
    while (end := ended(instance, run, config["etl"].get("sources_file"))) is None:
        time.sleep(LOOK_S)
    return end


def refused(run: str, error: object) -> Message:
    """The reply to a request that cannot be met."""
    failure = {"error_type": "BadInput", "message": f"run {run}: {error}"}
    return {"reply": "refused", "failure": failure}


def pipes() -> tuple[TextIO, TextIO]:
    """Where requests come from, and where replies go. What else reads and prints in this process, and in its
    children, has nothing to do with them."""
    requests = os.fdopen(os.dup(0), "r")
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    return requests, replies


def serve(answer: Callable[[Message], Message]) -> None:
    """Says `ready`, then answers requests, each in a thread of its own, until the input ends."""
    requests, replies = pipes()
    saying = threading.Lock()

    def say(message: Message) -> None:
        with saying:
            print(json.dumps(message), file=replies, flush=True)

    def reply(request: Message) -> None:
        try:
            answered = answer(request)
        except Exception as error:
            # No end of a run: the harness takes it for what it is, a fault of this program.
            traceback.print_exc()
            answered = refused(request["run"], repr(error))
        say({"id": request["id"], **answered})

    # The processes of the steps keep journals, this one has nothing to write into one.
    say({"reply": "ready", "pid": os.getpid(), "journal": False})
    for line in requests:
        threading.Thread(target=reply, args=[json.loads(line)], daemon=True).start()
    # Runs under way in here end with this process.
    sys.stderr.flush()
    os._exit(0)
