"""The one door in: raw files are read here, once, before dbt. Both engines read what this package lands."""
