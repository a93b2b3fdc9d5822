"""Exports: what dbt built, as files in the shape that the business asks for."""
