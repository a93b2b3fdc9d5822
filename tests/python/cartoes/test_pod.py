"""The published PoD files: a third party's counts of situations, percentages and days late."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import duckdb
import pytest
from conftest import SHARED, Workspace

real = pytest.mark.skipif(
    not (SHARED / "cartoes").exists(), reason=f"{SHARED / 'cartoes'} is not on this machine"
)


@pytest.fixture(scope="module")
def pod(session_workspace: Workspace) -> Workspace:
    """Build the 130,000 invoices and 90,774 payments of the PoD files, once."""
    session_workspace.clear()
    for table in ("tb_faturas", "tb_pagamentos"):
        folder = session_workspace.raw / "cartoes" / table
        folder.mkdir(parents=True)
        for path in (SHARED / "cartoes" / "mensal").glob(f"{table}_*.csv"):
            (folder / path.name).symlink_to(path)
    session_workspace.build_domain("cartoes")
    return session_workspace


@real
def test_situations_are_those_a_third_party_counted(pod: Workspace) -> None:
    assert dict(pod.query("select situacao, count(*) from lastro_cartoes.fct_faturas group by 1")) == {
        "paga_em_atraso": 52_082,
        "vencida": 39_226,
        "paga_antecipada": 34_829,
        "paga_no_prazo": 3_863,
    }


@real
def test_percentages_and_days_late_are_those_of_a_third_party(pod: Workspace) -> None:
    """Days late and percentages equal a third party's.

    Its table does not name invoices, so client, issue date and amount find them. Its percentages have two decimals.
    """
    staged = SHARED / "cartoes" / "oraculo_stage_amostra_1000.csv"
    with duckdb.connect() as con:
        con.execute(f"attach '{pod.database}' as pod (read_only)")
        rows = con.execute(
            "select oracle.fvl_numero_dias_atraso, faturas.dias_atraso,"
            " oracle.fvl_percentual_pagamento::decimal(9, 2),"
            " faturas.valor_pago, faturas.valor_fatura, oracle.fvl_qtd_transacao,"
            " faturas.total_pagamentos"
            f" from read_csv('{staged}', all_varchar = true) as oracle"
            " left join pod.lastro_cartoes.fct_faturas as faturas"
            " on faturas.id_cliente = oracle.id_cliente"
            " and faturas.data_emissao = oracle.data_emissao_fatura::date"
            " and faturas.valor_fatura = oracle.fvl_valor_fatura::decimal(18, 2)"
        ).fetchall()
    assert len(rows) == 1000
    for late, dias, percentage, paid, amount, payments, total in rows:
        assert int(late) == dias
        assert int(payments) == total
        assert abs(100 * paid / amount - percentage) <= Decimal("0.01")


@real
def test_payments_from_the_reference_date_on_do_not_count(pod: Workspace) -> None:
    """Payments on or after the reference date do not count: for 2024-02-01, 1,099 of the 90,774."""
    assert pod.query(
        "select count(*) from lastro_cartoes.fct_pagamentos where data_pagamento >= '2024-02-01'"
    ) == [(1_099,)]
    [(known, seen)] = pod.query(
        "select (select count(*) from lastro_cartoes.fct_pagamentos join lastro_cartoes.fct_faturas"
        " using (id_fatura) where data_pagamento < '2024-02-01' and data_emissao >= '2023-02-01'),"
        " (select total_pagamentos from lastro_cartoes.book_faturas_carteira"
        " where ref_date = '2024-02-01' and periodo = 'U12M')"
    )
    assert known == seen


@real
def test_the_whole_of_the_real_files_reconciles(pod: Workspace) -> None:
    assert pod.query(
        "select table_name, sum(raw_rows), sum(accepted_rows), sum(difference_rows),"
        " sum(difference_amount) from lastro_cartoes.int_cartoes__reconciliacao group by 1 order by 1"
    ) == [("tb_faturas", 130_000, 130_000, 0, 0), ("tb_pagamentos", 90_774, 90_774, 0, 0)]
    assert pod.query(
        "select count(distinct ref_date), min(ref_date), max(ref_date)"
        " from lastro_cartoes.book_faturas_carteira"
    ) == [(13, date(2023, 2, 1), date(2024, 2, 1))]
