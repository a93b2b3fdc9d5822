"""The project's proofs are sound: the generic tests can fail, and the sample has the defects it claims."""

from __future__ import annotations

import csv
import filecmp
import os
import subprocess
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from conftest import PROJECT, SHARED, Workspace

LASTRO = str(Path(sys.executable).with_name("lastro"))

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
            "book_faturas_carteira",
            "assert_book_payments_were_made_before_ref_date",
            "total_pagamentos = total_pagamentos + 1 where periodo = 'U12M'",
        ),
        (
            "book_faturas_carteira",
            "assert_book_counts_each_invoice_once",
            "total_faturas = total_faturas + 1 where periodo = 'U12M'",
        ),
        (
            "int_cartoes__faturas_pagas",
            "assert_facts_reconcile_with_raw_files",
            "valor_fatura = valor_fatura + 0.01 where id_fatura = '1-202301'",
        ),
    ],
)
def test_the_singular_tests_can_fail(built_sample: Workspace, table: str, test: str, change: str) -> None:
    assert built_sample.dbt("test", "--select", test).success
    with duckdb.connect(str(built_sample.database)) as con:
        con.execute(f"update lastro_cartoes.{table} set {change}")
    assert not built_sample.dbt("test", "--select", test).success


def test_a_domain_is_built_alone(sample: Workspace) -> None:
    sample.build("--select", "tag:cartoes", tests=True)
    schemas = sample.query(
        "select distinct table_schema from information_schema.tables where table_schema not like '%landed%'"
    )
    assert sorted(schema for (schema,) in schemas) == ["lastro_cartoes", "lastro_units"]
    assert sample.query("select sum(rejected_rows) from lastro_cartoes.int_cartoes__reconciliacao") == [(24,)]
    assert sample.query("select count(*) from lastro_cartoes.int_cartoes__quarentena") == [(24,)]


def test_every_raw_table_is_reconciled(workspace: Workspace) -> None:
    """Every raw table that a source declares is reconciled, audited and quarantined by its domain."""
    nodes = workspace.dbt("parse").result
    declared = {
        (source.source_name, source.name) for source in nodes.sources.values() if "path" in source.config.meta
    }
    reconciled, audited = set(), set()
    for node in nodes.nodes.values():
        if node.resource_type == "model" and node.name.endswith("__reconciliacao"):
            reconciled |= {(source[0], source[1]) for source in node.sources}
        if node.resource_type == "test" and node.name.startswith("counts_what_is_there"):
            domain = node.attached_node.split(".")[-1].split("__")[0].removeprefix("int_")
            audited.add((domain, node.test_metadata.kwargs["table_name"]))
    assert declared == reconciled == audited
    rows = [
        name
        for name in nodes.nodes
        if ".base_" in name and name.startswith("model.") and name.endswith("_repeated")
    ]
    for name in rows:
        base = name.removesuffix("_repeated")
        domain = base.split(".base_")[1].split("__")[0]
        assert base in nodes.nodes[f"model.lastro.int_{domain}__quarentena"].depends_on.nodes


def test_the_committed_sample_is_what_the_generator_writes(tmp_path: Path) -> None:
    subprocess.run([LASTRO, "sample", "--to", str(tmp_path)], check=True, capture_output=True)
    committed = PROJECT / "data" / "raw"
    names = sorted(str(p.relative_to(committed)) for p in committed.rglob("*.*"))
    assert names == sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*.*"))
    assert filecmp.cmpfiles(committed, tmp_path, names, shallow=False)[0] == names
    assert sum((committed / name).stat().st_size for name in names) < 2_000_000


def movements_that_came_twice() -> int:
    """Return the number of rows whose key an earlier extract had, because extracts overlap by some days."""
    keys = []
    for path in (PROJECT / "data/raw/cooperativa/movimentacao_cartao").iterdir():
        with path.open(encoding="utf-8", newline="") as file:
            keys += [row["id_movimentacao"] for row in csv.DictReader(file)]
    assert len(keys) > len(set(keys))
    return len(keys) - len(set(keys))


def test_the_sample_has_the_defects_that_the_readme_counts(built_sample: Workspace) -> None:
    """The build finds exactly the defects that scripts/lastro/sample lists; the counts do not come from a build."""
    assert built_sample.query(
        "select table_name, sum(superseded_rows), sum(duplicate_rows), sum(rejected_rows)"
        " from lastro_qualidade.reconciliacao group by 1 order by 1"
    ) == [
        ("associado", 1, 1, 3),
        ("cartao", 0, 0, 0),
        ("chatbot", 0, 2, 7),
        ("conta", 0, 0, 0),
        ("invoices", 0, 3, 6),
        ("movimentacao_cartao", 0, movements_that_came_twice(), 2),
        ("tb_faturas", 3, 5, 18),
        ("tb_pagamentos", 0, 2, 6),
    ]
    assert built_sample.query(
        "select count(*) from lastro_cartoes.fct_pagamentos where not fatura_conhecida"
    ) == [(2,)]
    assert built_sample.query(
        "select count(*) from lastro_qualidade.reconciliacao where extra_columns = 'canal'"
    ) == [(2,)]


def test_sample_refuses_to_mix_with_other_files(tmp_path: Path) -> None:
    other = tmp_path / "cartoes" / "tb_faturas" / "tb_faturas_202401.csv"
    other.parent.mkdir(parents=True)
    other.write_text("mine")
    done = subprocess.run([LASTRO, "sample", "--to", str(tmp_path)], capture_output=True, text=True)
    assert done.returncode == 1
    assert "already has files" in done.stderr
    assert other.read_text() == "mine"
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == [other]


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--clients", "0"], "--clients"),
        (["--months", "0"], "--months"),
        (["--start", "2024-13"], "--start"),
        ([], "--to"),
    ],
)
def test_sample_names_the_argument_that_is_wrong(tmp_path: Path, arguments: list, word: str) -> None:
    out = ["--to", str(tmp_path)] if arguments else []
    done = subprocess.run([LASTRO, "sample", *out, *arguments], capture_output=True, text=True)
    assert done.returncode == 2
    assert word in done.stderr
    assert not list(tmp_path.iterdir())


def test_summary_says_what_was_built_and_what_is_missing(built_sample: Workspace, tmp_path: Path) -> None:
    missing = subprocess.run(
        [LASTRO, "summary", "--database", str(tmp_path / "no.duckdb")],
        capture_output=True,
        text=True,
    )
    assert missing.returncode == 1
    assert "Run `make build` first" in missing.stderr
    done = subprocess.run(
        [LASTRO, "summary", "--database", str(built_sample.database)],
        capture_output=True,
        text=True,
        env=os.environ | {"COLUMNS": "200"},
    )
    assert done.returncode == 0, done.stderr
    for words in ("tb_faturas", "data_emissao:not_a_date", "paga_em_atraso", "U12M"):
        assert words in done.stdout


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
    session_workspace.build(tests=True)
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
        " sum(difference_amount) from lastro_qualidade.reconciliacao group by 1 order by 1"
    ) == [("tb_faturas", 130_000, 130_000, 0, 0), ("tb_pagamentos", 90_774, 90_774, 0, 0)]
    assert pod.query(
        "select count(distinct ref_date), min(ref_date), max(ref_date)"
        " from lastro_cartoes.book_faturas_carteira"
    ) == [(13, date(2023, 2, 1), date(2024, 2, 1))]
