"""Each rule and warning by name, and its edges, on files."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from cobranca.debts import CPF, debt, write_batch
from conftest import Tables, Workspace

ROWS = [
    (debt(id_cliente_credor=""), "id_cliente_credor:missing", None),
    (debt(id_cliente_credor="c2"), "id_cliente_credor:other_client", None),
    (debt(id_cliente_credor="C1"), "id_cliente_credor:other_client", None),
    (debt(id_cliente_credor=" c1 "), None, None),
    (debt(id_divida="  "), "id_divida:missing", None),
    (debt(nome_devedor=""), "nome_devedor:missing", None),
    (debt(nome_devedor="N" * 300), None, None),
    (debt(documento_devedor=""), "documento_devedor:missing", None),
    (debt(documento_devedor="  "), "documento_devedor:missing", None),
    (debt(documento_devedor="..-"), "documento_devedor:not_a_document", None),
    (debt(documento_devedor="1234567"), "documento_devedor:not_a_document", None),
    (debt(documento_devedor="11111111111"), "documento_devedor:repeated_digits", None),
    (debt(documento_devedor="00000000"), "documento_devedor:repeated_digits", None),
    (debt(documento_devedor="00000000000000"), "documento_devedor:repeated_digits", None),
    (debt(documento_devedor="52998224726"), "documento_devedor:wrong_check_digit", None),
    (debt(documento_devedor="529.982.247-25"), None, None),
    (debt(documento_devedor="12.abc.345/01DE-35"), None, None),
    (debt(documento_devedor="123456797"), None, "documento_completado"),
    (debt(documento_devedor="360305000104"), None, "documento_completado"),
    (debt(documento_devedor="38166000105"), "documento_devedor:wrong_check_digit", None),
    (debt(email_devedor="a@b.com.br"), None, None),
    (debt(email_devedor="a@b"), None, "email_invalido"),
    (debt(email_devedor="a b@c.com"), None, "email_invalido"),
    (debt(email_devedor="a@b@c.com"), None, "email_invalido"),
    (debt(email_devedor="x", documento_devedor="123456797"), None, "documento_completado,email_invalido"),
    (debt(valor_divida=""), "valor_divida:missing", None),
    (debt(valor_divida="0.00"), "valor_divida:not_positive", None),
    (debt(valor_divida="-0.01"), "valor_divida:not_positive", None),
    (debt(valor_divida="0,01"), None, None),
    (debt(valor_divida="dez"), "valor_divida:not_a_number", None),
    (debt(data_vencimento="2024-02-30"), "data_vencimento:not_a_date", None),
    (debt(data_vencimento="29/02/2024"), None, None),
    (debt(data_vencimento="2024-02-29"), None, None),
    (debt(data_vencimento="2024-03-01"), "data_vencimento:after_reception", None),
    (
        debt(data_vencimento="2100-01-01"),
        "data_vencimento:out_of_range,data_vencimento:after_reception",
        None,
    ),
    (debt(linha_original="x"), "linha_original:not_a_whole_number", None),
    (debt(problema_linha="row:not_json", id_divida="", valor_divida="x"), "row:not_json", None),
    (debt(problema_linha="row:not_json, or not"), None, None),
    (debt(problema_linha="'; drop table x"), None, None),
    (
        debt(id_cliente_credor="c2", documento_devedor="1", valor_divida="0", data_vencimento=""),
        "data_vencimento:missing,id_cliente_credor:other_client,documento_devedor:not_a_document,"
        "valor_divida:not_positive",
        None,
    ),
]


def test_every_reason_and_warning_by_name(workspace: Workspace, quick: Callable[..., Tables]) -> None:
    write_batch(workspace, "c1-20240229-0001", [row for row, _, _ in ROWS])
    found = quick("base_cobranca__dividas").query(
        "select reasons, case when reasons is null then warnings end"
        " from lastro_cobranca.base_cobranca__dividas order by line_number"
    )
    assert len(found) == len(ROWS)
    assert [(row, *what) for (row, _, _), what in zip(ROWS, found, strict=True)] == ROWS


def test_documents_are_stored_plainly(workspace: Workspace, quick: Callable[..., Tables]) -> None:
    texts = {
        "529.982.247-25": ("52998224725", "cpf"),
        " 5299822472 5": ("52998224725", "cpf"),
        "1234567-97": ("00123456797", "cpf"),
        "12.abc.345/01de-35": ("12ABC34501DE35", "cnpj"),
        "38166000105": (None, None),
        "52998224726": (None, None),
    }
    write_batch(workspace, "c1-20240229-0001", [debt(documento_devedor=text) for text in texts])
    found = quick("base_cobranca__dividas").query(
        "select documento_devedor, tipo_documento from lastro_cobranca.base_cobranca__dividas"
        " order by line_number"
    )
    assert found == list(texts.values())


@pytest.mark.parametrize(
    ("due", "received", "situation"),
    [
        ("2019-07-01", "20240701", "registrada"),
        ("2019-06-30", "20240701", "prescrita"),
        ("2020-02-29", "20250228", "registrada"),
        ("2020-02-29", "20250301", "prescrita"),
        ("2019-02-28", "20240228", "registrada"),
        ("2019-02-28", "20240229", "prescrita"),
        ("2019-03-01", "20240229", "registrada"),
        ("1900-01-01", "20240229", "prescrita"),
    ],
)
def test_five_years_to_the_day(
    workspace: Workspace, quick: Callable[..., Tables], due: str, received: str, situation: str
) -> None:
    write_batch(workspace, f"c1-{received}-0001", [debt(data_vencimento=due)])
    built = quick("fct_dividas")
    assert built.query("select situacao from lastro_cobranca.fct_dividas") == [(situation,)]


def test_a_line_that_could_not_be_split(workspace: Workspace, quick: Callable[..., Tables]) -> None:
    """It has its problem, its line in the client's file and its text; its cells say nothing."""
    row = ["c1", *[""] * 6, "812", "row:not_json", '{"a": "b\n']
    write_batch(workspace, "c1-20240229-0001", [row, debt(linha_original="813", id_divida="")])
    built = quick("quarentena", "dividas_rejeitadas", "reconciliacao")
    assert built.query(
        "select line_number, raw_row, reasons from lastro_qualidade.quarentena order by 1"
    ) == [
        (2, '{"a": "b\n', "row:not_json"),
        (4, f"c1,,Ana,{CPF},,10.00,2023-12-05,813,,", "id_divida:missing"),
    ]
    rejected = built.query(
        "select linha_original, motivos, texto_original, nome_devedor from lastro_cobranca.dividas_rejeitadas"
        " order by 1"
    )
    assert rejected == [(812, "row:not_json", '{"a": "b\n', ""), (813, "id_divida:missing", "", "Ana")]


def test_a_clients_own_standard_file(workspace: Workspace, quick: Callable[..., Tables]) -> None:
    """Without the gate's columns, the line of the file is the original one."""
    from quick import raw_file

    raw_file(
        workspace,
        "cobranca/dividas/c1-20240229-0001.csv",
        "data_vencimento;valor_divida;documento_devedor;nome_devedor;id_divida;id_cliente_credor\n"
        f"05/01/2024;1.234,56;{CPF};Ana;d1;c1\n05/01/2024;x;{CPF};Ana;d2;c1\n",
    )
    built = quick("fct_dividas", "dividas_rejeitadas")
    assert built.query("select id_divida, linha_original from lastro_cobranca.fct_dividas") == [("d1", 2)]
    assert built.query(
        "select linha_original, valor_divida, data_vencimento, email_devedor"
        " from lastro_cobranca.dividas_rejeitadas"
    ) == [(3, "x", "05/01/2024", None)]
