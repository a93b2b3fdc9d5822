"""Exports: the tables that dbt built, as files in the format the business asks for."""
