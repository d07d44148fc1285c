"""The ETL of orchbench as Dagster assets, and Dagster as one of its engines."""
