"""Records a person's word on the publication of a run.

Dagster has no place for it: it becomes an event of a stand-in asset, `SOURCE/approval`.
"""

from typing import Any

from dagster import AssetMaterialization, DagsterInstance

from ..approval import word_key


# user code: who-approved
def told(instance: DagsterInstance, word: dict[str, Any]) -> None:
    """Records who approves which run."""
    said = {"who": word["who"], "run": word["run"]}
    event = AssetMaterialization(asset_key=word_key(word["source"]), metadata=said)
    instance.report_runless_asset_event(event)


# end of user code
