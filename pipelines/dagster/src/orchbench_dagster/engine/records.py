"""What the instance of a trial says, and what is said to it. Each question is a module beside this one, whose
function `told` takes the instance and a word, mostly the name of a run, and gives what JSON can say.

usage: python -m orchbench_dagster.engine.records --home DIR [QUESTION RUN]

With a question about a run, prints what is told. Without, is asked on standard input until that ends, a JSON
array of question and word a line, and replies to each by a JSON object with what was `told`, or the `error`; a
first one, with nothing told, says that it can be asked. One process for all, as it takes seconds to import
Dagster.
"""

import argparse
import importlib
import json
import traceback
from functools import cached_property
from pathlib import Path
from typing import Any

from dagster import DagsterInstance

from .instance import open_instance
from .protocol import pipes

# What is asked about a run, by its name; and what takes more words.
ABOUT_A_RUN = ("account", "ends", "forget", "refreshed", "waits")
QUESTIONS = (*ABOUT_A_RUN, "answers", "approve", "models")


class Records:
    """The instance of a home, opened when it is first asked: whoever executes makes it."""

    def __init__(self, home: Path):
        self._home = home

    @cached_property
    def _instance(self) -> DagsterInstance:
        return open_instance(self._home)

    def told(self, question: str, word: Any) -> Any:
        """What is told, by the module of the question's name. Raises KeyError where that is none."""
        if question not in QUESTIONS:
            raise KeyError(question)
        module = importlib.import_module(f".{question}", __package__)
        return module.told(self._instance, word)

    def reply(self, line: str) -> dict[str, Any]:
        """What is told, or why nothing is."""
        try:
            return {"told": self.told(*json.loads(line))}
        except Exception as error:
            traceback.print_exc()
            return {"error": repr(error)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("question", nargs="?", choices=ABOUT_A_RUN)
    parser.add_argument("run", nargs="?")
    arguments = parser.parse_args()
    if arguments.question and arguments.run is None:
        parser.error(f"{arguments.question}: expected a run")
    records = Records(arguments.home)
    if arguments.question:
        print(json.dumps(records.told(arguments.question, arguments.run)))
        return
    asked, replies = pipes()
    # What most questions need, before anybody waits for them.
    importlib.import_module(".account", __package__)
    print(json.dumps({"told": None}), file=replies, flush=True)
    for line in asked:
        print(json.dumps(records.reply(line)), file=replies, flush=True)


if __name__ == "__main__":
    main()
