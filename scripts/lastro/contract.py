"""The raw contract: each raw table as its source YAML declares it, for reader, gate and models."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import yaml

from lastro import PROJECT

# How many characters a period has, and how they are written.
_PERIODS = {6: "%Y%m", 8: "%Y%m%d", 10: "%Y-%m-%d"}
# What each placeholder of a path pattern matches.
_PLACEHOLDERS = {
    r"\{YYYYMM\}": "(?P<period>[0-9]{6})",
    r"\{YYYYMMDD\}": "(?P<period>[0-9]{8})",
    r"\{YYYY\-MM\-DD\}": "(?P<period>[0-9]{4}-[0-9]{2}-[0-9]{2})",
    r"\{HH\}": "(?:[01][0-9]|2[0-3])",
    r"/\*\*/": "/(?:[^/]+/)*",
    r"\*": "[^/]+",
}


@dataclass(frozen=True)
class Column:
    """A declared column. `type` is its SQL type; a `map(varchar, varchar)` cell holds a JSON object."""

    name: str
    type: str
    required: bool

    @property
    def is_map(self) -> bool:
        """Whether its cells hold JSON objects."""
        return self.type.startswith("map")


@dataclass(frozen=True)
class RawTable:
    """A declared raw table.

    Attributes:
        path: The pattern of its files under the raw root, with slashes.
        key: The columns that identify a row.
        amount: The column whose R$ are reconciled, if any.
        encoding: The encoding of its text files, as Python names it; None to detect it per file.
        date: The column that dates a row, if any.
    """

    source: str
    name: str
    path: str
    key: tuple[str, ...]
    amount: str | None
    encoding: str | None
    columns: tuple[Column, ...]
    date: str | None = None

    @property
    def is_json(self) -> bool:
        """Whether its files hold JSON objects."""
        return self.path.endswith(".json")

    @property
    def is_parquet(self) -> bool:
        """Whether its files are Parquet, which a local landing reads in place."""
        return self.path.endswith(".parquet")

    @property
    def folder(self) -> str:
        """The path before its first placeholder, up to the last slash."""
        return self.path.split("*")[0].split("{")[0].rsplit("/", 1)[0] + "/"

    @property
    def required(self) -> list[str]:
        """The names of the columns that every file must have."""
        return [column.name for column in self.columns if column.required]

    def owns(self, path: str) -> bool:
        """Return whether a path is in a folder of this table, whatever the file's name.

        A placeholder in a folder of the pattern gives the table every folder below.
        """
        has_subfolders = self.path.rpartition("/")[0] + "/" != self.folder
        return (
            path.startswith(self.folder) if has_subfolders else path.rpartition("/")[0] + "/" == self.folder
        )

    def fits(self, path: str) -> bool:
        """Return whether a path under the raw root matches the pattern, with a valid period."""
        match = self._match(path)
        return bool(match) and ("period" not in match.groupdict() or self.period(path) is not None)

    def period(self, path: str) -> date | None:
        """Return the first day of the period in a file's path, or None if it has none."""
        match = self._match(path)
        text = match.groupdict().get("period") if match else None
        try:
            return datetime.strptime(text, _PERIODS[len(text)]).date() if text else None
        except ValueError:
            return None

    def _match(self, path: str) -> re.Match[str] | None:
        pattern = re.escape(self.path)
        for placeholder, expression in _PLACEHOLDERS.items():
            pattern = pattern.replace(placeholder, expression)
        return re.fullmatch(pattern, path)


def read_contract(project: Path = PROJECT) -> list[RawTable]:
    """Return every raw table that a project's source YAMLs declare, sorted by source and name.

    A source table without a `path` is not a raw table, so nothing is read for it.
    """
    tables = [
        _raw_table(source["name"], table)
        for path in sorted((project / "models").rglob("_*__sources.yml"))
        for source in yaml.safe_load(path.read_text(encoding="utf-8"))["sources"]
        for table in source["tables"]
        if "path" in _meta(table)
    ]
    return sorted(tables, key=lambda table: (table.source, table.name))


def _raw_table(source: str, table: dict) -> RawTable:
    meta = _meta(table)
    return RawTable(
        source=source,
        name=table["name"],
        path=meta["path"],
        key=tuple([meta["key"]] if isinstance(meta["key"], str) else meta["key"]),
        amount=meta.get("amount"),
        encoding=meta.get("encoding"),
        columns=tuple(
            Column(column["name"], column["data_type"], not _meta(column).get("optional", False))
            for column in table["columns"]
        ),
        date=meta.get("date"),
    )


def _meta(node: dict) -> dict:
    return node.get("config", {}).get("meta", {})
