"""What Athena refuses and Trino accepts; without these refusals a green run would mean nothing.

Sources: the Amazon Athena User Guide (DDL and DML quotas, `CREATE TABLE AS` considerations, Iceberg data types,
Hive views) and error messages quoted by users. The error names are Athena's.
"""

from __future__ import annotations

import re

from .statements import CreateTableAs, CreateView

MAXIMUM_BYTES = 262_144

_STATEMENTS = {
    *(
        "select",
        "with",
        "insert",
        "merge",
        "delete",
        "update",
        "values",
        "explain",
        "create",
        "drop",
        "alter",
    ),
    *("msck", "optimize", "vacuum", "describe", "show", "(select", "(with"),
}
_PROPERTIES = {
    *(
        "table_type",
        "is_external",
        "format",
        "location",
        "external_location",
        "partitioning",
        "partitioned_by",
    ),
    *("bucketed_by", "bucket_count", "write_compression", "field_delimiter", "compression_level"),
    *("vacuum_max_snapshot_age_seconds", "vacuum_min_snapshots_to_keep", "vacuum_max_metadata_files_to_keep"),
    *("optimize_rewrite_data_file_threshold", "optimize_rewrite_delete_file_threshold"),
    *("optimize_rewrite_min_data_file_size_bytes", "optimize_rewrite_max_data_file_size_bytes"),
    "write_target_data_file_size_bytes",
}
_HIVE_ONLY = {"external_location", "partitioned_by", "bucketed_by", "bucket_count", "field_delimiter"}
_ICEBERG_ONLY = {"location", "partitioning"}
_NEVER = re.compile(r"^(time(\(\d+\))?|json|uuid|ipaddress|.*with time zone|unknown|interval .*)$")


class Refusal(Exception):
    """Athena's answer to a statement that it refuses. The text starts with the error name."""


def refuse_text(sql: str) -> None:
    """Refuse a statement by its text alone.

    Raises:
        Refusal: It is too long, more than one statement, or of a kind that Athena does not have.
    """
    if len(sql.encode()) > MAXIMUM_BYTES:
        raise Refusal(f"InvalidRequestException: the query is longer than {MAXIMUM_BYTES} bytes")
    bare = re.sub(r"'(?:[^']|'')*'|\"[^\"]*\"|--[^\n]*|/\*.*?\*/", "", sql, flags=re.S)
    if ";" in bare:
        raise Refusal("InvalidRequestException: Only one sql statement is allowed")
    words = bare.lower().split()
    if not words or words[0] not in _STATEMENTS:
        raise Refusal(f"SYNTAX_ERROR: mismatched input '{words[0] if words else ''}'")
    is_hive = re.match(
        r"(create external|alter|msck|describe|show|(create|drop) (schema|database|table if))",
        " ".join(words),
    )
    if is_hive and '"' in sql:
        raise Refusal(
            "FAILED: ParseException line 1:0 cannot recognize input near '\"': use backticks in DDL"
        )
    if words[0] == "alter" and "execute" in words:
        raise Refusal("FAILED: ParseException: alter table … execute is Trino's, not Athena's")


def refuse_properties(statement: CreateTableAs) -> None:
    """Refuse the properties of a create-table-as.

    Raises:
        Refusal: Athena does not know a property, does not allow it for this type of table, or requires it.
    """
    for name in statement.properties:
        if name not in _PROPERTIES:
            raise Refusal(f"INVALID_TABLE_PROPERTY: Unable to set catalog property '{name}': not supported")
        if name in (_HIVE_ONLY if statement.is_iceberg else _ICEBERG_ONLY):
            kind = "Iceberg" if statement.is_iceberg else "Hive"
            raise Refusal(
                f"INVALID_TABLE_PROPERTY: table property '{name}' is not supported for {kind} tables"
            )
    if statement.is_iceberg and statement.properties.get("is_external", "true") != "false":
        raise Refusal("INVALID_TABLE_PROPERTY: is_external must be false for Iceberg tables")
    if statement.is_iceberg and "location" not in statement.properties:
        raise Refusal("INVALID_TABLE_PROPERTY: location is required for Iceberg tables")


def refuse_types(statement: CreateTableAs | CreateView, columns: list[tuple[str, str]]) -> None:
    """Refuse the column types of a table or view.

    Args:
        statement: The statement that creates it.
        columns: The name and Trino type of each column of its query.

    Raises:
        Refusal: A column has a type that the table or view cannot have on Athena.
    """
    is_iceberg = isinstance(statement, CreateTableAs) and statement.is_iceberg
    for name, kind in columns:
        if not name or name.startswith("_col"):
            raise Refusal(f"SYNTAX_ERROR: Column name not specified at position of '{name}'")
        if name != name.lower():
            raise Refusal(f"GENERIC_USER_ERROR: column '{name}' is not in lower case")
        if _NEVER.match(kind):
            raise Refusal(f"NOT_SUPPORTED: Unsupported Hive type: {kind} of column '{name}'")
        precision = re.match(r"timestamp\((\d+)\)$", kind)
        if precision and is_iceberg and precision[1] != "6":
            raise Refusal(
                f"NOT_SUPPORTED: Timestamp precision ({precision[1]}) not supported for Iceberg: '{name}'"
            )
        if precision and not is_iceberg and precision[1] != "3":
            kind_of = "view" if isinstance(statement, CreateView) else "table"
            raise Refusal(
                f"NOT_SUPPORTED: Incorrect timestamp precision {kind} for a Hive {kind_of}: '{name}'"
            )
        if is_iceberg and re.match(r"(char|tinyint|smallint)\b", kind):
            raise Refusal(f"NOT_SUPPORTED: Type not supported for Iceberg: {kind} of column '{name}'")
