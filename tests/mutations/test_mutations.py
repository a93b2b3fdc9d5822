"""Faults planted in rules, joins, windows and dialect macros, one at a time: what `make check` runs must find each."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
CARTOES = "models/cartoes/marts/book_faturas_cliente.sql"
MENSAGERIA = "models/mensageria/marts"

# name, domain, file, what stands there, what to put there
FAULTS = [
    ("window a month longer", "cartoes", CARTOES, "<= ' ~ months ~ ')'", "<= ' ~ (months + 1) ~ ')'"),
    (
        "invoice of the reference date seen",
        "cartoes",
        CARTOES,
        "faturas.data_emissao < datas.ref_date",
        "faturas.data_emissao <= datas.ref_date",
    ),
    (
        "payment of the reference date seen",
        "cartoes",
        CARTOES,
        "datas.ref_date > pagamentos.data_pagamento",
        "datas.ref_date >= pagamentos.data_pagamento",
    ),
    (
        "paid on the due date is late",
        "cartoes",
        CARTOES,
        "when data_primeiro_pagamento <= data_vencimento then 1",
        "when data_primeiro_pagamento < data_vencimento then 1",
    ),
    (
        "payments of unknown invoices are lost",
        "cartoes",
        "models/cartoes/marts/fct_pagamentos.sql",
        "left join",
        "inner join",
    ),
    (
        "negative amounts are accepted",
        "cartoes",
        "models/cartoes/base/base_cartoes__faturas.sql",
        "'valor_fatura:negative': 'valor_fatura < 0'",
        "'valor_fatura:negative': 'valor_fatura < -100'",
    ),
    (
        "the oldest row of a key wins",
        "cartoes",
        "macros/cells/repeated_rows.sql",
        "partition by {{ key }}\n            order by reference_period desc nulls last, source_file desc, line_number desc\n        ) as rank_in_key",
        "partition by {{ key }}\n            order by reference_period, source_file desc, line_number desc\n        ) as rank_in_key",
    ),
    (
        "due five years ago to the day is prescribed",
        "cobranca",
        "macros/cobranca/debts.sql",
        "60) }} < {{ recebida_em }}",
        "60) }} <= {{ recebida_em }}",
    ),
    (
        "a letter of a CNPJ is worth one more",
        "cobranca",
        "macros/cobranca/documents.sql",
        "9:;<=>?@A",
        "9:;<=>?@_A",
    ),
    (
        "lost zeros of a CNPJ are not restored",
        "cobranca",
        "macros/cobranca/documents.sql",
        "[0-9]{11,13}|",
        "[0-9]{14}|",
    ),
    (
        "repeated digits are accepted",
        "cobranca",
        "models/cobranca/base/base_cobranca__dividas.sql",
        "\"problema_documento = 'repeated_digits'\"",
        "\"problema_documento = 'repeated'\"",
    ),
    (
        "a debt that goes back to earlier values has no version",
        "cobranca",
        "models/cobranca/base/base_cobranca__dividas_repeated.sql",
        "partition by id_cliente_credor, id_divida\n            order by posicao\n",
        "partition by id_cliente_credor, id_divida, conteudo\n            order by posicao\n",
    ),
    (
        "the policy of a later day holds",
        "cobranca",
        "models/cobranca/base/base_cobranca__arquivos.sql",
        "<= lotes_de_clientes.recebida_em",
        "> lotes_de_clientes.recebida_em",
    ),
    (
        "an e-mail that comes makes no version",
        "cobranca",
        "models/cobranca/base/base_cobranca__dividas_repeated.sql",
        "'email_devedor', ",
        "",
    ),
    (
        "a change from nothing makes no version",
        "cooperativa",
        "macros/history/versions.sql",
        "content is distinct from content_before",
        "content <> content_before",
    ),
    (
        "the last day of a version counts twice",
        "cooperativa",
        "macros/history/versions.sql",
        "and {{ day }} < {{ dimension }}.valid_to",
        "and {{ day }} <= {{ dimension }}.valid_to",
    ),
    (
        "a rejected member counts as gone",
        "cooperativa",
        "macros/history/changes.sql",
        "    union all\n    select\n        file_id,\n        {{ key }},",
        "    union all\n    select\n        file_id || '?' as file_id,\n        {{ key }},",
    ),
    (
        "a gap in the months is averaged",
        "mensageria",
        f"{MENSAGERIA}/averages/account_invoice_averages.sql",
        "months_in_{{ months }} = {{ months }}",
        "months_in_{{ months }} >= 1",
    ),
    (
        "of two answers at one time either wins",
        "mensageria",
        f"{MENSAGERIA}/chatbot/chatbot_answers.sql",
        "row(answered_at, source_file, line_number)",
        "row(answered_at, source_file)",
    ),
    (
        "new prices change a closed day",
        "mensageria",
        "models/mensageria/intermediate/int_mensageria__linhas_cobranca.sql",
        "order by precos.e_do_fechamento desc,",
        "order by precos.e_do_fechamento,",
    ),
    (
        "a day that is closed later moves the tiers",
        "mensageria",
        "models/mensageria/intermediate/int_mensageria__linhas_cobranca.sql",
        "order by dia_fechado_em, event_date,",
        "order by event_date,",
    ),
    (
        "the last copy of a message is kept",
        "mensageria",
        "models/mensageria/base/base_mensageria__notifications_repeated.sql",
        "order by ingested_at, kafka_partition",
        "order by ingested_at desc, kafka_partition",
    ),
    (
        "a message counts on the last bill of its copies",
        "mensageria",
        "models/mensageria/intermediate/int_mensageria__lancamentos.sql",
        "min(coalesce(destinos.lancado_em, copias.event_date)) as lancado_em",
        "max(coalesce(destinos.lancado_em, copias.event_date)) as lancado_em",
    ),
    (
        "a closing at the first message of a file counts the file",
        "mensageria",
        "models/mensageria/intermediate/int_mensageria__partes.sql",
        "posicoes.primeiro_offset <= particoes.ate_offset",
        "posicoes.primeiro_offset < particoes.ate_offset",
    ),
    (
        "days are cut in UTC whatever the declared zone",
        "mensageria",
        "macros/mensageria/notifications.sql",
        "local_date(timestamp, var('notifications_time_zone'))",
        "local_date(timestamp, 'UTC')",
    ),
    (
        "the minute that is not over is on the panel",
        "mensageria",
        "models/mensageria/marts/notificacoes/painel_notificacoes.sql",
        "minutos.minuto < conhecido.conhecido_ate",
        "minutos.minuto <= conhecido.conhecido_ate",
    ),
    (
        "a rejected row is counted as accepted",
        "landing",
        "macros/cells/counted_rows.sql",
        "is not null then 'rejected' end",
        "is not null then 'accepted' end",
    ),
    ("halves are cut", "cartoes", "macros/dialect/divide.sql", "then -1 else 1 end", "then -1 else 0 end"),
    (
        "a birthday comes a day late",
        "cooperativa",
        "macros/dialect/dates.sql",
        "+ day({{ last }}) < month({{ first }})",
        "+ day({{ last }}) <= month({{ first }})",
    ),
    (
        "a pattern needs no whole match",
        "landing",
        "macros/dialect/values.sql",
        "regexp_full_match({{",
        "regexp_matches({{",
    ),
    (
        "a line of nothing but tabs is counted",
        "landing",
        "scripts/lastro/landing/count.py",
        'if len(row) > 1 and delimiter != "\\t":',
        "if len(row) > 1:",
    ),
]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project's files as they are here."""
    folder = tmp_path_factory.mktemp("mutations") / "main"
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    for name in listed.stdout.split("\0")[:-1]:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(PROJECT / name, folder / name)
    return folder


def finds_a_fault(folder: Path, domain: str) -> bool:
    """Whether what `make check` runs fails in the folder: the domain's fast and quick tests first, then the rest."""
    env = {**os.environ, "PYTHONPATH": str(folder / "scripts"), "LASTRO_EXAMPLES": "20"}
    python = [sys.executable, "-m"]
    tests = [*python, "pytest", "-x", "--numprocesses", "auto", "--dist", "worksteal", "-m"]
    for command in (
        [*tests, f"(fast or quick) and {domain}"],
        [*python, "dbt.cli.main", "build", "--quiet"],
        [*tests, f"(fast or quick) and not {domain}"],
    ):
        done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True)
        if done.returncode:
            print(done.stdout[-3000:], done.stderr[-3000:])
            return True
    return False


def test_the_copy_has_no_fault(copy: Path) -> None:
    assert not finds_a_fault(copy, "cartoes")


@pytest.mark.parametrize(
    ("domain", "path", "right", "wrong"),
    [fault[1:] for fault in FAULTS],
    ids=[f"{fault[1]}: {fault[0]}" for fault in FAULTS],
)
def test_a_fault_is_found(copy: Path, domain: str, path: str, right: str, wrong: str) -> None:
    text = (PROJECT / path).read_text(encoding="utf-8")
    assert right in text, "the code has changed: plant the fault elsewhere"
    (copy / path).write_text(text.replace(right, wrong), encoding="utf-8")
    try:
        assert finds_a_fault(copy, domain)
    finally:
        shutil.copy(PROJECT / path, copy / path)
        shutil.rmtree(copy / "target", ignore_errors=True)
