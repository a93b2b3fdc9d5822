"""Lastro's command line: what stands around the dbt project. The numbers themselves are SQL."""

from pathlib import Path

# The dbt project that the command stands in.
PROJECT = Path(__file__).parents[2]
