"""What `lastro publish` wrote, read without a database that a build could lock."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import duckdb

from lastro.publish import BUILD, POINTER, RULES

T = TypeVar("T")


class Published:
    """The newest build that was published to a folder."""

    def __init__(self, folder: Path) -> None:
        """Read below this folder."""
        self.folder = folder

    def build(self) -> dict[str, str] | None:
        """Return the id, the time and the version of the build, or None if nothing was published yet."""
        return self._read(lambda folder: json.loads((folder / BUILD).read_text(encoding="utf-8")), None)

    def rules(self) -> list[dict[str, Any]]:
        """Return the seeds and the SQL by which rows are judged, in order."""
        return self._read(lambda folder: json.loads((folder / RULES).read_text(encoding="utf-8")), [])

    def lotes(self, id_lotes: list[str]) -> dict[str, dict[str, Any]]:
        """Return what the build says of each of these batches that it knows."""
        rows = self._query("lotes", "list_contains(?, id_lote)", "id_lote", [id_lotes]) if id_lotes else []
        return {row["id_lote"]: row for row in rows}

    def rejections(self, id_lote: str, after: int = 0, limit: int = 1000) -> list[dict[str, Any]]:
        """Return the rejected lines of a batch, by their number in its file.

        Args:
            id_lote: The batch.
            after: Only lines with a greater number.
            limit: At most so many.
        """
        where = "id_lote = ? and linha_original > ?"
        return self._query("dividas_rejeitadas", where, f"linha_original limit {limit:d}", [id_lote, after])

    def wrong(self, id_lote: str) -> dict[int, str]:
        """Return what is wrong with each rejected line of a batch."""
        rows = self._query("dividas_rejeitadas", "id_lote = ?", "linha_original", [id_lote])
        return {int(row["linha_original"]): str(row["mensagens"] or "") for row in rows}

    def _query(self, table: str, where: str, order: str, values: list[object]) -> list[dict[str, Any]]:
        def read(folder: Path) -> list[dict[str, Any]]:
            with duckdb.connect(config={"threads": 1}) as con:
                found = con.execute(
                    f"select * from read_parquet(?) where {where} order by {order}",
                    [str(folder / f"{table}.parquet"), *values],
                )
                names = [column[0] for column in found.description]
                return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

        return self._read(read, [])

    def _read(self, read: Callable[[Path], T], without: T) -> T:
        """Read from the newest folder; another may take its place meanwhile."""
        for is_last in (False, False, True):
            try:
                name = (self.folder / POINTER).read_text(encoding="utf-8")
            except FileNotFoundError:
                return without
            try:
                return read(self.folder / name)
            except (FileNotFoundError, duckdb.IOException):
                if is_last:
                    raise
        return without
