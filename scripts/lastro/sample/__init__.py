"""A sample of every domain, from a seeded generator."""
