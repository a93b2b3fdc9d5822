"""Translation of Athena's statements to Trino's.

Athena uses Hive's grammar to define tables (with backticks) and Trino's for everything else (with double quotes).
`refusals.py` refuses what Athena would refuse before it gets here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

HIVE = "awsdatacatalog"
ICEBERG = "awsdatacatalog_iceberg"

_NAME = r'(?:[`"][^`"]+[`"]|\w+)'
_RELATION = rf"{_NAME}(?:\.{_NAME}){{0,2}}"


@dataclass
class CreateTableAs:
    """`create table … with (…) as query`."""

    relation: tuple[str, str]
    properties: dict[str, str]
    query: str

    @property
    def is_iceberg(self) -> bool:
        """Whether the table is an Iceberg table; Athena's default is a Hive table."""
        return self.properties.get("table_type", "'hive'").strip("'").lower() == "iceberg"


@dataclass
class CreateView:
    """`create [or replace] view … as query`."""

    relation: tuple[str, str]
    query: str


@dataclass
class CreateExternalTable:
    """`create external table …`, which only creates a catalog entry."""

    relation: tuple[str, str]
    columns: list[tuple[str, str]]
    partition_columns: list[tuple[str, str]]
    serde: str
    serde_parameters: dict[str, str]
    location: str
    table_properties: dict[str, str] = field(default_factory=dict)


@dataclass
class SetTableProperties:
    """`alter table … set tblproperties (…)`."""

    relation: tuple[str, str]
    properties: dict[str, str]


@dataclass
class Trino:
    """Any other statement, as the statements that Trino runs one after the other."""

    statements: list[str]
    is_definition: bool = False


Statement = CreateTableAs | CreateView | CreateExternalTable | SetTableProperties | Trino


def strip(sql: str) -> str:
    """Return a statement without leading comments and its final semicolon."""
    sql = sql.strip()
    while match := re.match(r"(--[^\n]*(\n|$)|/\*.*?\*/)\s*", sql, re.DOTALL):
        sql = sql[match.end() :].strip()
    return sql.rstrip(";").strip()


def parse(sql: str) -> Statement:
    """Parse a statement that has no leading comments.

    Raises:
        ValueError: Athena supports the statement, but this endpoint does not.
    """
    words = re.sub(r"\s+", " ", sql[:200]).lower()
    if words.startswith("create external table"):
        return _create_external_table(sql)
    if words.startswith("create table"):
        return _create_table_as(sql)
    if re.match(r"create (or replace )?view ", words):
        match = re.match(rf"create\s+(?:or\s+replace\s+)?view\s+({_RELATION})\s+as\s+(.*)", sql, re.I | re.S)
        assert match, sql
        return CreateView(relation(match[1]), match[2])
    if words.startswith("alter table"):
        return _alter_table(sql)
    if match := re.match(rf"msck repair table\s+({_RELATION})", sql, re.I):
        schema, table = relation(match[1])
        procedure = f"call {HIVE}.system.sync_partition_metadata('{schema}', '{table}', 'ADD')"
        return Trino([procedure], is_definition=True)
    if match := re.match(r"optimize\s+(\S+)\s+rewrite data", sql, re.I):
        return Trino([f"alter table {_in(ICEBERG, match[1])} execute optimize"], is_definition=True)
    if match := re.match(r"vacuum\s+(\S+)", sql, re.I):
        table = _in(ICEBERG, match[1])
        return Trino([f"alter table {table} execute expire_snapshots(retention_threshold => '7d')"], True)
    if re.match(r"(create|drop) (schema|database|table|view)", words):
        sql = re.sub(r"^(\w+)\s+database", r"\1 schema", sql, flags=re.I)
        return Trino([sql.replace("`", '"')], is_definition=True)
    return Trino([sql], is_definition=words.split(" ")[0] in ("describe", "show", "explain"))


def relation(name: str) -> tuple[str, str]:
    """Return schema and table of a name with two or three parts, quoted either way."""
    parts = [part.strip('`"') for part in re.findall(_NAME, name)]
    return parts[-2], parts[-1]


def _in(catalog: str, name: str) -> str:
    schema, table = relation(name)
    return f'{catalog}."{schema}"."{table}"'


def create_table_sql(statement: CreateTableAs) -> str:
    """Return Trino's statement for a create-table-as."""
    keep = ("format", "location", "partitioning", "external_location", "partitioned_by")
    properties = {name: value for name, value in statement.properties.items() if name in keep}
    properties["format"] = properties.get("format", "'parquet'").upper()
    schema, table = statement.relation
    catalog = ICEBERG if statement.is_iceberg else HIVE
    given = ", ".join(f"{name} = {value}" for name, value in properties.items())
    return f'create table {catalog}."{schema}"."{table}" with ({given}) as {statement.query}'


def _create_table_as(sql: str) -> CreateTableAs:
    head = re.match(rf"create\s+table\s+({_RELATION})\s+with\s*\(", sql, re.I)
    if not head:
        raise ValueError("this endpoint does not support create table without `with (…)` and `as`")
    end = _closing(sql, head.end() - 1)
    properties = {
        name.strip().lower(): value.strip()
        for name, _, value in (part.partition("=") for part in _split(sql[head.end() : end]))
    }
    query = re.sub(r"^\s*as\s", "", sql[end + 1 :], flags=re.I)
    return CreateTableAs(relation(head[1]), properties, query)


_SERDES = {
    "parquet": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
}


def _create_external_table(sql: str) -> CreateExternalTable:
    head = re.match(rf"create\s+external\s+table\s+(?:if\s+not\s+exists\s+)?({_RELATION})\s*\(", sql, re.I)
    assert head, sql
    end = _closing(sql, head.end() - 1)
    rest = sql[end + 1 :]
    partitioned = re.search(r"partitioned\s+by\s*\(", rest, re.I)
    stored = re.search(r"stored\s+as\s+(\w+)", rest, re.I)
    serde = re.search(r"row\s+format\s+serde\s+'([^']+)'", rest, re.I)
    location = re.search(r"location\s+'([^']+)'", rest, re.I)
    if not location or not (stored or serde):
        raise ValueError("create external table needs a location and a format")
    return CreateExternalTable(
        relation(head[1]),
        _columns(sql[head.end() : end]),
        _columns(rest[partitioned.end() : _closing(rest, partitioned.end() - 1)]) if partitioned else [],
        serde[1] if serde else _SERDES[stored[1].lower()],
        _assignments(rest, "serdeproperties"),
        location[1],
        _assignments(rest, "tblproperties"),
    )


def _alter_table(sql: str) -> Statement:
    head = re.match(rf"alter\s+table\s+({_RELATION})\s+(.*)", sql, re.I | re.S)
    assert head, sql
    table, action = head[1], head[2].strip()
    if match := re.match(rf"rename\s+to\s+({_RELATION})", action, re.I):
        return Trino([f"alter table {_in(ICEBERG, table)} rename to {_in(ICEBERG, match[1])}"], True)
    if match := re.match(r"add\s+columns\s*\((.*)\)", action, re.I | re.S):
        return Trino(
            [
                f'alter table {_in(ICEBERG, table)} add column "{name}" {kind.replace("string", "varchar")}'
                for name, kind in _columns(match[1])
            ],
            is_definition=True,
        )
    if match := re.match(rf"drop\s+column\s+({_NAME})", action, re.I):
        column = match[1].strip('`"')
        return Trino([f'alter table {_in(ICEBERG, table)} drop column "{column}"'], is_definition=True)
    if re.match(r"set\s+tblproperties", action, re.I):
        return SetTableProperties(relation(table), _assignments(action, "tblproperties"))
    raise ValueError(f"this endpoint does not support alter table … {action[:40]}")


def _columns(text: str) -> list[tuple[str, str]]:
    columns = []
    for part in _split(text):
        name, kind = part.strip().split(None, 1)
        kind = re.sub(r"\s+comment\s+'.*", "", kind, flags=re.I | re.S)
        columns.append((name.strip('`"'), kind.strip().lower()))
    return columns


def _assignments(text: str, keyword: str) -> dict[str, str]:
    """Return `keyword ('a' = 'b', …)` as a dictionary; empty if it is missing."""
    match = re.search(rf"{keyword}\s*\(", text, re.I)
    if not match:
        return {}
    inside = text[match.end() : _closing(text, match.end() - 1)]
    return dict(re.findall(r"'([^']+)'\s*=\s*'([^']*)'", inside))


def _closing(text: str, opening: int) -> int:
    """Return the position of the parenthesis that closes the one at `opening`, ignoring quoted ones."""
    depth = 0
    for position, char in _unquoted(text, opening):
        if char in "([":
            depth += 1
        elif char in ")]":
            depth -= 1
            if depth == 0:
                return position
    raise ValueError("a parenthesis is never closed")


def _split(text: str) -> list[str]:
    """Split at the commas outside parentheses and quotes."""
    parts, depth, start = [], 0, 0
    for position, char in _unquoted(text):
        if char in "([<":
            depth += 1
        elif char in ")]>":
            depth -= 1
        elif char == "," and depth == 0:
            parts.append(text[start:position])
            start = position + 1
    return [part for part in [*parts, text[start:]] if part.strip()]


def _unquoted(text: str, start: int = 0) -> Iterator[tuple[int, str]]:
    """Yield the position and character of everything outside quotes, from `start` on."""
    quote = ""
    for position in range(start, len(text)):
        char = text[position]
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"`":
            quote = char
        else:
            yield position, char
