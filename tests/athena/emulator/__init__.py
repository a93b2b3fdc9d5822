"""An Athena-shaped endpoint whose engine is a real Trino: moto for S3, Glue and STS, Trino for the SQL."""
