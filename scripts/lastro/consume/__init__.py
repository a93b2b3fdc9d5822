"""The consumer: messages of a Kafka topic become raw Parquet files, each offset once."""
