"""What a build made, on one screen."""

from __future__ import annotations

from pathlib import Path

import duckdb
from rich.console import Console
from rich.table import Table

_RECONCILIATION = """
select
    table_name as "raw table",
    count(*) as files,
    sum(raw_rows) as "raw rows",
    sum(accepted_rows) as accepted,
    sum(superseded_rows) as superseded,
    sum(duplicate_rows) as duplicate,
    sum(rejected_rows) as rejected,
    sum(difference_rows) as difference,
    sum(raw_amount) as "raw R$",
    sum(accepted_amount) as "accepted R$",
    sum(difference_amount) as "difference R$"
from reconciliacao
group by table_name
order by table_name
"""

_REJECTED = """
select reason, count(*) as rows
from (select unnest(string_split(reasons, ',')) as reason from quarentena)
group by reason
order by rows desc, reason
"""

_INVOICES = """
select situacao, count(*) as invoices, sum(valor_fatura) as "R$", sum(saldo_em_aberto) as "open R$"
from fct_faturas
group by situacao
order by situacao
"""

_PORTFOLIO = """
select
    ref_date,
    periodo,
    total_faturas,
    valor_total_faturas,
    valor_total_pagamentos,
    percentual_pagamento_prazo,
    percentual_inadimplencia,
    media_dias_atraso,
    valor_inadimplente,
    total_clientes
from book_faturas_carteira
where ref_date = (select max(ref_date) from book_faturas_carteira)
order by length(periodo), periodo
"""

_CLIENTS = """
select
    ref_date,
    id_cliente,
    total_faturas_u3m,
    valor_total_faturas_u3m,
    percentual_valor_pago_u3m,
    total_atrasos_u12m,
    meses_desde_ultimo_atraso_u12m,
    maior_sequencia_em_dia_u12m
from book_faturas_cliente
where ref_date = (select max(ref_date) from book_faturas_cliente)
order by valor_inadimplente_u12m desc, id_cliente
limit 5
"""


def print_summary(database: Path, console: Console) -> None:
    """Print the reconciliation and a few rows of each mart.

    Args:
        database: the DuckDB file that dbt built; it is opened read-only.
        console: where to print.

    Raises:
        FileNotFoundError: there is no such file.
        RuntimeError: the file is not a finished build.
    """
    if not database.exists():
        raise FileNotFoundError(f"{database} does not exist. Run `make build` first.")
    con = duckdb.connect(str(database), read_only=True)
    try:
        con.execute("set search_path = 'lastro_cartoes,lastro_qualidade'")
        _print_table(con, console, "Every raw row has one disposition (reconciliacao)", _RECONCILIATION)
        _print_table(con, console, "Why rows were refused (quarentena)", _REJECTED)
        _print_table(con, console, "Invoices (fct_faturas)", _INVOICES)
        _print_table(con, console, "The portfolio (book_faturas_carteira)", _PORTFOLIO)
        _print_table(con, console, "The five clients who owe most (book_faturas_cliente)", _CLIENTS)
    except duckdb.Error as error:
        raise RuntimeError(f"{database} is not a finished build: {error}") from error
    finally:
        con.close()
    console.print(
        f"The tables are in {database}. Query them with any DuckDB client; `make docs` shows the lineage;"
        " the README says how to read your own files.",
        highlight=False,
        soft_wrap=True,
    )


def _print_table(con: duckdb.DuckDBPyConnection, console: Console, title: str, query: str) -> None:
    result = con.execute(query)
    names = [column[0] for column in result.description]
    rows = result.fetchall()
    table = Table(title=title, title_justify="left", title_style="bold")
    for index, name in enumerate(names):
        is_text = all(isinstance(row[index], str) for row in rows)
        table.add_column(name, justify="left" if is_text else "right", overflow="fold")
    for row in rows:
        table.add_row(*("" if cell is None else _shown(cell) for cell in row))
    console.print(table)
    console.print()


def _shown(cell: object) -> str:
    return str(cell) if isinstance(cell, str) or not hasattr(cell, "__round__") else f"{cell:,}"
