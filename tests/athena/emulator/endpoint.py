"""One HTTP server on 127.0.0.1 that answers like S3, Glue, STS and Athena."""

from __future__ import annotations

import io
import json
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

import boto3
import trino
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

from . import refusals, statements

PAGE_ROWS = 1000


class Query:
    """One execution of a statement, as Athena reports on it."""

    def __init__(self, sql: str) -> None:
        self.id = str(uuid.uuid4())
        self.sql = sql
        self.state = "RUNNING"
        self.reason = ""
        self.kind = "DML"
        self.columns: list[tuple[str, str]] = []
        self.rows: list[list[Any]] = []
        self.scanned_bytes = 0
        self.milliseconds = 0


class Answer(NamedTuple):
    """A statement's rows, the names and types of their columns, and the bytes it read."""

    rows: list[list[Any]]
    columns: list[tuple[str, str]]
    scanned_bytes: int


class Endpoint:
    """The server, its state and its trace."""

    def __init__(self, folder: Path, port: int, engine_port: int, bucket: str) -> None:
        self.address = f"http://127.0.0.1:{port}"
        self.bucket = bucket
        self.queries: dict[str, Query] = {}
        self._engine_port = engine_port
        self._trace = (folder / "trace.jsonl").open("a", encoding="utf-8")
        self._aws = DomainDispatcherApplication(create_backend_app)
        # moto's Glue is not thread-safe.
        self._glue_lock = threading.Lock()
        self._server = make_server("127.0.0.1", port, self._answer, threaded=True, request_handler=_Quiet)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def start(self) -> None:
        """Start listening, and create the bucket."""
        self._thread.start()
        self.client("s3").create_bucket(Bucket=self.bucket)

    def stop(self) -> None:
        """Stop listening, and discard what was stored."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self._trace.close()

    def client(self, service: str) -> Any:
        """Return a boto3 client of this server."""
        return boto3.client(
            service,
            endpoint_url=self.address,
            region_name="us-east-1",
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
        )

    def engine(self) -> trino.dbapi.Connection:
        """Return a connection to Trino itself."""
        return trino.dbapi.connect(
            host="127.0.0.1", port=self._engine_port, user="athena", catalog=statements.HIVE, schema="default"
        )

    def ask(self, sql: str) -> Answer:
        """Run a statement in Trino's own dialect on Trino itself."""
        with self.engine() as connection:
            cursor = connection.cursor()
            cursor.execute(sql)
            rows = cursor.fetchall()
            columns = [(column[0], column[1]) for column in cursor.description or []]
            return Answer(rows, columns, cursor.stats.get("physicalInputBytes", 0))

    # HTTP

    def _answer(self, environ: dict[str, Any], start_response: Callable) -> Iterable[bytes]:
        service, _, action = environ.get("HTTP_X_AMZ_TARGET", "").partition(".")
        if service == "AmazonAthena":
            body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            return self._answer_json(start_response, *self._athena(action, json.loads(body)))
        if service == "AWSGlue" and action in _GLUE_GAPS:
            return self._answer_json(start_response, 200, _GLUE_GAPS[action])
        if action == "UpdateTable":
            # dbt writes a view's description where Trino, unlike Athena, keeps the marker of its views.
            body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            request = json.loads(body)
            parameters = request["TableInput"].get("Parameters", {})
            if parameters.get("presto_view") == "true":
                parameters["comment"] = "Presto View"
                request["TableInput"].pop("Description", None)
            body = json.dumps(request).encode()
            environ |= {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
        if service == "AWSGlue":
            with self._glue_lock:
                return self._aws(environ, start_response)
        return self._aws(environ, start_response)

    def _answer_json(self, start_response: Callable, status: int, answer: dict) -> list[bytes]:
        start_response(
            f"{status} {'OK' if status == 200 else 'Bad Request'}",
            [("Content-Type", "application/x-amz-json-1.1")],
        )
        return [json.dumps(answer).encode()]

    # Athena

    def _athena(self, action: str, request: dict[str, Any]) -> tuple[int, dict]:
        query = self.queries.get(request.get("QueryExecutionId", ""))
        if action == "StartQueryExecution":
            query = Query(request["QueryString"])
            self.queries[query.id] = query
            threading.Thread(target=self._run, args=[query], daemon=True).start()
            return 200, {"QueryExecutionId": query.id}
        if action == "GetQueryExecution" and query:
            return 200, {"QueryExecution": self._execution(query)}
        if action == "GetQueryResults" and query:
            return 200, self._results(query, int(request.get("NextToken") or 0))
        if action == "StopQueryExecution":
            return 200, {}
        if action == "GetWorkGroup":
            return 200, {"WorkGroup": {"Name": request["WorkGroup"], "State": "ENABLED", "Configuration": {}}}
        if action == "GetDataCatalog":
            return 200, {
                "DataCatalog": {
                    "Name": request["Name"],
                    "Type": "GLUE",
                    "Parameters": {"catalog-id": "123456789012"},
                }
            }
        return 400, {"__type": "InvalidRequestException", "Message": f"{action} is not supported here"}

    def _execution(self, query: Query) -> dict[str, Any]:
        status: dict[str, Any] = {"State": query.state, "StateChangeReason": query.reason}
        if query.state == "FAILED":
            is_iceberg = query.reason.startswith("ICEBERG")
            status["AthenaError"] = {
                "ErrorCategory": 2,
                "ErrorType": 233 if is_iceberg else 1006,
                "Retryable": False,
                "ErrorMessage": query.reason,
            }
        return {
            "QueryExecutionId": query.id,
            "Query": query.sql,
            "StatementType": query.kind,
            "Status": status,
            "Statistics": {
                "DataScannedInBytes": query.scanned_bytes,
                "TotalExecutionTimeInMillis": query.milliseconds,
            },
        }

    def _results(self, query: Query, start: int) -> dict[str, Any]:
        header = [[name for name, _ in query.columns]] if query.kind == "DML" else []
        rows = header + query.rows
        page = [
            [None if value is None else _text(value) for value in row]
            for row in rows[start : start + PAGE_ROWS]
        ]
        answer: dict[str, Any] = {
            "UpdateCount": 0,
            "ResultSet": {
                "Rows": [
                    {"Data": [{} if cell is None else {"VarCharValue": cell} for cell in row]} for row in page
                ],
                "ResultSetMetadata": {
                    "ColumnInfo": [
                        {"Name": name, "Type": kind.split("(")[0], "Nullable": "UNKNOWN"}
                        for name, kind in query.columns
                    ]
                },
            },
        }
        if start + PAGE_ROWS < len(rows):
            answer["NextToken"] = str(start + PAGE_ROWS)
        return answer

    def _run(self, query: Query) -> None:
        started = time.monotonic()
        try:
            sql = statements.strip(query.sql)
            refusals.refuse_text(sql)
            self._execute(query, statements.parse(sql))
            query.state = "SUCCEEDED"
        except trino.exceptions.TrinoQueryError as error:
            # Athena uses the connector's error names (HIVE_…, ICEBERG_…), or Trino's own.
            query.reason, query.state = f"{error.error_name}: {error.message}", "FAILED"
        except (refusals.Refusal, ValueError) as error:
            query.reason, query.state = str(error), "FAILED"
        except Exception as error:
            query.reason, query.state = f"INTERNAL_ERROR_QUERY_ENGINE: {error!r}", "FAILED"
        query.milliseconds = round(1000 * (time.monotonic() - started))
        line = {
            "state": query.state,
            "milliseconds": query.milliseconds,
            "scanned": query.scanned_bytes,
            "reason": query.reason,
            "sql": query.sql,
        }
        self._trace.write(json.dumps(line) + "\n")
        self._trace.flush()

    def _execute(self, query: Query, statement: statements.Statement) -> None:
        glue = self.client("glue")
        if isinstance(statement, statements.CreateTableAs):
            refusals.refuse_properties(statement)
            refusals.refuse_types(statement, self._types(statement.query))
            self._trino(query, statements.create_table_sql(statement))
            query.kind, query.columns, query.rows = "DDL", [], []
        elif isinstance(statement, statements.CreateView):
            columns = self._types(statement.query)
            refusals.refuse_types(statement, columns)
            schema, name = statement.relation
            self._trino(
                query, f'create or replace view {statements.HIVE}."{schema}"."{name}" as {statement.query}'
            )
            # Athena's catalog lists the columns of a view; Trino's entry has one placeholder column.
            table = _table_input(glue.get_table(DatabaseName=schema, Name=name)["Table"])
            table["StorageDescriptor"]["Columns"] = [
                {"Name": column, "Type": _hive_type(kind)} for column, kind in columns
            ]
            glue.update_table(DatabaseName=schema, TableInput=table)
            query.kind, query.columns, query.rows = "DDL", [], []
        elif isinstance(statement, statements.CreateExternalTable):
            query.kind = "DDL"
            schema, name = statement.relation
            glue.create_table(DatabaseName=schema, TableInput=_external_table(name, statement))
        elif isinstance(statement, statements.SetTableProperties):
            query.kind = "DDL"
            schema, name = statement.relation
            table = _table_input(glue.get_table(DatabaseName=schema, Name=name)["Table"])
            table["Parameters"] = table.get("Parameters", {}) | statement.properties
            glue.update_table(DatabaseName=schema, TableInput=table)
        else:
            query.kind = "DDL" if statement.is_definition else "DML"
            for sql in statement.statements:
                self._trino(query, sql)

    def _trino(self, query: Query, sql: str) -> None:
        query.rows, query.columns, scanned_bytes = self.ask(sql)
        query.scanned_bytes += scanned_bytes

    def _types(self, sql: str) -> list[tuple[str, str]]:
        return self.ask(f"select * from ({sql}) limit 0").columns


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, kind: str, message: str, *args: Any) -> None:
        """Log nothing; the trace records the requests."""


# Requests that Trino makes in passing and moto does not support: functions and column statistics.
_GLUE_GAPS: dict[str, dict] = {
    "GetUserDefinedFunctions": {"UserDefinedFunctions": []},
    **{
        f"{verb}ColumnStatisticsFor{what}": {"ColumnStatisticsList": [], "Errors": []}
        for verb in ("Get", "Update", "Delete")
        for what in ("Table", "Partition")
    },
}


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _hive_type(kind: str) -> str:
    if kind.startswith("varchar"):
        return "string"
    if kind.startswith("timestamp"):
        return "timestamp"
    return {"integer": "int", "varbinary": "binary", "real": "float"}.get(kind, kind.replace(", ", ","))


def _table_input(table: dict[str, Any]) -> dict[str, Any]:
    """Return the part of a GetTable answer that UpdateTable accepts."""
    names = ("Name", "Description", "Owner", "Retention", "StorageDescriptor", "PartitionKeys", "TableType")
    names += ("ViewOriginalText", "ViewExpandedText", "Parameters")
    return {name: table[name] for name in names if name in table}


def _external_table(name: str, statement: statements.CreateExternalTable) -> dict[str, Any]:
    is_parquet = "parquet" in statement.serde.lower()
    package = "org.apache.hadoop.hive.ql.io.parquet.MapredParquet" if is_parquet else "org.apache.hadoop."
    return {
        "Name": name,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"EXTERNAL": "TRUE"} | statement.table_properties,
        "PartitionKeys": [{"Name": column, "Type": kind} for column, kind in statement.partition_columns],
        "StorageDescriptor": {
            "Columns": [{"Name": column, "Type": kind} for column, kind in statement.columns],
            "Location": statement.location,
            "InputFormat": package + ("InputFormat" if is_parquet else "mapred.TextInputFormat"),
            "OutputFormat": package
            + ("OutputFormat" if is_parquet else "hive.ql.io.HiveIgnoreKeyTextOutputFormat"),
            "SerdeInfo": {
                "SerializationLibrary": statement.serde,
                "Parameters": statement.serde_parameters or {"serialization.format": "1"},
            },
        },
    }


def free_ports(count: int) -> list[int]:
    """Return ports of 127.0.0.1 that are not in use."""
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports
