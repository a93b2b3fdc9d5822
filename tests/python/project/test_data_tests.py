"""The data tests can fail: each finds a fault planted for it."""

from __future__ import annotations

import duckdb
import pytest
from conftest import Workspace

# Arguments of a generic test, rows that must pass it, rows that must fail it.
GENERIC_TESTS = {
    "unique_combination": (
        "columns=['a', 'b']",
        "(1, 1), (1, 2), (2, 1)",
        "(1, 1), (1, 2), (1, 1)",
    ),
    "accepted_range": (
        "column_name='a', min_value=0, max_value=2",
        "(0, 1), (2, 1)",
        "(0, 1), (3, 1)",
    ),
    "accepted_range, below": ("column_name='a', min_value=0", "(0, 1), (2, 1)", "(-0.01, 1)"),
    "ranges_without_overlap": (
        "key='a', valid_from='b', valid_to='c'",
        "(1, date '2024-01-01', date '2024-02-01'), (1, date '2024-02-01', null),"
        " (2, date '2024-01-15', null)",
        "(1, date '2024-01-01', date '2024-02-02'), (1, date '2024-02-01', null)",
    ),
    "ranges_without_overlap, two open": (
        "key='a', valid_from='b', valid_to='c'",
        "(1, date '2024-01-01', date '2024-02-01')",
        "(1, date '2024-01-01', cast(null as date)), (1, date '2024-02-01', null)",
    ),
    "ranges_without_overlap, empty": (
        "key='a', valid_from='b', valid_to='c'",
        "(1, date '2024-01-01', date '2024-01-02')",
        "(1, date '2024-01-01', date '2024-01-01')",
    ),
    "mostly_true": (
        "column_name='a', tolerated_percent=50",
        "(true, 0), (false, 0)",
        "(true, 0), (false, 0), (false, 0)",
    ),
    "counts_what_is_there, rows": (
        "table_name='t', rows='(select 1 as file_id, null as reasons) as base_rows'",
        "(1, 't', 1, 0, 0, 0, 0, 0, 0, 0)",
        "(1, 't', 2, 0, 0, 0, 0, 0, 0, 0)",
    ),
}


@pytest.mark.parametrize("case", GENERIC_TESTS)
def test_generic_tests_can_fail(workspace: Workspace, case: str) -> None:
    arguments, good, bad = GENERIC_TESTS[case]
    columns = "a, b, c" if good.count("date") else "a, b"
    if case.startswith("counts"):
        dispositions = ("accepted", "superseded", "duplicate", "rejected")
        columns = ", ".join(
            [
                "file_id, table_name",
                *(f"{each}_{what}" for what in ("rows", "amount") for each in dispositions),
            ]
        )
    counts = []
    for rows in (good, bad):
        model = f"(select * from (values {rows}) as v ({columns})) as model_rows"
        quoted = model.replace('"', '\\"')
        sql = workspace.compiled(f'{{{{ test_{case.split(",")[0]}(model="{quoted}", {arguments}) }}}}')
        counts.append(len(duckdb.sql(sql).fetchall()))
    assert counts[0] == 0
    assert counts[1] > 0


# A fault in old rows, and the audit test that finds it.
BREAKS = {
    "a row is lost": (
        "delete from lastro_cartoes.base_cartoes__faturas where line_number = 17",
        "counts_what_is_there_int_cartoes__reconciliacao_valor_fatura",
    ),
    "a cent is lost": (
        "update lastro_cartoes.base_cartoes__faturas set valor_fatura = valor_fatura - 0.01 where line_number = 17",
        "counts_what_is_there_int_cartoes__reconciliacao_valor_fatura",
    ),
    "a row comes twice": (
        "insert into lastro_cartoes.base_cartoes__faturas from lastro_cartoes.base_cartoes__faturas"
        " where line_number = 17",
        "unique_combination_base_cartoes__faturas",
    ),
    "an invoice stands twice": (
        "insert into lastro_cartoes.int_cartoes__faturas_pagas from lastro_cartoes.int_cartoes__faturas_pagas limit 1",
        "unique_fct_faturas",
    ),
    "a payment stands twice": (
        "insert into lastro_cartoes.fct_pagamentos from lastro_cartoes.fct_pagamentos limit 1",
        "unique_fct_pagamentos",
    ),
    "a client stands twice in a book": (
        "insert into lastro_cartoes.book_faturas_cliente from lastro_cartoes.book_faturas_cliente limit 1",
        "unique_combination_book_faturas_cliente",
    ),
    "a movement stands twice": (
        "insert into lastro_cooperativa.fct_movimentacao_cartao"
        " from lastro_cooperativa.fct_movimentacao_cartao limit 1",
        "unique_fct_movimentacao_cartao",
    ),
    "a movement has a version that is none": (
        "update lastro_cooperativa.fct_movimentacao_cartao set sk_conta = 7 where sk_conta = (select min(sk_conta)"
        " from lastro_cooperativa.fct_movimentacao_cartao where sk_conta > 0)",
        "relationships_fct_movimentacao_cartao_sk_conta",
    ),
    "a movement has the version of another time": (
        "update lastro_cooperativa.fct_movimentacao_cartao set data_movimentacao = timestamp '1999-01-01'",
        "assert_each_movement_falls_into_one_version",
    ),
    "an answer stands twice": (
        "insert into lastro_mensageria.chatbot_answers from lastro_mensageria.chatbot_answers limit 1",
        "unique_combination_chatbot_answers",
    ),
    "a payment is forgotten": (
        "update lastro_cartoes.int_cartoes__faturas_pagas set data_ultimo_pagamento = data_ultimo_pagamento + 1"
        " where id_fatura = (select min(id_fatura) from lastro_cartoes.fct_pagamentos where fatura_conhecida)",
        "assert_facts_are_what_the_rows_say",
    ),
    "a payment does not know its invoice": (
        "update lastro_cartoes.fct_pagamentos set cliente_confere = false where id_pagamento ="
        " (select min(id_pagamento) from lastro_cartoes.fct_pagamentos where cliente_confere)",
        "assert_facts_are_what_the_rows_say",
    ),
    "an answer is missing": (
        "delete from lastro_mensageria.chatbot_answers where session ="
        " (select min(session) from lastro_mensageria.chatbot_answers)",
        "assert_answers_are_what_the_events_say",
    ),
    "a session is missing": (
        "delete from lastro_mensageria.chatbot_sessions where session ="
        " (select min(session) from lastro_mensageria.chatbot_sessions)",
        "assert_answers_are_what_the_events_say",
    ),
    "a version has other values": (
        "update lastro_cooperativa.int_cooperativa__contas_versoes set agencia = 'other'",
        "assert_versions_are_what_the_extracts_say",
    ),
    "a version goes on after its member is gone": (
        "update lastro_cooperativa.int_cooperativa__associados_versoes set valid_to = date '9999-12-31'"
        " where valid_to < date '9999-12-31'",
        "assert_versions_are_what_the_extracts_say",
    ),
    "a debt stands twice": (
        "insert into lastro_cobranca.historico_dividas from lastro_cobranca.historico_dividas limit 1",
        "unique_combination_historico_dividas",
    ),
    "a version of a debt has another amount": (
        "update lastro_cobranca.historico_dividas set valor_divida = valor_divida + 0.01 where is_current"
        " and id_divida = (select min(id_divida) from lastro_cobranca.historico_dividas)",
        "assert_history_is_what_the_rows_say",
    ),
    "a version of a debt is missing": (
        "delete from lastro_cobranca.historico_dividas where not is_current",
        "assert_history_is_what_the_rows_say",
    ),
    "a version of a debt goes on after the next one began": (
        "update lastro_cobranca.historico_dividas set valid_to = date '9999-12-30' where not is_current",
        "ranges_without_overlap_historico_dividas",
    ),
    "a debt's row is lost": (
        "delete from lastro_cobranca.base_cobranca__dividas where line_number = 3",
        "counts_what_is_there_int_cobranca__reconciliacao_valor_divida",
    ),
    "a session stands twice": (
        "insert into lastro_mensageria.chatbot_sessions from lastro_mensageria.chatbot_sessions limit 1",
        "unique_combination_chatbot_sessions",
    ),
}


def test_the_audit_finds_a_fault_in_old_rows(built_sample: Workspace) -> None:
    assert built_sample.dbt("test", "--selector", "audit").success
    nodes = built_sample.dbt("parse").result.nodes.values()
    audit = [node.name for node in nodes if "audit" in node.tags]
    whole = built_sample.database.read_bytes()
    missed = {}
    for fault, (statement, test) in BREAKS.items():
        with duckdb.connect(str(built_sample.database)) as con:
            con.execute(statement)
        named = [name for name in audit if name.startswith(test)]
        found = built_sample.dbt("test", "--select", *named)
        if not named or found.success or test not in found.output:
            missed[fault] = found.output
        built_sample.database.write_bytes(whole)
    assert missed == {}


def test_a_difference_fails_every_build(built_sample: Workspace) -> None:
    with duckdb.connect(str(built_sample.database)) as con:
        con.execute(
            "update lastro_cartoes.int_cartoes__reconciliacao set difference_rows = 1 where raw_rows > 100"
        )
    build = built_sample.dbt("build", "--select", "reconciliacao")
    assert not build.success
    assert "reconciles_reconciliacao" in build.output


@pytest.mark.parametrize(
    ("table", "test", "change"),
    [
        (
            "lastro_cartoes.book_faturas_carteira",
            "assert_book_payments_were_made_before_ref_date",
            "total_pagamentos = total_pagamentos + 1 where periodo = 'U12M'",
        ),
        (
            "lastro_cartoes.book_faturas_carteira",
            "assert_book_counts_each_invoice_once",
            "total_faturas = total_faturas + 1 where periodo = 'U12M'",
        ),
        (
            "lastro_cartoes.int_cartoes__faturas_pagas",
            "assert_facts_reconcile_with_raw_files",
            "valor_fatura = valor_fatura + 0.01 where id_fatura = '1-202301'",
        ),
        (
            "lastro_cartoes.base_cartoes__faturas",
            "assert_every_rejected_row_is_in_quarantine",
            "reasons = null where reasons like '%missing'",
        ),
        (
            "lastro_cobranca.historico_dividas",
            "assert_debts_reconcile_with_raw_files",
            "valor_divida = valor_divida + 0.01 where is_current",
        ),
        (
            "lastro_cobranca.resultado_lotes",
            "assert_debts_reconcile_with_raw_files",
            "linhas_duplicadas = linhas_duplicadas + 1",
        ),
        (
            "lastro_qualidade.rejection_reasons",
            "assert_every_reason_is_put_into_words",
            "reason = 'other' where reason = 'wrong_check_digit'",
        ),
        (
            "lastro_recebimento.lotes",
            "assert_batches_count_what_is_reconciled",
            "linhas_com_falha = linhas_com_falha + 1 where is_current",
        ),
        (
            "lastro_recebimento.lotes",
            "assert_batches_are_those_of_the_events",
            "status = 'perdido' where status = 'recusado'",
        ),
        (
            "lastro_recebimento.lotes",
            "assert_status_is_what_the_events_say",
            "status = 'aceito' where status = 'concluido_com_rejeicoes' and is_current",
        ),
        (
            "lastro_recebimento.lote_eventos",
            "assert_status_is_what_the_events_say",
            "status = 'aceito' where evento = 'recusado'",
        ),
    ],
)
def test_the_singular_tests_can_fail(built_sample: Workspace, table: str, test: str, change: str) -> None:
    assert built_sample.dbt("test", "--select", test).success
    with duckdb.connect(str(built_sample.database)) as con:
        con.execute(f"update {table} set {change}")
    assert not built_sample.dbt("test", "--select", test).success
