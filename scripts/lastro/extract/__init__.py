"""Extraction: copies the tables of source systems to dated raw files."""
