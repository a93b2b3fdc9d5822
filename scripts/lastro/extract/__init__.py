"""Extraction: the tables of source systems as dated raw files."""
