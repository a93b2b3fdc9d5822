"""The movements of the cooperative as one flat file, with its checksum."""

from __future__ import annotations

from pathlib import Path

from lastro.database import opened
from lastro.export.files import Format, Style, write, write_report

# Every column, so that the same movements give the same bytes.
_ORDER = (
    "data_movimento, numero_cartao, vlr_transacao_movimento, des_transacao_movimento, nome_associado,"
    " sobrenome_associado, idade_associado, nome_impresso_cartao, data_criacao_cartao, tipo_conta,"
    " data_criacao_conta"
)


def export_movimento_flat(database: Path, style: Style, folder: Path) -> tuple[Path, int]:
    """Write movimento_flat, and its SHA-256, row count and R$ to a JSON file beside it.

    Args:
        database: The DuckDB file that dbt built; it is opened read-only.
        style: How to write it. In CSV and XLSX the times are ISO 8601 in UTC.
        folder: The folder to write to, created if necessary.

    Returns:
        The path of the file and its number of rows, not counting the header.

    Raises:
        FileNotFoundError: The database does not exist.
        ValueError: Rows or R$ differ from the fact's, or a workbook cannot hold them; nothing is written.
        duckdb.Error: The database is not a finished build.
    """
    path = style.path(folder, "movimento_flat", default=";")
    times = (
        ""
        if style.layout == Format.parquet
        else " replace (strftime(data_movimento, '%Y-%m-%dT%H:%M:%S.%gZ') as data_movimento)"
    )
    totals = "select count(*), sum({}) from lastro_cooperativa.{}"
    with opened(database) as con:
        flat = con.execute(totals.format("vlr_transacao_movimento", "movimento_flat")).fetchone()
        fact = con.execute(totals.format("valor_movimentacao", "fct_movimentacao_cartao")).fetchone()
        if flat != fact:
            raise ValueError(
                f"movimento_flat has {flat[0]} rows and R$ {flat[1]}, but the fact has {fact[0]} rows and"
                f" R$ {fact[1]}. Build again."
            )
        query = f"select *{times} from lastro_cooperativa.movimento_flat order by {_ORDER}"
        rows = write(con, query, path, style)
        if rows != flat[0]:
            path.unlink()
            raise ValueError(f"only {rows} of {flat[0]} rows were written. Export again.")
    write_report(path, rows, {"vlr_transacao_movimento": str(flat[1] or 0)})
    return path, rows
