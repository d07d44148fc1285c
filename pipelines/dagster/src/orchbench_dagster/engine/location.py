"""The code location of a deployment: every job that a trial is about.

ORCHBENCH_LOCATION names the file that the harness wrote: the configuration of its workers, and the
jobs by their words.
"""

import json
import os
from pathlib import Path

from dagster import Definitions

from .jobs import definitions_of, executor_of, executor_words, words_of

told = json.loads(Path(os.environ["ORCHBENCH_LOCATION"]).read_text())
executor = executor_of(**executor_words(told["config"]))
defs = Definitions.merge(
    *(definitions_of(words_of(job, told["config"]), executor) for job in told["jobs"])
)
