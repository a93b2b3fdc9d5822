"""A small client with a spreadsheet, and a front door for it."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
from lastro.receive.formats import COLUMN_FIELDS, COLUMNS_FILE, FORMAT_FIELDS, FORMATS_FILE
from lastro.receive.places import Places
from lastro.serve.settings import Settings

LOTES = """
id_lote varchar, status varchar, linhas_processadas bigint, linhas_com_falha bigint,
valor_recebido decimal(18, 2), valor_processado decimal(18, 2)
"""
REJECTED = """
id_lote varchar, linha_original bigint, line_number bigint, motivos varchar, mensagens varchar,
id_divida varchar, nome_devedor varchar, documento_devedor varchar, email_devedor varchar,
valor_divida varchar, data_vencimento varchar
"""


class Clock:
    """A time that a test moves."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 26, 14, 5, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def later(self, **spans: float) -> None:
        self.now += timedelta(**spans)


def settings_in(folder: Path) -> Settings:
    """Return settings of a server whose folders are all below one, with no format agreed."""
    formats = folder / "formats"
    formats.mkdir()
    (formats / FORMATS_FILE).write_text(",".join(FORMAT_FIELDS) + "\n", encoding="utf-8")
    (formats / COLUMNS_FILE).write_text(",".join(COLUMN_FIELDS) + "\n", encoding="utf-8")
    return Settings(
        places=Places.at(*(str(folder / name) for name in ("inbox", "received", "quarantine", "raw"))),
        drafts=folder / "drafts",
        clients=folder / "clients",
        published=folder / "published",
        formats=formats,
    )


def publish(
    folder: Path,
    rules: list[dict[str, Any]],
    lotes: list[dict[str, Any]] | None = None,
    rejected: list[dict[str, Any]] | None = None,
) -> None:
    """Publish what a build would say, under a name of its own."""
    name = f"build-{len(list(folder.iterdir())) if folder.exists() else 0}"
    (folder / name).mkdir(parents=True)
    build = {"build_id": name, "built_at": "2026-11-26 14:00:00", "project_version": "0"}
    (folder / name / "build.json").write_text(json.dumps(build), encoding="utf-8")
    (folder / name / "regras.json").write_text(json.dumps(rules), encoding="utf-8")
    with duckdb.connect() as con:
        for table, columns, rows in (
            ("lotes", LOTES, lotes or []),
            ("dividas_rejeitadas", REJECTED, rejected or []),
        ):
            con.execute(f"create table {table} ({columns})")
            for row in rows:
                marks = ", ".join("?" * len(row))
                con.execute(f"insert into {table} ({', '.join(row)}) values ({marks})", list(row.values()))
            con.execute(f"copy {table} to '{folder / name / table}.parquet' (format parquet)")
    (folder / "atual").write_text(name, encoding="utf-8")


def workbook(rows: list[list[object]]) -> bytes:
    """Return an XLSX of one sheet."""
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


def debts() -> bytes:
    """Return a workbook with a title, a header, four debts and a total; two of them are wrong."""
    return workbook(
        [
            ["Padaria Pão & Mel — carteira de novembro"],
            [],
            ["Nº nota", "Freguês", "CPF", "Quanto deve", "Venceu em"],
            ["N-1", "Ana Lima", "529.982.247-25", "1.234,50", "31/01/2026"],
            ["N-2", "Bia Torres", "734.112.905-01", "99,90", "15/02/2026"],
            ["N-3", "Caio <b>Reis</b>", "529.982.247-26", "10,00", "03/03/2026"],
            ["N-4", "", "529.982.247-25", "20,00", "04/04/2026"],
            ["Total", None, None, "1.364,40", None],
        ]
    )
