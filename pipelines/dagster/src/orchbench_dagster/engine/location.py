"""The code location of a deployment: every job that a trial is about.

ORCHBENCH_LOCATION names the file that the harness wrote: the configuration of its workers, and the
jobs by their words.
"""

import json
import os
from pathlib import Path

from dagster import Definitions

from .jobs import backfill_policy, definitions_of, executor_of, executor_words, words_of

told = json.loads(Path(os.environ["ORCHBENCH_LOCATION"]).read_text())
config = told["config"]
by = executor_words(config)
executor, backfill = executor_of(**by), backfill_policy(by["settings"])
defs = Definitions.merge(
    # Also for the runs of a backfill, which are of no job of these.
    Definitions(executor=executor),
    *(definitions_of(words_of(job, config), executor, backfill) for job in told["jobs"]),
)
