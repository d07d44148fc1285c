"""Executes a job of jobs.py in the instance of DAGSTER_HOME; a process that can be killed.

usage: python worker.py JOB
"""

import sys

from dagster import DagsterInstance, execute_job
from dagster._core.definitions.reconstruct import ReconstructableJob

import jobs

if __name__ == "__main__":
    with DagsterInstance.get() as instance:
        execute_job(ReconstructableJob.for_file(jobs.__file__, sys.argv[1]), instance)
