"""An Athena-shaped endpoint: moto for S3, Glue and STS, and a real Trino for the SQL."""
