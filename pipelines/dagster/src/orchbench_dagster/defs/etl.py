"""Every source of the catalogue, on the program `orchbench` that ORCHBENCH_BIN names."""

import os
from pathlib import Path

from dagster import Definitions, RetryPolicy, definitions

from ..pipeline import etl_definitions
from ..sources import read_sources
from ..steps import Steps

RETRY = RetryPolicy(max_retries=4, delay=0.2)


@definitions
def etl() -> Definitions:
    work_dir = Path(os.environ.get("ORCHBENCH_WORK_DIR", "orchbench-data")).absolute()
    settings = {"work_dir": str(work_dir), "warehouse": f"sqlite:{work_dir}/warehouse.sqlite"}
    for name in ("data_dir", "catalogue_url"):
        if value := os.environ.get(f"ORCHBENCH_{name.upper()}"):
            settings[name] = value
    steps = Steps(program=os.environ.get("ORCHBENCH_BIN", "orchbench"), settings=settings)
    sources = [etl_definitions(source, RETRY) for source in read_sources().values()]
    return Definitions.merge(*sources, Definitions(resources={"steps": steps}))
