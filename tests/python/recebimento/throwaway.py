"""A throwaway gate over folders of its own, and what its folders hold, read without the gate's code."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import duckdb
from lastro.contract import Column, Inbox, RawTable, read_contract
from lastro.landing import reader
from lastro.landing.text import prepare
from lastro.receive.formats import Format
from lastro.receive.gate import Gate, Outcome
from lastro.receive.places import Places

# One connection for all readings, as a landing has one for all files.
_NUMBERS = itertools.count()
CONNECTION = duckdb.connect(config={"threads": 1})


def table_of(
    columns: dict[str, str] | list[str],
    *,
    key: str | None = None,
    amount: str | None = None,
    ending: str = "csv",
    source: str = "x",
    **inbox: str,
) -> RawTable:
    """Return a table `x.t` for files `x/<any name>.<any ending>` of these columns, all text unless typed."""
    if isinstance(columns, list):
        columns = dict.fromkeys(columns, "varchar")
    return RawTable(
        source=source,
        name="t",
        path=f"{source}/t/*.{ending}",
        key=(key or next(iter(columns)),),
        amount=amount,
        encoding=None,
        columns=tuple(Column(name, kind, True) for name, kind in columns.items()),
        inbox=Inbox(f"{source}/*.*", **inbox),
    )


def project_table(name: str) -> RawTable:
    """Return a table as the project declares it."""
    return next(table for table in read_contract() if table.name == name)


class Row(NamedTuple):
    """A landed row: the first line of it, why it cannot be cut into cells, and its cells."""

    line: int
    problem: str | None
    cells: list[str | None]


class House:
    """A gate, its inbox, and the three roots behind it."""

    def __init__(
        self,
        folder: Path,
        *tables: RawTable,
        formats: list[Format] | None = None,
        lease_seconds: float = 300,
    ) -> None:
        self.folder = folder
        self.inbox, self.received, self.quarantine, self.raw = (
            folder / name for name in ("inbox", "received", "quarantine", "raw")
        )
        self.inbox.mkdir(parents=True)
        self.tables = list(tables)
        self.clock = datetime(2024, 2, 5, 12, tzinfo=UTC)
        self.gate = Gate(
            Places.at(str(self.inbox), str(self.received), str(self.quarantine), str(self.raw)),
            tables=self.tables,
            formats=formats or [],
            lease_seconds=lease_seconds,
            now=self.tick,
        )

    def tick(self) -> datetime:
        """Return a time that is a millisecond after the last one."""
        self.clock += timedelta(milliseconds=1)
        return self.clock

    def put(self, name: str, content: bytes | str) -> Path:
        """Write a file into the inbox, as a sender does."""
        path = self.inbox / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def receive(
        self, settle_seconds: float = 0, pause: Callable[[float], None] | None = None
    ) -> list[Outcome]:
        """Run one pass over all that waits."""
        waiting = self.gate.waiting(settle_seconds, pause) if pause else self.gate.waiting(settle_seconds)
        return self.gate.run(waiting)

    def send(self, name: str, content: bytes | str) -> Outcome:
        """Put one file into the inbox, run a pass, and return the one outcome."""
        self.put(name, content)
        [outcome] = self.receive()
        return outcome

    def events(self, id_lote: str) -> list[dict]:
        """Return the events of a batch as its files say, in the order of their numbers."""
        files = self.raw.glob(f"recebimento/eventos_lote/dt=*/{id_lote}-*.json")
        found = [json.loads(line) for path in files for line in path.read_text("utf-8").splitlines()]
        return sorted(found, key=lambda event: event["sequencia"])

    def story(self, id_lote: str) -> list[str]:
        """Return the names of a batch's events."""
        return [event["evento"] for event in self.events(id_lote)]

    def said(self, id_lote: str) -> dict[str, str]:
        """Return all that the events of a batch say."""
        return {key: value for event in self.events(id_lote) for key, value in event["dados"].items()}

    def published(self) -> dict[str, bytes]:
        """Return the raw files, without those of the gate itself."""
        return {
            name: content for name, content in files_under(self.raw) if not name.startswith("recebimento/")
        }

    def kept(self, id_lote: str) -> dict[str, bytes]:
        """Return the received files of a batch."""
        return dict(files_under(self.received / id_lote))

    def rows(self, outcome: Outcome) -> list[Row]:
        """Return the rows that a build lands of an accepted file."""
        assert outcome.status == "aceito", outcome
        table = next(
            table for table in self.tables if table.source == self.said(outcome.id_lote)["source_name"]
        )
        return landed_rows(self.raw / self.said(outcome.id_lote)["destino"], table, self.folder)


def files_under(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield every file that is not hidden, with its bytes."""
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if path.is_file() and not any(part.startswith(".") for part in name.parts):
            yield name.as_posix(), path.read_bytes()


def landed_rows(path: Path, table: RawTable, scratch: Path) -> list[Row]:
    """Return what a build lands of a raw file, in the order of its lines."""
    # DuckDB keeps pages of a file by its name and time: one that is written again within a tick would be the old one.
    target = scratch / f"landed_{next(_NUMBERS)}.parquet"
    if table.is_parquet:
        reader.read_parquet(CONNECTION, table, path, target)
    else:
        reader.read(CONNECTION, table, prepare(path, table.encoding, scratch / "landed.txt"), target)
    listed = ", ".join('"' + column.name.replace('"', '""') + '"' for column in table.columns)
    found = CONNECTION.execute(
        f"select _line_number, _row_problem, [{listed}] from read_parquet(?) order by 1", [str(target)]
    )
    return [Row(*row) for row in found.fetchall()]
