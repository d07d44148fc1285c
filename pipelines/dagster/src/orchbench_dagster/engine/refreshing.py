"""Runs of orchbench that bring a source up to date: what is stale by Dagster's own records is materialized,
until nothing is. This process drives them, as a script of a user would.
"""

import json
from collections.abc import Sequence

from dagster import (
    AssetKey,
    AssetSelection,
    DagsterInstance,
    Definitions,
    evaluate_automation_conditions,
)
from dagster._core.asset_graph_view.asset_graph_view import AssetGraphView, TemporalContext
from dagster._core.definitions.data_version import CachingStaleStatusResolver, StaleStatus
from dagster._core.definitions.observe import observe
from dagster._time import get_current_datetime

from ..assets import DAILY, DIMENSIONS, PUBLICATION, keys
from ..refresh import observed_inputs
from ..steps import Steps
from .jobs import Words, definitions_of_words
from .runs import LAST, Part, Run

# A run of Dagster of a run that refreshes: what Dagster called missing or stale, and so was made in it.
CALLED_STALE_TAG = "orchbench/called-stale"

# As many rounds as there are assets: after that each has had its turn.
ROUNDS = len((*DIMENSIONS, *DAILY, *PUBLICATION))


class Automation:
    """What the automation sensor remembers from tick to tick, where a daemon runs it."""

    def __init__(self) -> None:
        self._cursor = None

    def wanted(
        self, instance: DagsterInstance, definitions: Definitions, assets: Sequence[AssetKey]
    ) -> list[AssetKey]:
        """The assets, without partitions, that their conditions ask for now."""
        result = evaluate_automation_conditions(
            definitions,
            instance,
            asset_selection=AssetSelection.assets(*assets),
            cursor=self._cursor,
        )
        self._cursor = result.cursor
        return [asset for asset in assets if result.get_requested_partitions(asset)]


class Refreshing:
    """A run of orchbench that refreshes."""

    def __init__(self, run: Run, words: Words, config: Words, automation: Automation):
        self._run, self._config, self._automation = run, config, automation
        self._definitions = definitions_of_words(words, config)

    def drive(self, instance: DagsterInstance) -> bool:
        """Makes what is missing or stale, and leaves out what waits for a day that fails; whether all of it
        was made."""
        source = self._run.source
        # user code: refresh
        steps = Steps(**self._run.config["resources"]["steps"]["config"])
        observe(observed_inputs(source), instance=instance, resources={"steps": steps})
        if not self._settle(instance, keys(source, DIMENSIONS), None):
            return False
        daily = keys(source, DAILY)
        if not all([self._settle(instance, daily, day) for day in source.days]):
            return False
        assets = keys(source, PUBLICATION)
        for _ in range(ROUNDS):
            wanted = self._stale(instance, assets, None) or self._automation.wanted(
                instance, self._definitions, assets
            )
            if wanted and not self._make(instance, wanted, None):
                return False
            if not wanted:
                break
        # end of user code
        return True

    # user code: refresh
    def _settle(self, instance: DagsterInstance, assets: Sequence[AssetKey], day: str | None) -> bool:
        """Makes assets of a day until Dagster calls none of them missing or stale; false where one fails."""
        for _ in range(ROUNDS):
            stale = self._stale(instance, assets, day)
            if not stale:
                break
            if not self._make(instance, stale, day):
                return False
        return True
    # end of user code

    def _stale(
        self, instance: DagsterInstance, assets: Sequence[AssetKey], day: str | None
    ) -> list[AssetKey]:
        """Those of the assets that Dagster calls missing or stale now, as its pages show it."""
        graph = self._definitions.resolve_asset_graph()
        now = TemporalContext(effective_dt=get_current_datetime(), last_event_id=None)
        view = AssetGraphView(temporal_context=now, instance=instance, asset_graph=graph)
        resolver = CachingStaleStatusResolver(instance, graph, view)
        return [
            asset for asset in assets if resolver.get_status(asset, day) != StaleStatus.FRESH
        ]

    def _make(self, instance: DagsterInstance, stale: Sequence[AssetKey], day: str | None) -> bool:
        """Materializes assets of a day in a run of Dagster."""
        tags = {CALLED_STALE_TAG: json.dumps([asset.path[-1] for asset in stale])}
        part = Part(LAST, list(stale), day)
        (run,) = self._run.create(instance, [part], tags)
        return self._run.execute(instance, run)
