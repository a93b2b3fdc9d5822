"""A build without dbt: real landing, then the compiled SQL of each model, in memory and from scratch.

It tests rules: a property tries hundreds of examples in the time of a few dbt builds. Tests that build with dbt cover
what dbt adds: incremental runs, contracts, tests, snapshots over time.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
from conftest import PROJECT, Tables, Workspace
from lastro.landing.dbt_plugin import Plugin


class Compiled:
    """The project's models as dbt compiles them for DuckDB, with what each one reads."""

    def __init__(self, workspace: Workspace, *args: str) -> None:
        build = workspace.dbt("compile", "--select", "resource_type:model", *args)
        assert build.success, build.output
        manifest = workspace.dbt("parse", *args).result
        self.nodes = {result.node.unique_id: result.node for result in build.result.results}
        self.nodes |= {
            name: node
            for name, node in manifest.nodes.items()
            if node.resource_type.value in ("seed", "snapshot") or node.config.materialized == "ephemeral"
        }

    def in_order(self, names: tuple[str, ...]) -> Iterator[Any]:
        """Yield the named nodes and all that they read, each after the nodes it reads."""
        seen: set[str] = set()

        def visit(unique_id: str) -> Iterator[Any]:
            if unique_id in self.nodes and unique_id not in seen:
                seen.add(unique_id)
                for parent in self.nodes[unique_id].depends_on_nodes:
                    yield from visit(parent)
                yield self.nodes[unique_id]

        for name in names:
            yield from visit(next(unique_id for unique_id in self.nodes if unique_id.endswith(f".{name}")))


class QuickBuild(Tables):
    """Some models of one raw root and all that they read, built in memory.

    `seeds` has rows, by column, for seeds that are not to have those of the project.
    """

    def __init__(
        self,
        compiled: Compiled,
        workspace: Workspace,
        *names: str,
        seeds: dict[str, list[dict[str, str]]] | None = None,
    ) -> None:
        self.seeds = seeds or {}
        self.con = duckdb.connect()
        # Compiled SQL refers to the database by its file name.
        self.name = workspace.database.stem
        self.con.execute(f"attach ':memory:' as {self.name}; use {self.name}; set timezone = 'UTC'")
        config = {"raw": str(workspace.raw), "landed": str(workspace.landed)}
        plugin = Plugin(
            "quick", config, credentials=SimpleNamespace(schema="lastro", path=str(workspace.database))
        )
        plugin._land(self.con, {"allow_removed": True}, False)
        for node in compiled.in_order(names):
            self._make(node)

    def _make(self, node: Any) -> None:
        kind = node.resource_type.value
        if kind == "model" and node.config.materialized == "ephemeral":
            return
        self.con.execute(f'create schema if not exists "{node.schema}"')
        if kind == "seed":
            with (PROJECT / node.original_file_path).open(encoding="utf-8", newline="") as file:
                header, *rows = csv.reader(file)
            if node.name in self.seeds:
                rows = [[row.get(name) for name in header] for row in self.seeds[node.name]]
            self.con.execute(
                f"create table {node.relation_name} ({', '.join(f'{n} varchar' for n in header)})"
            )
            self.con.executemany(
                f"insert into {node.relation_name} values ({', '.join('?' * len(header))})", rows
            )
            return
        sql = node.compiled_code if kind == "model" else self._believed(node)
        what = "view" if node.config.materialized == "view" else "table"
        self.con.execute(f"create {what} {node.relation_name} as {sql}")

    def _believed(self, snapshot: Any) -> str:
        """Return SQL for a snapshot's relation after a first build."""
        [parent] = snapshot.depends_on_nodes
        name = parent.split(".")[-1]
        [(schema,)] = self.con.execute(
            "select table_schema from information_schema.tables where table_name = ?", [name]
        ).fetchall()
        return f"select *, now()::timestamp as dbt_valid_from, cast(null as timestamp) as dbt_valid_to from {schema}.{name}"

    def connection(self) -> duckdb.DuckDBPyConnection:
        """Return a connection that sees the built tables under their usual names."""
        con = self.con.cursor()
        con.execute(f"use {self.name}")
        return con


def raw_file(workspace: Workspace, path: str, content: str | bytes) -> Path:
    """Write one raw file with exactly this content."""
    target = workspace.raw / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content if isinstance(content, bytes) else content.encode())
    return target
