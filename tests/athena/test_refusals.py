"""The endpoint refuses what Athena refuses; otherwise a green run would mean nothing."""

from __future__ import annotations

import time

import pytest
from emulator.lake import BUCKET, Lake
from emulator.refusals import MAXIMUM_BYTES

PLACE = f"s3://{BUCKET}/refusals"


def run(lake: Lake, sql: str) -> str:
    """Run a statement as an Athena client does, and return why it failed; empty if it did not."""
    athena = lake.endpoint.client("athena")
    query = athena.start_query_execution(QueryString=sql)["QueryExecutionId"]
    while True:
        status = athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]["Status"]
        if status["State"] != "RUNNING":
            return status["StateChangeReason"] if status["State"] == "FAILED" else ""
        time.sleep(0.02)


def iceberg(name: str, query: str, properties: str = "") -> str:
    return (
        f'create table "awsdatacatalog"."refusals"."{name}" with (table_type = \'iceberg\', is_external = false, '
        f"location = '{PLACE}/{name}', format = 'parquet'{properties}) as {query}"
    )


def hive(name: str, query: str, properties: str = "") -> str:
    return (
        f'create table "awsdatacatalog"."refusals"."{name}" with (table_type = \'hive\', is_external = true, '
        f"external_location = '{PLACE}/{name}', format = 'parquet'{properties}) as {query}"
    )


def view(query: str) -> str:
    return f'create or replace view "awsdatacatalog"."refusals"."v" as {query}'


@pytest.fixture(scope="module", autouse=True)
def schema(lake: Lake) -> None:
    assert run(lake, "create schema if not exists `refusals`") == ""


TOO_MANY = "select n, n as p from unnest(sequence(1, 101)) as t (n)"
REFUSED = [
    (iceberg("a", "select localtimestamp(3) as t"), "NOT_SUPPORTED: Timestamp precision (3)"),
    (iceberg("a", "select current_timestamp(6) as t"), "NOT_SUPPORTED: Unsupported Hive type"),
    (iceberg("a", "select json '1' as j"), "NOT_SUPPORTED: Unsupported Hive type: json"),
    (iceberg("a", "select uuid() as u"), "NOT_SUPPORTED: Unsupported Hive type: uuid"),
    (iceberg("a", "select cast(1 as smallint) as s"), "NOT_SUPPORTED: Type not supported for Iceberg"),
    (iceberg("a", "select localtime as t"), "NOT_SUPPORTED: Unsupported Hive type: time"),
    (iceberg("a", 'select 1 as "Upper"'), "GENERIC_USER_ERROR"),
    (iceberg("a", "select 1"), "SYNTAX_ERROR: Column name not specified"),
    (hive("a", "select current_timestamp as t"), "NOT_SUPPORTED: Unsupported Hive type"),
    (hive("a", "select localtimestamp(6) as t"), "NOT_SUPPORTED: Incorrect timestamp precision"),
    (view("select json '1' as j"), "NOT_SUPPORTED: Unsupported Hive type: json"),
    (view("select localtimestamp(6) as t"), "NOT_SUPPORTED: Incorrect timestamp precision"),
    (iceberg("b", TOO_MANY, ", partitioning = array['p']"), "ICEBERG_TOO_MANY_OPEN_PARTITIONS"),
    (hive("d", TOO_MANY, ", partitioned_by = array['p']"), "HIVE_TOO_MANY_OPEN_PARTITIONS"),
    (iceberg("c", "select 1 as a", ", sorted_by = array['a']"), "INVALID_TABLE_PROPERTY"),
    (iceberg("c", "select 1 as a", ", partitioned_by = array['a']"), "INVALID_TABLE_PROPERTY"),
    (hive("c", "select 1 as a", ", partitioning = array['a']"), "INVALID_TABLE_PROPERTY"),
    (
        iceberg("c", "select 1 as a").replace("is_external = false, ", ""),
        "INVALID_TABLE_PROPERTY: is_external",
    ),
    (
        iceberg("c", "select 1 as a").replace(f"location = '{PLACE}/c', ", ""),
        "INVALID_TABLE_PROPERTY: location",
    ),
    ("select 1; select 2", "InvalidRequestException: Only one sql statement"),
    ("select '" + "x" * MAXIMUM_BYTES + "'", "InvalidRequestException: the query is longer"),
    ("call system.runtime.kill_query('x')", "SYNTAX_ERROR"),
    ("set session query_max_run_time = '1h'", "SYNTAX_ERROR"),
    ('alter table "refusals"."x" execute optimize', "FAILED: ParseException"),
    (
        'create external table "refusals"."x" (a int) stored as parquet location \'s3://x/\'',
        "FAILED: ParseException",
    ),
    ("select `a` from t", "SYNTAX_ERROR"),
    ("select 1::int as a", "SYNTAX_ERROR"),
    ("select strftime(1) as a", "FUNCTION_NOT_FOUND"),
    ("select 1 = '1' as a", "TYPE_MISMATCH"),
    ("select 1 / 0 as a", "DIVISION_BY_ZERO"),
]


@pytest.mark.parametrize(
    ("sql", "reason"), REFUSED, ids=[f"{n}-{reason}" for n, (_, reason) in enumerate(REFUSED)]
)
def test_is_refused_with_athenas_error(lake: Lake, sql: str, reason: str) -> None:
    assert run(lake, sql).startswith(reason)


def test_an_iceberg_table_needs_a_place_of_its_own(lake: Lake) -> None:
    lake.endpoint.client("s3").put_object(Bucket=BUCKET, Key="refusals/taken/left.parquet", Body=b"x")
    assert "non-empty location" in run(lake, iceberg("taken", "select 1 as a"))


@pytest.mark.parametrize(
    "sql",
    [
        iceberg(
            "good_iceberg", "select localtimestamp(6) as t, 1 as a", ", partitioning = array['bucket(a, 4)']"
        ),
        hive("good_hive", "select localtimestamp(3) as t, 1 as a", ", write_compression = 'zstd'"),
        iceberg("hundred", TOO_MANY.replace("101", "100"), ", partitioning = array['p']"),
        view("select localtimestamp(3) as t"),
        "-- a comment\nselect 'a;b' as c;",
    ],
)
def test_what_athena_takes_is_taken(lake: Lake, sql: str) -> None:
    assert run(lake, sql) == ""
