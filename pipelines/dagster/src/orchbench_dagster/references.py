"""Where the values of assets are kept.

They are references to data, never data: one JSON file an asset, or a partition of one. A run of one
partition and a run of many leave the same files, which the default IO manager refuses of the latter.
"""

import json
import os
from pathlib import Path
from typing import Any

from dagster import (
    AssetKey,
    ConfigurableIOManager,
    InitResourceContext,
    InputContext,
    OutputContext,
)
from pydantic import PrivateAttr

Reference = dict[str, Any]


class References(ConfigurableIOManager):
    """Keeps them in the instance's storage. The value of a partitioned asset is its references by
    partition: those of the run, or those that its reader depends on."""

    _folder: Path = PrivateAttr()

    def setup_for_execution(self, context: InitResourceContext) -> None:
        self._folder = Path(context.instance.storage_directory())

    def handle_output(self, context: OutputContext, obj: Reference) -> None:
        if not context.has_asset_partitions:
            self._write(self._file(context.asset_key), obj)
            return
        for partition in context.asset_partition_keys:
            self._write(self._file(context.asset_key, partition), obj[partition])

    def load_input(self, context: InputContext) -> Reference:
        if not context.has_asset_partitions:
            return self._read(self._file(context.asset_key))
        return {
            partition: self._read(self._file(context.asset_key, partition))
            for partition in context.asset_partition_keys
        }

    def _file(self, asset: AssetKey, partition: str = "value") -> Path:
        return self._folder.joinpath(*asset.path, f"{partition}.json")

    def _read(self, file: Path) -> Reference:
        return json.loads(file.read_text())

    def _write(self, file: Path, reference: Reference) -> None:
        """Writes a file that is whole whenever it is there."""
        file.parent.mkdir(parents=True, exist_ok=True)
        written = file.with_suffix(f".{os.getpid()}")
        written.write_text(json.dumps(reference))
        written.replace(file)
