"""The only way in: this package reads raw files once, before dbt. Both engines read what it lands."""
