"""Bring a landed copy up to date with a raw root: read and count new files, remove those that are gone."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from hashlib import file_digest, sha256
from pathlib import Path
from typing import NamedTuple

import duckdb

from lastro.contract import RawTable, read_contract
from lastro.landing import reader, text
from lastro.landing.count import Count, count_csv, count_json, count_lines, count_parquet
from lastro.landing.inventory import RawFile, raw_files
from lastro.landing.settings import memory_limit, threads
from lastro.landing.stores import Bucket, Folder, Store
from lastro.landing.text import UnreadableFile

LIST = "landing/arquivos/arquivos.parquet"
# The time of a file modified less than 2 s before it was read is not noted: it may hide a later change.
_SETTLED_NS = 2_000_000_000


class RefusedFiles(Exception):
    """Raw files that cannot be trusted. The message names each file, the place, the reason and the remedy."""


@dataclass(frozen=True)
class LandedFile:
    """One row of the file list `arquivos`; the source YAML describes its columns."""

    source_name: str
    table_name: str
    source_file: str
    reference_period: date | None
    file_id: int
    content_hash: str
    size_bytes: int
    modified_ns: int | None
    reader_version: str
    delimiter: str | None
    header_line: int | None
    column_names: str | None
    extra_columns: str | None
    raw_rows: int
    raw_amount: Decimal | None
    unreadable_amounts: int
    landed_rows: int
    problem: str | None

    @property
    def name(self) -> str:
        """The name of its landed rows."""
        stem = Path(self.source_file).stem
        return f"{self.source_name}/{self.table_name}/file_id={self.file_id}/{stem}.parquet"


# The SQL type of each column of the file list.
LIST_COLUMNS = {
    name: {
        "int": "bigint",
        "date | None": "date",
        "Decimal | None": "decimal(18, 2)",
        "int | None": "bigint",
    }.get(kind, "varchar")
    for name, kind in LandedFile.__annotations__.items()
}


class Landing(NamedTuple):
    """The result of one landing.

    Attributes:
        files: Every raw file, landed or, if skip_refused allowed it, refused.
        landed: The number of raw files that this landing landed.
        already_there: The number of raw files that were landed before and are unchanged.
        removed: The number of earlier landed files that are no longer listed.
    """

    files: list[LandedFile]
    landed: int
    already_there: int
    removed: int


def landed_folder(raw: Path, landed: Path) -> Path:
    """Return the landed folder of a raw root on this machine. Each root has its own, so two never mix."""
    return landed / sha256(os.fspath(raw.absolute()).encode()).hexdigest()[:12]


def store_at(address: str) -> Store:
    """Return the store for a local folder or for s3://bucket/prefix."""
    return Bucket(address) if address.startswith("s3://") else Folder(Path(address))


def land(
    raw: Path,
    store: Store,
    *,
    allow_removed: bool = False,
    skip_refused: bool = False,
    read_all: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Landing:
    """Land the files that are new or changed under a raw root.

    The rows are stored first, then the file list that makes them count. Files that only the old list names
    are removed last. A reader therefore never sees half a file, whenever a landing is killed.

    Args:
        raw: The raw root.
        store: The store to land in.
        allow_removed: Whether files that were landed before may be gone.
        skip_refused: Whether to continue without files that cannot be trusted; they are still listed.
        read_all: Whether to reread files whose size and time are unchanged.
        progress: Called with the number of files done and the total.

    Returns:
        The file list, and the number of files landed, already there and removed.

    Raises:
        RefusedFiles: Files cannot be trusted, or are gone. Nothing is changed.
        BlockingIOError: Another landing is running.
        ValueError: There are no raw files.
        OSError: The store or a raw file cannot be read or written.
    """
    found, problems = raw_files(raw, read_contract())
    with store.landing() as scratch:
        before = _read_list(store, scratch)
        there = store.names()
        versions = {table: reader.version(table) for table in {file.table for file in found}}
        known: list[LandedFile] = []
        new: list[RawFile] = []
        for file in found:
            old = before.get(file.name)
            is_known = old and not read_all and _is_unchanged(file, old, versions[file.table])
            if is_known and old.name in there:
                known.append(old)
            else:
                new.append(file)
        gone = sorted(before.keys() - {file.name for file in found})
        if gone and not allow_removed:
            problems += [f"{name}: the file is gone. {_GONE}" for name in gone[:10]]
            problems += [f"and {len(gone) - 10} more files are gone. {_GONE}"] if len(gone) > 10 else []
        read = _read_files(new, versions, store, scratch, progress)
        refused = [file for file in read if file.problem]
        problems += [f"{file.source_file}{_before(file.problem)}{file.problem}" for file in refused]
        if problems and not (skip_refused and len(problems) == len(refused)):
            raise RefusedFiles(
                f"{len(problems)} of the files under {raw} cannot be trusted:\n  " + "\n  ".join(problems)
            )
        for file in read:
            if (scratch / f"{file.file_id}.parquet").exists():
                store.put(scratch / f"{file.file_id}.parquet", file.name)
        files = sorted(known + read, key=lambda file: file.source_file)
        if files != list(before.values()):
            store.commit(_write_list(files, scratch), LIST)
        current = {file.name for file in files}
        for name in sorted(({file.name for file in before.values()} - current) & there):
            store.delete(name)
    removed = len(set(before.values()).difference(files))
    return Landing(files, len(read) - len(refused), len(known), removed)


def unknown_columns(files: list[LandedFile]) -> list[str]:
    """Describe each file that has columns its source does not declare, one line a file."""
    return [
        f"{file.source_file}: {file.extra_columns} not declared in the source; kept in extra_columns."
        for file in files
        if file.extra_columns
    ]


_GONE = "If that is intended, run `lastro land --prune` or `dbt build --vars 'allow_removed: true'`."


def _before(problem: str) -> str:
    return ", " if problem.startswith("line ") else ": "


def _is_unchanged(file: RawFile, old: LandedFile, version: str) -> bool:
    state = file.path.stat()
    return not old.problem and (old.size_bytes, old.modified_ns, old.reader_version) == (
        state.st_size,
        state.st_mtime_ns,
        version,
    )


def _read_files(
    files: list[RawFile],
    versions: dict[RawTable, str],
    store: Store,
    scratch: Path,
    progress: Callable[[int, int], None],
) -> list[LandedFile]:
    """Read and count files, as many at once as DuckDB may use threads."""
    workers = threads()
    # One query per file, each on one thread: lines are numbered in order, and files are read in parallel.
    settings = {
        "threads": 1,
        "memory_limit": memory_limit(),
        "temp_directory": str(scratch / "spill"),
        "preserve_insertion_order": False,
    }
    done = 0
    # The counter is pure Python, so a second thread would only wait for the first.
    with (
        duckdb.connect(config=settings) as con,
        ThreadPoolExecutor(workers) as readers,
        ThreadPoolExecutor(1) as counter,
    ):
        # A Parquet time becomes text in the same time zone as in DuckDB's views.
        con.execute("set global timezone = 'UTC'")
        readings = [readers.submit(_read_file, con.cursor(), file, store, scratch) for file in files]
        counts = [counter.submit(_count, file, file.table.encoding or "utf-8") for file in files]
        read = []
        try:
            for file, reading, count in zip(files, readings, counts, strict=True):
                read.append(_landed(file, reading.result(), count.result(), versions[file.table], scratch))
                done += 1
                progress(done, len(files))
        except BaseException:
            # An interrupt does not wait for the files that are still queued.
            for executor in (readers, counter):
                executor.shutdown(wait=False, cancel_futures=True)
            raise
    return read


class _Read(NamedTuple):
    size_bytes: int
    modified_ns: int | None
    content_hash: str
    encoding: str | None
    reading: reader.Reading
    problem: str | None


def _read_file(con: duckdb.DuckDBPyConnection, file: RawFile, store: Store, scratch: Path) -> _Read:
    copy, rows = _staged(file, scratch, "txt"), _staged(file, scratch, "parquet")
    state = file.path.stat()
    is_settled = state.st_mtime_ns < time.time_ns() - _SETTLED_NS
    seen = (state.st_size, state.st_mtime_ns if is_settled else None)
    content_hash, encoding, reading, problem = "", None, reader.Reading(), file.problem
    try:
        if file.table.is_parquet:
            with file.path.open("rb") as raw:
                content_hash = file_digest(raw, "sha256").hexdigest()
            reading = reader.read_parquet(con, file.table, file.path, None if store.is_beside_raw else rows)
            if store.is_beside_raw:
                # It is its own landed form, under a name that gives its rows their file_id.
                rows.symlink_to(file.path.absolute())
            return _Read(*seen, content_hash, None, reading, problem)
        prepared = text.prepare(file.path, file.table.encoding, copy)
        content_hash, encoding = prepared.sha256, prepared.encoding
        if not problem:
            reading = reader.read(con, file.table, prepared, rows)
    except UnreadableFile as error:
        problem = problem or str(error)
    finally:
        copy.unlink(missing_ok=True)
        con.close()
    return _Read(*seen, content_hash, encoding, reading, problem)


def _staged(file: RawFile, scratch: Path, kind: str) -> Path:
    """Return a scratch path unique to a raw file: files in different folders may share a name."""
    return scratch / f"{sha256(file.name.encode()).hexdigest()[:16]}.{kind}"


def _count(file: RawFile, encoding: str, by_line: bool = False) -> Count:
    try:
        if file.table.is_parquet:
            return count_parquet(file.path, file.table.amount)
        if file.table.is_json:
            return count_json(file.path, encoding)
        return count_csv(file.path, encoding, file.table.amount, file.table.key, by_line)
    except (UnicodeError, duckdb.Error):
        return count_lines(file.path)


def _landed(file: RawFile, read: _Read, count: Count, version: str, scratch: Path) -> LandedFile:
    reading = read.reading
    # The file was counted while it was read, before its encoding and the meaning of its quotes were known.
    encoding = read.encoding or file.table.encoding or "utf-8"
    if encoding != (file.table.encoding or "utf-8"):
        count = _count(file, encoding)
    if reading.lines_set_free or count.swallows_rows:
        count = _count(file, encoding, by_line=True)
    identity = sha256(f"{file.name}|{read.content_hash}|{version}".encode()).hexdigest()
    landed = LandedFile(
        source_name=file.table.source,
        table_name=file.table.name,
        source_file=file.name,
        reference_period=file.table.period(file.name),
        file_id=int(identity[:15], 16),
        content_hash=read.content_hash,
        size_bytes=read.size_bytes,
        modified_ns=read.modified_ns,
        reader_version=version,
        delimiter=reading.delimiter,
        header_line=reading.header_line,
        column_names=json.dumps(reading.column_names) if reading.column_names else None,
        extra_columns=", ".join(reading.extra_columns or ()) or None,
        raw_rows=count.rows,
        raw_amount=count.amount,
        unreadable_amounts=count.unreadable_amounts,
        landed_rows=reading.rows,
        problem=read.problem,
    )
    if not read.problem and _staged(file, scratch, "parquet").exists():
        _staged(file, scratch, "parquet").replace(scratch / f"{landed.file_id}.parquet")
    return landed


def _read_list(store: Store, scratch: Path) -> dict[str, LandedFile]:
    """Return the files landed before, by name; none if another version of Lastro wrote the list."""
    path = scratch / "before.parquet"
    if not store.fetch(LIST, path):
        return {}
    rows = duckdb.read_parquet(str(path))
    if rows.columns != list(LIST_COLUMNS):
        return {}
    files = [LandedFile(*row) for row in rows.fetchall()]
    return {file.source_file: file for file in sorted(files, key=lambda file: file.source_file)}


def _write_list(files: list[LandedFile], scratch: Path) -> Path:
    rows, path = scratch / "list.json", scratch / "list.parquet"
    with rows.open("w", encoding="utf-8") as out:
        out.writelines(json.dumps(asdict(file), default=str) + "\n" for file in files)
    columns = ", ".join(f"'{name}': '{kind}'" for name, kind in LIST_COLUMNS.items())
    with duckdb.connect() as con:
        con.execute(
            f"copy (select * from read_json($rows, format = 'newline_delimited', columns = {{{columns}}}))"
            " to $path (format parquet, compression zstd)",
            {"rows": str(rows), "path": str(path)},
        )
    return path
