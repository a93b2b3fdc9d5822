"""`lastro summary`: the result of a build, on one screen of 80 columns."""

from __future__ import annotations

from decimal import Decimal

import duckdb
from rich import box
from rich.console import Console
from rich.table import Table

from lastro.cli.options import DATABASE, Database
from lastro.database import opened
from lastro.landing.sql import literal

# The schemas of the domains. Those of landed files and of unit notes have tables of the same names.
_SCHEMAS = """
select distinct table_schema
from information_schema.tables
where
    table_schema like 'lastro_%'
    and not starts_with(table_schema, 'lastro_landed')
    and table_schema <> 'lastro_units'
order by table_schema
"""

_RECONCILIATION = """
select
    table_name as " ",
    count(*) as files,
    sum(raw_rows) as raw,
    sum(accepted_rows) as accepted,
    sum(superseded_rows) as superseded,
    sum(duplicate_rows) as duplicate,
    sum(rejected_rows) as rejected,
    sum(difference_rows) as "lost"
from reconciliacao
group by table_name
order by table_name
"""

_AMOUNTS = """
select
    table_name as " ",
    sum(raw_amount) as raw,
    sum(accepted_amount) as accepted,
    sum(superseded_amount + duplicate_amount) as "again",
    sum(rejected_amount) as rejected,
    sum(difference_amount) as "lost"
from reconciliacao
where raw_amount is not null
group by table_name
order by table_name
"""

_REJECTED = """
select reason, count(*) as rows
from (select unnest(string_split(reasons, ',')) as reason from quarentena)
group by reason
order by rows desc, reason
limit 10
"""

_INVOICES = """
select situacao, count(*) as invoices, sum(valor_fatura) as "R$", sum(saldo_em_aberto) as "open R$"
from fct_faturas
group by situacao
order by situacao
"""

_PORTFOLIO = """
select
    periodo as " ",
    total_clientes,
    total_faturas,
    valor_total_faturas,
    valor_total_pagamentos,
    percentual_pagamento_prazo,
    percentual_inadimplencia,
    valor_inadimplente,
    media_dias_atraso
from book_faturas_carteira
where ref_date = (select max(ref_date) from book_faturas_carteira)
order by length(periodo), periodo
"""

_CLIENTS = """
select
    id_cliente as " ",
    total_faturas_u12m,
    valor_total_faturas_u12m,
    percentual_valor_pago_u12m,
    valor_inadimplente_u12m,
    total_atrasos_u12m,
    maior_sequencia_em_dia_u12m
from book_faturas_cliente
where ref_date = (select max(ref_date) from book_faturas_cliente)
order by valor_inadimplente_u12m desc, id_cliente
limit 4
"""


_ACCOUNTS = """
select
    customer || ' ' || account as " ",
    avg_invoices_last_3_months as "3 months R$",
    avg_invoices_last_6_months as "6 months R$"
from account_invoice_averages
where reference_month = (select max(reference_month) from account_invoice_averages)
order by avg_invoices_last_6_months desc nulls last, customer, account
limit 4
"""

_FLOWS = """
select
    flow as " ",
    count(*) as sessions,
    sum(answers_count) as answers,
    max(last_answer_dt) as "last",
    (select count(*) from chatbot_keys where chatbot_keys.flow = chatbot_sessions.flow) as questions
from chatbot_sessions
group by flow
order by flow
limit 4
"""

_NOTIFICATIONS = """
select
    customer_id as " ",
    customer_name as customer,
    notificacoes_dia as today,
    notificacoes_mes as month,
    ultima_atualizacao as "known until"
from painel_notificacoes
order by notificacoes_mes desc, customer_id
limit 4
"""

_BILL = """
select
    data as " ",
    estado,
    notificacoes as messages,
    valor as "R$",
    notificacoes_ajustadas as late,
    valor_ajustado as "late R$"
from dias_cobranca_notificacoes
order by data desc
limit 4
"""

_MOVEMENTS = """
select
    strftime(dim_data.primeiro_dia_do_mes, '%Y-%m') as " ",
    sum(quantidade_movimentacoes) as movements,
    sum(valor_movimentacao) as "R$",
    count(*) filter (where -1 in (sk_cartao, sk_conta, sk_associado)) as orphans
from fct_movimentacao_cartao
inner join dim_data using (sk_data)
group by 1
order by 1
"""

_DEBTS = """
select
    id_cliente_credor as " ",
    count(*) as batches,
    sum(linhas_recebidas) as received,
    sum(linhas_registradas) as registered,
    sum(linhas_prescritas) as prescribed,
    sum(linhas_substituidas + linhas_duplicadas) as again,
    sum(linhas_rejeitadas) as rejected,
    sum(valor_registrado) as "registered R$"
from resultado_lotes
group by id_cliente_credor
order by id_cliente_credor
limit 10
"""

_BATCHES = """
select
    status as " ",
    count(*) as lotes,
    sum(linhas_recebidas) as linhas,
    sum(linhas_processadas) as processadas,
    sum(linhas_com_falha) as com_falha,
    sum(valor_recebido) as "R$"
from lotes
group by status
order by status
"""


def summary(database: Database = DATABASE) -> None:
    """Show the result of the last build: the reconciliation and a few rows of each mart."""
    console = Console()
    try:
        with opened(database) as con:
            _print_summary(con, console)
    except (duckdb.CatalogException, duckdb.BinderException) as error:
        raise RuntimeError(f"{database} is not a finished build: {error}") from error
    console.print(
        f"The tables are in {database}. Query them with any DuckDB client; `make docs` shows the lineage;"
        " the README says how to read your own files.",
        highlight=False,
        soft_wrap=True,
    )


def _print_summary(con: duckdb.DuckDBPyConnection, console: Console) -> None:
    schemas = con.execute(_SCHEMAS).fetchall()
    con.execute(f"set search_path = {literal(','.join(schema for (schema,) in schemas))}")
    [(last,)] = con.execute("select max(ref_date) from book_faturas_carteira").fetchall()
    _print_table(con, console, "Every raw row has one disposition (reconciliacao)", _RECONCILIATION)
    _print_table(con, console, "The same in R$", _AMOUNTS)
    _print_table(
        con,
        console,
        "Why rows were rejected (quarentena; `lastro export quarentena` says what to do)",
        _REJECTED,
    )
    _print_table(con, console, "Invoices (fct_faturas)", _INVOICES)
    _print_turned(con, console, f"The portfolio as of {last} (book_faturas_carteira)", _PORTFOLIO)
    _print_turned(con, console, f"Who owes most as of {last} (book_faturas_cliente)", _CLIENTS)
    _print_table(con, console, "Average monthly invoices (account_invoice_averages)", _ACCOUNTS)
    _print_table(con, console, "Card movements (fct_movimentacao_cartao)", _MOVEMENTS)
    _print_table(con, console, "Chatbot answers (chatbot_sessions)", _FLOWS)
    _print_table(con, console, "Notifications (painel_notificacoes)", _NOTIFICATIONS)
    _print_table(con, console, "Bills of notifications (dias_cobranca_notificacoes)", _BILL)
    _print_table(con, console, "Debts by client (resultado_lotes)", _DEBTS)
    _print_table(con, console, "Batches (lotes)", _BATCHES)


def _print_table(con: duckdb.DuckDBPyConnection, console: Console, title: str, query: str) -> None:
    result = con.execute(query)
    _print(console, title, [column[0] for column in result.description], result.fetchall())


def _print_turned(con: duckdb.DuckDBPyConnection, console: Console, title: str, query: str) -> None:
    """Print a wide table with few rows transposed, one line per column, to fit a terminal."""
    result = con.execute(query)
    names = [column[0] for column in result.description]
    columns = list(zip(names, *result.fetchall(), strict=True))
    _print(console, title, list(columns[0]), columns[1:])


def _print(console: Console, title: str, names: list, rows: list) -> None:
    console.print(title, style="bold", highlight=False)
    table = Table(box=box.SIMPLE_HEAD, padding=0)
    for index, name in enumerate(names):
        table.add_column(str(name), justify="right" if index else "left", no_wrap=True)
    for row in rows:
        table.add_row(*(_shown(cell) for cell in row))
    # Never truncate an amount: on a narrow terminal the lines wrap instead.
    natural = console.measure(table, options=console.options.update(max_width=500)).maximum
    Console(file=console.file, width=max(natural, console.width)).print(table)


def _shown(cell: object) -> str:
    if cell is None:
        return ""
    return f"{cell:,}" if isinstance(cell, int | Decimal) else str(cell)
