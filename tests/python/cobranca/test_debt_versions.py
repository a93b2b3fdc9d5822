"""Versions of debts are what their definition says, whatever the rows, files and order of arrival."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal

from cobranca.debts import debt, write_batch
from conftest import Tables, Workspace, few, many
from hypothesis import given
from hypothesis import strategies as st

DAYS = ["20240105", "20240106", "20250105"]
CPFS = ["52998224725", "11144477735"]
TABLES = ["historico_dividas", "fct_dividas", "dividas_rejeitadas", "resultado_lotes"]


@st.composite
def batches(draw: st.DrawFn) -> dict[str, list[list[str]]]:
    """Draw files of two clients in which debts repeat, change, go back and are spoilt."""
    files = {}
    row = st.builds(
        debt,
        id_divida=st.sampled_from(["d1", "d2", "d3"]),
        documento_devedor=st.sampled_from([*CPFS, CPFS[0], "111.444.777-35", "1"]),
        email_devedor=st.sampled_from(["", "", "a@b.com"]),
        valor_divida=st.sampled_from(["10.00", "10,00", "20.00", "0"]),
        data_vencimento=st.sampled_from(["2019-01-05", "2019-01-05", "2019-01-06"]),
    )
    for client in ("c1", "c2"):
        for day in DAYS:
            for number in range(1, draw(st.integers(1, 3))):
                rows = draw(st.lists(row, min_size=1, max_size=6))
                files[f"{client}-{day}-{number:04}"] = [[client, *cells[1:]] for cells in rows]
    return files or {"c1-20240105-0001": [debt()]}


def by_definition(files: dict[str, list[list[str]]]) -> tuple[dict, dict]:
    """Return the versions of each debt and the results of each batch, row by row in the order of the day."""
    valid: dict[tuple, list] = defaultdict(list)
    results: dict[str, dict[str, list[Decimal]]] = {name: defaultdict(list) for name in files}
    for name in sorted(files, key=lambda name: (name.split("-")[1], name)):
        for line, cells in enumerate(files[name], 2):
            client, key, who, document, email, amount, due, *_ = cells
            document = document.replace(".", "").replace("-", "")
            value = Decimal(amount.replace(",", "."))
            if document not in CPFS or value <= 0:
                results[name]["rejeitadas"].append(value)
                continue
            content = (who, document, email or None, value, due)
            seen = valid[client, key]
            if seen and seen[-1][0] == content:
                results[name]["duplicadas"].append(value)
            else:
                seen.append((content, name, line))
    versions = {}
    for (client, key), seen in valid.items():
        for number, (content, name, line) in enumerate(seen, 1):
            day = name.split("-")[1]
            due = content[4]
            # None of the due dates is a 29 February, so five years later is the same day.
            situation = "prescrita" if f"{int(due[:4]) + 5}{due[5:7]}{due[8:]}" < day else "registrada"
            last = number == len(seen)
            until = "99991231" if last else seen[number][1].split("-")[1]
            versions[client, key, number] = (name, line, content[1:4], situation, day, until)
            results[name][situation + "s" if last else "substituidas"].append(content[3])
    return versions, results


def assert_as_defined(built: Tables, files: dict[str, list[list[str]]]) -> None:
    versions, results = by_definition(files)
    found = built.query(
        "select id_cliente_credor, id_divida, versao, id_lote, line_number, documento_devedor, email_devedor,"
        " valor_divida, situacao, strftime(valid_from, '%Y%m%d'), strftime(valid_to, '%Y%m%d'), is_current"
        " from lastro_cobranca.historico_dividas"
    )
    assert {row[:3]: (*row[3:5], tuple(row[5:8]), *row[8:11]) for row in found} == versions
    assert len(found) == len(versions)
    assert all(row[11] == (row[10] == "99991231") for row in found)
    kinds = ["registradas", "prescritas", "substituidas", "duplicadas", "rejeitadas"]
    counted = built.query(
        f"select id_lote, linhas_recebidas, {', '.join(f'linhas_{kind}' for kind in kinds)},"
        f" {', '.join(f'valor_{kind[:-2]}o' for kind in kinds)}, diferenca_linhas, diferenca_valor"
        " from lastro_cobranca.resultado_lotes"
    )
    assert {row[0]: row[1:] for row in counted} == {
        name: (
            len(files[name]),
            *(len(result[kind]) for kind in kinds),
            *(sum(result[kind], Decimal(0)) for kind in kinds),
            0,
            0,
        )
        for name, result in results.items()
    }


@many
@given(files=batches())
def test_versions_equal_their_definition(
    workspace: Workspace, quick: Callable[..., Tables], files: dict[str, list[list[str]]]
) -> None:
    workspace.clear()
    for name, rows in files.items():
        write_batch(workspace, name, rows)
    assert_as_defined(quick(*TABLES), files)


@few
@given(files=batches(), seed=st.integers(0, 2**16))
def test_versions_do_not_depend_on_the_order_in_which_batches_come(
    workspace: Workspace, files: dict[str, list[list[str]]], seed: int
) -> None:
    workspace.clear()
    order = list(files.items())
    random.Random(seed).shuffle(order)
    tables = [f"lastro_cobranca.{name}" for name in TABLES]
    while order:
        for name, rows in order[:3]:
            write_batch(workspace, name, rows)
        order = order[3:]
        workspace.build("--select", "+tag:cobranca")
    assert_as_defined(workspace, files)
    several = workspace.snapshot(tables)
    workspace.build("--select", "+tag:cobranca", "--full-refresh")
    assert workspace.snapshot(tables) == several


def test_a_late_batch_splits_a_debt_that_did_not_change(workspace: Workspace) -> None:
    """A, then A on a later day is a duplicate; B of a day between them, which comes last, makes it a version."""
    one, other = debt(valor_divida="10.00"), debt(valor_divida="20.00")
    for name, row in {
        "c1-20240101-0001": one,
        "c1-20240103-0001": one,
        "c1-20240102-0001": other,
    }.items():
        write_batch(workspace, name, [row])
        workspace.build("--select", "+tag:cobranca")
    assert workspace.query(
        "select id_lote, versao, is_current from lastro_cobranca.historico_dividas order by versao"
    ) == [("c1-20240101-0001", 1, False), ("c1-20240102-0001", 2, False), ("c1-20240103-0001", 3, True)]
    assert workspace.query(
        "select id_lote, linhas_registradas, linhas_substituidas, linhas_duplicadas, diferenca_linhas"
        " from lastro_cobranca.resultado_lotes order by 1"
    ) == [
        ("c1-20240101-0001", 0, 1, 0, 0),
        ("c1-20240102-0001", 0, 1, 0, 0),
        ("c1-20240103-0001", 1, 0, 0, 0),
    ]
    # The batch between them is withdrawn.
    (workspace.raw / "cobranca/dividas/c1-20240102-0001.csv").unlink()
    workspace.build("--select", "+tag:cobranca", "--vars", "{allow_removed: true}")
    assert workspace.query("select id_lote, versao from lastro_cobranca.historico_dividas") == [
        ("c1-20240101-0001", 1)
    ]


def test_a_policy_judges_again_only_its_batches(workspace: Workspace) -> None:
    """A changed policy concerns the batches of its client from its day on."""
    old = {"data_vencimento": "2018-01-01"}
    for name in ("c1-20240101-0001", "c1-20240601-0001", "c2-20240601-0001"):
        write_batch(workspace, name, [debt(id_cliente_credor=name[:2], id_divida=name[3:11], **old)])
    workspace.build("--select", "+tag:cobranca")
    situations = (
        "select id_cliente_credor, id_divida, situacao from lastro_cobranca.fct_dividas order by 1, 2"
    )
    assert len(workspace.query(situations)) == 3
    manifest = workspace.dbt("parse").result
    files = manifest.nodes["model.lastro.base_cobranca__arquivos"]
    plain = files.raw_code
    files.raw_code = plain.replace(
        "select * from {{ ref('politicas_credores') }}",
        "select 'c1' as id_cliente_credor, '2024-06-01' as valida_desde, 'recusar' as prescritas",
    )
    assert files.raw_code != plain
    select = ("--select", "tag:cobranca", "--exclude-resource-type", "test", "unit_test", "seed")
    build = workspace.dbt("build", *select, manifest=manifest)
    assert build.success, build.output
    messages = {result.node.name: result.message for result in build.result.results}
    assert messages["base_cobranca__dividas"] == "OK 1 computed, 0 removed"
    assert workspace.query(situations) == [("c1", "20240101", "prescrita"), ("c2", "20240601", "prescrita")]
    assert workspace.query("select id_lote, motivos from lastro_cobranca.dividas_rejeitadas") == [
        ("c1-20240601-0001", "data_vencimento:prescribed")
    ]
    assert workspace.query("select max(abs(diferenca_linhas)) from lastro_cobranca.resultado_lotes") == [(0,)]
