"""Lastro's command line: what stands around the dbt project. The numbers themselves are SQL."""
