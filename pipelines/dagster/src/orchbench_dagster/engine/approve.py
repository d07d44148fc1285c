"""Records a person's word on the publication of a run.

usage: python -m orchbench_dagster.engine.approve --home DIR --word JSON

Dagster has no place for it: it becomes an event of a stand-in asset, `SOURCE/approval`.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from dagster import AssetMaterialization, DagsterInstance

from ..approval import word_key
from .instance import open_instance


# user code: who-approved
def approve(instance: DagsterInstance, word: dict[str, Any]) -> None:
    """Records who approves which run."""
    said = {"who": word["who"], "run": word["run"]}
    event = AssetMaterialization(asset_key=word_key(word["source"]), metadata=said)
    instance.report_runless_asset_event(event)


# end of user code


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--word", type=json.loads, required=True)
    arguments = parser.parse_args()
    with open_instance(arguments.home) as instance:
        approve(instance, arguments.word)


if __name__ == "__main__":
    main()
