"""dbt, as a process that keeps an effect journal: what it executes is witnessed whoever called it.

usage: journalled.py DBT-WORDS...      as `dbt` itself, for an engine that calls dbt
       journalled.py --order           one model, by the order on standard input; prints the answer

Of each model that dbt executes there are two records, written while dbt works: before its statement,
and when that has ended. A model that dbt skips is not executed and has none. Where the journal goes,
and in whose name, stands in ORCHBENCH_DBT_JOURNAL and ORCHBENCH_DBT_RUN; without them none is kept.
"""

import ctypes
import hashlib
import json
import os
import secrets
import signal
import sqlite3
import sys
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

STEP = "build_model"

# Whichever engine started this process names itself in one of these.
PARENTS = ("ORCHBENCH_STEP_PARENT", "ASSET_ENGINE_PARENT_PID")


class Journal:
    """A file of the effect journal, in the format of `pipelines/journal`: a line is one write, numbers
    have no gap, and each checksum is chained to the one before."""

    def __init__(self, folder: Path):
        # A process id may come again.
        self._writer = f"dbt-{os.getpid()}-{secrets.token_hex(4)}"
        self._seq, self._checksum = 0, ""
        flags = os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_WRONLY
        self._file = os.open(folder / f"{self._writer}.jsonl", flags, 0o644)
        self.append("open")

    def append(self, kind: str, before: dict[str, Any] | None = None, **after: Any) -> None:
        """Writes a record. The order of the fields is the format's."""
        self._seq += 1
        record = {
            "format_version": 1,
            "writer": self._writer,
            "seq": self._seq,
            "t_ns": time.clock_gettime_ns(time.CLOCK_MONOTONIC),
            "kind": kind,
            **(before or {}),
            "epoch": 0,
            **after,
            "checksum": "",
        }
        chained = hashlib.sha256(self._checksum.encode() + _json(record))
        self._checksum = record["checksum"] = chained.hexdigest()
        line = _json(record) + b"\n"
        if os.write(self._file, line) != len(line):
            raise OSError(f"journal {self._writer}: a record was cut short")


class Witness:
    """Hears what dbt says of itself, and writes down what it executes."""

    def __init__(self, journal: Journal, run: str, warehouse: Path):
        self._journal, self._run, self._warehouse = journal, run, warehouse
        self._begun: set[str] = set()

    def __call__(self, event: Any) -> None:
        node = getattr(event.data, "node_info", None)
        if node is None or node.resource_type != "model":
            return
        model, name = node.node_name, event.info.name
        execution = {
            "run": self._run,
            "step": STEP,
            "attempt": 1,
            "key": f"{self._run}/{STEP}/{model}",
        }
        if name == "NodeExecuting":
            self._begun.add(model)
            self._journal.append("invoke", execution)
        elif name == "NodeFinished" and model in self._begun:
            if node.node_status == "success":
                digest, rows = made(self._warehouse, model)
                self._journal.append("ok", execution, output_digest=digest, rows=rows)
            else:
                message = one_line(event.data.run_result.message)
                self._journal.append("error", execution, error=f"BadInput: {message}")


def made(warehouse: Path, model: str) -> tuple[str, int]:
    """The digest of the rows that a model has made, in whatever order, and how many they are."""
    with closing(sqlite3.connect(f"file:{warehouse}?mode=ro", uri=True)) as database:
        rows = sorted(map(repr, database.execute(f'SELECT * FROM "{model}"')))
    return hashlib.sha256("\n".join(rows).encode()).hexdigest(), len(rows)


def dbt(words: list[str]) -> tuple[bool, str]:
    """Runs dbt with these words; whether all was well, and what was not."""
    from dbt.cli.main import dbtRunner

    journal, callbacks = None, []
    if "ORCHBENCH_DBT_JOURNAL" in os.environ:
        journal = Journal(Path(os.environ["ORCHBENCH_DBT_JOURNAL"]))
        warehouse = Path(os.environ["ORCHBENCH_DBT_WAREHOUSE"])
        callbacks.append(Witness(journal, os.environ["ORCHBENCH_DBT_RUN"], warehouse))
    ended = dbtRunner(callbacks=callbacks).invoke(words)
    if journal:
        journal.append("close")
    if ended.success:
        return True, ""
    results = getattr(ended.result, "results", [])
    said = [each.message for each in results if each.status in ("error", "fail")]
    return False, one_line(str(ended.exception or "; ".join(filter(None, said))))


def one_line(text: str) -> str:
    return " ".join(text.split())


def order() -> None:
    """Builds one model, with its tests, and answers."""
    told = json.load(sys.stdin)
    # What else prints in here has nothing to do with the answer.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    os.environ.update(told["variables"], ORCHBENCH_DBT_RUN=told["run"])
    os.chdir(told["folder"])
    well, message = dbt(["build", "--select", told["model"]])
    if well:
        warehouse = Path(os.environ["ORCHBENCH_DBT_WAREHOUSE"])
        digest, rows = made(warehouse, told["model"])
        answer = {"model": told["model"], "digest": digest, "rows": rows}
    else:
        answer = {"error_type": "BadInput", "message": f"model {told['model']}: {message}"}
    print(json.dumps(answer), file=answers, flush=True)


def _json(record: dict[str, Any]) -> bytes:
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode()


def bind_to_parent() -> None:
    """This process ends with the one that started it."""
    ctypes.CDLL(None, use_errno=True).prctl(1, signal.SIGKILL)
    named = [int(os.environ[name]) for name in PARENTS if name in os.environ]
    if named and os.getppid() not in named:
        sys.exit("the process that started this one is gone")


if __name__ == "__main__":
    bind_to_parent()
    if sys.argv[1:] == ["--order"]:
        order()
    else:
        well, message = dbt(sys.argv[1:])
        if message:
            with suppress(OSError):
                print(message, file=sys.stderr)
        sys.exit(0 if well else 1)
