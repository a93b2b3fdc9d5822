"""Lastro's command line: everything around the dbt project. The numbers themselves are SQL."""

from pathlib import Path

# The dbt project that this package belongs to.
PROJECT = Path(__file__).parents[2]
