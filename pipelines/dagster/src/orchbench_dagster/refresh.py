"""The pipeline that is brought up to date: inputs that are looked at by day, and what is made of them.

Dagster knows by its own records which assets are missing or stale: it compares code versions, and the data
versions that a materialization read with those of now. So its users observe the inputs, and materialize what
it calls so, until nothing is. One thing it leaves out: of an asset that reads all partitions of another it
compares no versions (a limit in its resolver of staleness). What follows from all days, marts and
announcement, has an automation condition, which asks for it once something that it reads was updated.
"""

import csv
import io
import zipfile
from collections import defaultdict
from hashlib import sha256
from pathlib import Path

from dagster import (
    AssetKey,
    AssetSelection,
    BackfillPolicy,
    DataVersion,
    DataVersionsByPartition,
    Definitions,
    ExecutorDefinition,
    RetryPolicy,
    SourceAsset,
    define_asset_job,
    observable_source_asset,
)

from .assets import DIMENSIONS, ONE_RUN, STEPS, days_of, etl_assets, group
from .sources import Source
from .steps import Steps

# The inputs that have days.
DAILY_INPUTS = ("flights", "weather")


def refresh_name(source: Source) -> str:
    """The name of the job on all assets of a source, of which each run makes some."""
    return f"refresh_{group(source)}"


def refresh_definitions(
    source: Source,
    retry: RetryPolicy,
    executor: ExecutorDefinition | None = None,
    backfill: BackfillPolicy = ONE_RUN,
    changed_code: str | None = None,
) -> Definitions:
    """The assets of a source on inputs that are observed; the code of the step `changed_code` has a new
    version. The resource `steps` is the caller's."""
    changed = [name for name, step in STEPS.items() if step == changed_code]
    inputs = {name: input_key(source, name) for name in (*DIMENSIONS, *DAILY_INPUTS)}
    assets, checks = etl_assets(source, retry, backfill, inputs, {name: "2" for name in changed})
    everything = define_asset_job(
        refresh_name(source),
        AssetSelection.assets(*(asset.key for asset in assets)),
        description=f"What is out of date of: {source.title}",
        partitions_def=days_of(source),
        executor_def=executor,
    )
    observed = observed_inputs(source)
    return Definitions(assets=[*assets, *observed], asset_checks=checks, jobs=[everything])


def input_key(source: Source, name: str) -> AssetKey:
    """The key of an input."""
    return AssetKey([source.name, "input", name])


# user code: refresh
def observed_inputs(source: Source) -> list[SourceAsset]:
    """The inputs of a source, each with how it is looked at."""
    return [_file(source, name) for name in DIMENSIONS] + [
        _days(source, name) for name in DAILY_INPUTS
    ]


def _file(source: Source, name: str) -> SourceAsset:
    @observable_source_asset(key=input_key(source, name))
    def look(steps: Steps) -> DataVersion:
        return DataVersion(sha256(_archive(steps, name).read_bytes()).hexdigest())

    return look


def _days(source: Source, name: str) -> SourceAsset:
    @observable_source_asset(key=input_key(source, name), partitions_def=days_of(source))
    def look(steps: Steps) -> DataVersionsByPartition:
        digests = defaultdict(sha256)
        with zipfile.ZipFile(_archive(steps, name)) as archive:
            text = io.TextIOWrapper(archive.open(f"{name}.csv"), newline="")
            for row in csv.DictReader(text):
                day = f"{row['year']}-{int(row['month']):02}-{int(row['day']):02}"
                digests[day].update(repr(row).encode())
        return DataVersionsByPartition({day: digests[day].hexdigest() for day in source.days})

    return look


def _archive(steps: Steps, name: str) -> Path:
    return Path(steps.settings["data_dir"], f"{name}.csv.zip")
# end of user code
