"""What the front door shows, written after a build: Parquet, and the rules by which dbt judges rows.

A reader opens no database, so it never waits for a build. What belongs to a build is a folder of its own,
which is renamed when it is whole; the file `atual` then names it.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb

from lastro import PROJECT
from lastro.database import opened
from lastro.landing.sql import literal
from lastro.receive.roots import Folder

POINTER = "atual"
RULES, BUILD = "regras.json", "build.json"
# Each table with what a reader looks for.
TABLES = {
    "lotes": ("lastro_recebimento", "id_lote"),
    "dividas_rejeitadas": ("lastro_cobranca", "id_lote, linha_original, line_number"),
}
# The models that say what becomes of a row, by which a file is judged before it is sent.
JUDGES = ("dividas_rejeitadas", "resultado_lotes")
# The folder before the newest stays: someone may be reading it.
_KEPT = 2
# A reader asks for one batch, so it should not have to open much more.
_ROW_GROUP = 20_000
_LAST_BUILD = """
select invocation_id, cast(built_at as varchar) as built_at, project_version
from lastro_qualidade.builds
order by built_at desc, invocation_id
limit 1
"""

# A build that failed on its way has rejected rows that nobody counted yet.
_UNEQUAL = """
with rejeitadas as (
    select id_lote, count(*) as linhas
    from lastro_cobranca.dividas_rejeitadas
    group by id_lote
)

select coalesce(rejeitadas.id_lote, resultado_lotes.id_lote)
from lastro_cobranca.resultado_lotes
full join rejeitadas on resultado_lotes.id_lote = rejeitadas.id_lote
where coalesce(rejeitadas.linhas, 0) is distinct from resultado_lotes.linhas_rejeitadas
limit 1
"""


def publish(database: Path, folder: Path) -> tuple[str, bool]:
    """Publish the last build, and return its id and whether that changed anything.

    Args:
        database: The DuckDB file that dbt built; it is opened read-only.
        folder: The folder to publish to, created if necessary.

    Raises:
        FileNotFoundError: The database does not exist.
        OSError: Another process is writing to the database.
        RuntimeError: The database is not a finished build, or dbt cannot compile the rules.
    """
    target = Folder(folder)
    # Of two commands at once the second waits, since each removes what older ones left.
    with target.locked(), tempfile.TemporaryDirectory(prefix=".publish_", dir=folder) as scratch:
        work = Path(scratch) / "whole"
        work.mkdir()
        build = _write_tables(database, work)
        name = build["build_id"]
        is_new = target.read(POINTER) != name.encode() or not (folder / name).is_dir()
        if is_new:
            (work / RULES).write_text(json.dumps(_rules(Path(scratch))), encoding="utf-8")
            (work / BUILD).write_text(json.dumps(build), encoding="utf-8")
            for path in work.iterdir():
                _sync(path)
            # A command that was killed may have come so far.
            shutil.rmtree(folder / name, ignore_errors=True)
            work.rename(folder / name)
            target.write(POINTER, name.encode())
        _remove_old(folder, name, Path(scratch))
    return name, is_new


def _write_tables(database: Path, work: Path) -> dict[str, str]:
    with opened(database) as con:
        try:
            [found] = con.execute(_LAST_BUILD).fetchall()
            for table, (schema, order) in TABLES.items():
                con.execute(
                    f"copy (select * from {schema}.{table} order by {order})"
                    f" to {literal(str(work / table) + '.parquet')}"
                    f" (format parquet, compression zstd, row_group_size {_ROW_GROUP})"
                )
            unequal = con.execute(_UNEQUAL).fetchall()
        except (ValueError, duckdb.CatalogException):
            raise RuntimeError(f"{database} is not a finished build. Run `dbt build`.") from None
    if unequal:
        raise RuntimeError(
            f"{database} is half built: {unequal[0][0]} has other rejected rows than were counted."
            " Run `dbt build`."
        )
    return dict(zip(("build_id", "built_at", "project_version"), map(str, found), strict=True))


def _rules(scratch: Path) -> list[dict[str, Any]]:
    """Return the seeds and the compiled models that judge rows, each after what it reads."""
    target = scratch / "compiled"
    # Against a database that does not exist, incremental models compile to their first build.
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("dbt")),
            *("compile", "--quiet", "--target", "duckdb", "--target-path", str(target)),
            *("--log-path", str(target), "--select", *(f"+{name}" for name in JUDGES)),
        ],
        cwd=PROJECT,
        env=os.environ | {"LASTRO_DB": str(scratch / "lastro.duckdb")},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"dbt cannot compile the rules: {done.stdout.strip()[-2000:]}")
    manifest = json.loads((target / "manifest.json").read_text(encoding="utf-8"))
    return [_rule(node) for node in _in_order(manifest["nodes"]) if node["relation_name"]]


def _in_order(nodes: dict[str, dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield the judges and all that they read, each after what it reads."""
    seen: set[str] = set()

    def visit(unique_id: str) -> Iterator[dict[str, Any]]:
        if unique_id in nodes and unique_id not in seen:
            seen.add(unique_id)
            for parent in nodes[unique_id]["depends_on"].get("nodes", []):
                yield from visit(parent)
            yield nodes[unique_id]

    for name in JUDGES:
        yield from visit(f"model.lastro.{name}")


def _rule(node: dict[str, Any]) -> dict[str, Any]:
    said = {"relation": node["relation_name"], "schema": node["schema"]}
    if node["resource_type"] == "seed":
        with (PROJECT / node["original_file_path"]).open(encoding="utf-8", newline="") as file:
            header, *rows = csv.reader(file)
        return said | {"kind": "seed", "columns": header, "rows": rows}
    kind = "view" if node["config"]["materialized"] == "view" else "table"
    return said | {"kind": kind, "sql": node["compiled_code"]}


def _remove_old(folder: Path, current: str, scratch: Path) -> None:
    """Remove the folders of older builds, and what killed commands left."""
    whole = sorted(
        (path for path in folder.iterdir() if path.is_dir() and path.name not in (current, scratch.name)),
        key=lambda path: path.stat().st_mtime_ns,
        reverse=True,
    )
    kept = [path for path in whole if path.name[0] != "."][: _KEPT - 1]
    for path in whole:
        if path not in kept:
            shutil.rmtree(path, ignore_errors=True)


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
