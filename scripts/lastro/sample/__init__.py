"""A sample of every domain, made by a seeded generator."""
