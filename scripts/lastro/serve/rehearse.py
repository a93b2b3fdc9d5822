"""Rows judged before they are sent: the published SQL of dbt's models, in memory, on one file."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from lastro.landing.land import land
from lastro.landing.sql import literal, quoted
from lastro.landing.stores import Folder
from lastro.landing.views import declare_landed
from lastro.receive.judge import Accepted
from lastro.receive.layout import clean_client
from lastro.serve.published import Published

_COUNTS = """
select
    linhas_recebidas, linhas_registradas, linhas_prescritas, linhas_duplicadas + linhas_substituidas,
    linhas_rejeitadas, valor_registrado
from lastro_cobranca.resultado_lotes
"""
_REJECTIONS = """
select * from lastro_cobranca.dividas_rejeitadas order by linha_original, line_number limit ?
"""


@dataclass(frozen=True)
class Rehearsal:
    """What would become of the rows of a file that comes alone.

    Attributes:
        rows: Its rows.
        registered: How many would be registered.
        prescribed: How many would be registered as prescribed.
        again: How many are repeated in the file, or replaced by a later row of it.
        rejected: How many would be rejected.
        amount: What the registered ones add up to, in R$.
        rejections: The first rejected lines, as dividas_rejeitadas has them.
    """

    rows: int
    registered: int
    prescribed: int
    again: int
    rejected: int
    amount: Decimal
    rejections: list[dict[str, Any]]


def rehearse(published: Published, accepted: Accepted, client: str, day: date, limit: int = 100) -> Rehearsal:
    """Judge the rows of a file that the gate would accept, as a build of this file alone would.

    Args:
        published: The rules.
        accepted: What the gate would publish; its file must still be there.
        client: Whose file it is.
        day: The day of reception.
        limit: How many rejected lines to return.
    """
    with tempfile.TemporaryDirectory(prefix="lastro_rehearse_") as folder, duckdb.connect() as con:
        raw, landed = Path(folder) / "raw", Path(folder) / "landed"
        target = raw / accepted.arrival.destination(f"{clean_client(client)}-{day:%Y%m%d}-9999")
        target.parent.mkdir(parents=True)
        shutil.copyfile(accepted.path, target)
        # Compiled SQL has the name of the database.
        con.execute("attach ':memory:' as lastro; use lastro; set timezone = 'UTC'; set threads = 1")
        con.execute("set memory_limit = '1GB'; set enable_progress_bar = false")
        con.execute(f"set temp_directory = {literal(str(Path(folder) / 'spilled'))}")
        declare_landed(con, "lastro_landed", landed, land(raw, Folder(landed)))
        for rule in published.rules():
            _make(con, rule)
        counts = con.execute(_COUNTS).fetchone() or (0, 0, 0, 0, 0, Decimal(0))
        found = con.execute(_REJECTIONS, [limit])
        names = [column[0] for column in found.description]
        rejections = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    return Rehearsal(*(int(count) for count in counts[:5]), counts[5], rejections)


def _make(con: duckdb.DuckDBPyConnection, rule: dict[str, Any]) -> None:
    """Make one relation: a seed from its rows, or a model from its SQL."""
    con.execute(f"create schema if not exists {quoted(rule['schema'])}")
    if rule["kind"] != "seed":
        con.execute(f"create {rule['kind']} {rule['relation']} as {rule['sql']}")
        return
    names = ", ".join(f"{quoted(name)} varchar" for name in rule["columns"])
    con.execute(f"create table {rule['relation']} ({names})")
    rows = ", ".join("(" + ", ".join(map(literal, row)) + ")" for row in rule["rows"])
    if rows:
        con.execute(f"insert into {rule['relation']} values {rows}")
