"""Dagster as an engine of orchbench: a worker behind its line protocol, and an account of runs."""
