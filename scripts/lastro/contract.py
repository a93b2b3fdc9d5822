"""The raw contract: each raw table as its source YAML declares it, for reader, gate and models."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import NamedTuple

import yaml

from lastro import PROJECT

# The column that the gate adds to what it makes of a spreadsheet or a fixed-width file: the original line.
ORIGINAL_LINE = "linha_original"
# How many characters a period has, and how they are written.
_PERIODS = {6: "%Y%m", 8: "%Y%m%d", 10: "%Y-%m-%d"}
# What each placeholder of a path pattern matches.
_PLACEHOLDERS = {
    r"\{YYYYMM\}": "(?P<period>[0-9]{6})",
    r"\{YYYYMMDD\}": "(?P<period>[0-9]{8})",
    r"\{YYYY\-MM\-DD\}": "(?P<period>[0-9]{4}-[0-9]{2}-[0-9]{2})",
    r"\{HH\}": "(?P<hour>[01][0-9]|2[0-3])",
    # The day on which a batch was received is the period of its raw file.
    r"\{id_lote\}": "(?P<id_lote>[A-Za-z0-9_-]+-(?P<period>[0-9]{8})-[0-9]{4,})",
    r"\{client\}": "(?P<client>[^/]+)",
    r"/\*\*/": "/(?P<folders>(?:[^/]+/)*)",
    r"\*": "[^/]+",
}
# What a file's name ends with when it arrives; the raw file has the ending of its path pattern. Only one
# ending, and that of an archive: acme.jan.csv and acme.feb.csv are two files.
_ENDINGS = re.compile(r"(?:\.[A-Za-z][A-Za-z0-9]{0,7})?(?:\.(?:gz|zip))?$", re.IGNORECASE)


@dataclass(frozen=True)
class Column:
    """A declared column.

    Attributes:
        type: Its SQL type; a cell of `map(varchar, varchar)` holds a JSON object.
        required: Whether every file has it, and every row has a value.
        synonyms: Other words for it, by which a sender's column is recognised.
        is_typed: Whether a Parquet file holds values of its type, not text.
        is_wide: Whether its cells are too long to be copied; the text of such rows is not landed.
    """

    name: str
    type: str
    required: bool
    # They change nothing in how a file is read, so they are no part of the reader's version.
    synonyms: tuple[str, ...] = field(default=(), repr=False)
    is_typed: bool = False
    is_wide: bool = False

    @property
    def is_map(self) -> bool:
        """Whether its cells hold JSON objects."""
        return self.type.startswith("map")

    @property
    def landed_type(self) -> str:
        """The SQL type of its landed cells: text, unless the file holds it typed."""
        return self.type if self.is_typed else "varchar"


@dataclass(frozen=True)
class Expected:
    """When files of a table have to come.

    Attributes:
        every: `month` or `business_day`: what one file covers.
        by_day: The business day by which it has to be there, counted from the end of what it covers.
    """

    every: str
    by_day: int


@dataclass(frozen=True)
class Inbox:
    """How files of a table arrive.

    Attributes:
        path: The pattern of their names under the inbox, with slashes; {client} is the folder of a sender.
        marker: What is appended to a file's name for the file that says that it is complete, or None.
        control: What is appended to its name for the file that declares its totals, or None.
        days_kept: For how many days a received file is kept once its batch has ended; None for ever.
        expected: When files have to come, if that is known.
    """

    path: str
    marker: str | None = None
    control: str | None = None
    days_kept: int | None = None
    expected: Expected | None = None


class Arrival(NamedTuple):
    """What the name of a file in the inbox says: the raw file that it becomes, its period, its sender.

    `raw` still has the placeholder {id_lote} if each batch is a raw file of its own.
    """

    table: RawTable
    raw: str
    client: str

    def destination(self, id_lote: str) -> str:
        """Return the path of the raw file of a batch."""
        return self.raw.replace("{id_lote}", id_lote)


@dataclass(frozen=True)
class RawTable:
    """A declared raw table.

    Attributes:
        path: The pattern of its files under the raw root, with slashes.
        key: The columns that identify a row.
        amount: The column whose R$ are reconciled, if any.
        encoding: The encoding of its text files, as Python names it; None to detect it per file.
        date: The column that dates a row, if any.
        inbox: How its files arrive, if they come from outside.
        rejected_percent: The share of rejected rows above which a file is alarming.
    """

    source: str
    name: str
    path: str
    key: tuple[str, ...]
    amount: str | None
    encoding: str | None
    columns: tuple[Column, ...]
    date: str | None = None
    # These change nothing in how a file is read, so they are no part of the reader's version.
    inbox: Inbox | None = field(default=None, repr=False)
    rejected_percent: float = field(default=20, repr=False)

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

    def arrival(self, name: str) -> Arrival | None:
        """Return what a file's name under the inbox says, or None if the file is not of this table."""
        match = _matched(self.inbox.path, name, re.IGNORECASE) if self.inbox else None
        if not match:
            return None
        said = match.groupdict()
        stem = _ENDINGS.sub("", name.rpartition("/")[2], count=1)
        raw = self.path.replace("/**/", f"/{said.get('folders') or ''}").replace("*", stem)
        raw = re.sub(r"\{YYYY(?:MM|MMDD|-MM-DD)\}", said.get("period") or "", raw)
        raw = raw.replace("{HH}", said.get("hour") or "")
        if "{id_lote}" not in raw and not self.fits(raw):
            return None
        return Arrival(self, raw, said.get("client") or self.source)

    def _match(self, path: str) -> re.Match[str] | None:
        return _matched(self.path, path)


def _matched(pattern: str, path: str, flags: int = 0) -> re.Match[str] | None:
    pattern = re.escape(pattern)
    for placeholder, expression in _PLACEHOLDERS.items():
        pattern = pattern.replace(placeholder, expression)
    return re.fullmatch(pattern, path, flags)


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
            Column(
                column["name"],
                column["data_type"],
                not _meta(column).get("optional", False),
                tuple(_meta(column).get("synonyms", ())),
                _meta(column).get("typed", False),
                _meta(column).get("wide", False),
            )
            for column in table["columns"]
        ),
        date=meta.get("date"),
        inbox=_inbox(table["name"], meta) if "inbox" in meta else None,
        rejected_percent=meta.get("limits", {}).get("rejected_percent", 20),
    )


def _inbox(table: str, meta: dict) -> Inbox:
    expected = Expected(**meta["expected"]) if "expected" in meta else None
    if expected and (expected.every not in ("month", "business_day") or expected.by_day < 1):
        raise ValueError(
            f"{table}: expected is {meta['expected']}, but must be such as {{every: month, by_day: 5}};"
            " every is month or business_day."
        )
    return Inbox(
        path=meta["inbox"],
        marker=meta.get("inbox_marker"),
        control=meta.get("inbox_control"),
        days_kept=meta.get("received_days"),
        expected=expected,
    )


def _meta(node: dict) -> dict:
    return node.get("config", {}).get("meta", {})
