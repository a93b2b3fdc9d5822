"""The account averages equal the published example and a definition in Python, also as exported."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable
from datetime import date
from decimal import ROUND_DOWN, Decimal
from pathlib import Path

import pytest
from conftest import SHARED, Tables, Workspace, few, many
from hypothesis import given
from hypothesis import strategies as st

LASTRO = str(Path(sys.executable).with_name("lastro"))
AVERAGES = "lastro_mensageria.account_invoice_averages"
Invoice = tuple[str, str, date, Decimal]


def write_invoices(workspace: Workspace, files: dict[str, list[Invoice]]) -> None:
    """Write invoice files by name."""
    folder = workspace.raw / "mensageria" / "invoices"
    folder.mkdir(parents=True, exist_ok=True)
    for name, invoices in files.items():
        lines = [",".join(map(str, invoice)) for invoice in invoices]
        (folder / f"{name}.csv").write_text("\n".join(["customer,account,month,invoice", *lines]) + "\n")


def select(*args: str) -> list[str]:
    return ["--select", "+account_invoice_averages", *args]


def first_of_month(number: int) -> date:
    return date(number // 12, number % 12 + 1, 1)


def definition(invoices: list[Invoice]) -> dict[tuple[str, str, date], list[Decimal | None]]:
    """Return the averages from a second, independent definition.

    Identical rows are one invoice. Invoices are added up by month. For every month after an account's first one, up
    to the month after the last of all, the average is the mean of the previous N totals, if all N exist.
    """
    totals: dict[tuple[str, str], dict[int, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for customer, account, day, invoice in set(invoices):
        totals[customer, account][day.year * 12 + day.month - 1] += invoice
    last = max(month for months in totals.values() for month in months) + 1
    return {
        (*key, first_of_month(reference)): [
            (sum(known) / n).quantize(Decimal("0.01"), ROUND_DOWN)
            if len(known := [months[m] for m in range(reference - n, reference) if m in months]) == n
            else None
            for n in (3, 6)
        ]
        for key, months in totals.items()
        for reference in range(min(months) + 1, last + 1)
    }


def averages(built: Tables) -> dict[tuple[str, str, date], list[Decimal | None]]:
    rows = built.query(
        "select customer, account, reference_month, avg_invoices_last_3_months, avg_invoices_last_6_months"
        f" from {AVERAGES}"
    )
    found = {row[:3]: list(row[3:]) for row in rows}
    assert len(found) == len(rows)
    return found


@pytest.mark.parametrize("variant", ["original", "variante_stit"])
def test_the_published_example(workspace: Workspace, variant: str) -> None:
    if not SHARED.exists():
        pytest.skip("the external data is not on this machine")
    folder = workspace.raw / "mensageria" / "invoices"
    folder.mkdir(parents=True)
    shutil.copy(SHARED / "mensageria" / variant / "invoices.csv", folder)
    workspace.build(*select())
    january = {key[:2]: value for key, value in averages(workspace).items() if key[2] == date(2020, 1, 1)}
    assert january == {
        ("C1000", "A1100"): [Decimal("56333.33"), Decimal("41416.66")],
        ("C1000", "A1200"): [Decimal("50666.66"), None],
        ("C1000", "A1300"): [None, None],
        ("C2000", "A2100"): [Decimal("55400.00"), None],
    }


INVOICES = st.lists(
    st.tuples(
        st.sampled_from(["c1", "c2"]),
        st.sampled_from(["a1", "a2", "ação 3"]),
        st.integers(2022 * 12, 2022 * 12 + 9).flatmap(
            lambda month: st.sampled_from([first_of_month(month), first_of_month(month).replace(day=28)])
        ),
        st.decimals(-100, 1000, places=2),
    ),
    min_size=1,
    max_size=60,
)


def in_files(invoices: list[Invoice], seed: int) -> dict[str, list[Invoice]]:
    """Spread the invoices over three files; two of them appear twice."""
    files: dict[str, list[Invoice]] = {f"part {number}": [] for number in range(3)}
    for invoice in invoices + invoices[:2]:
        files[random.Random(f"{seed}{invoice}").choice(list(files))].append(invoice)
    return files


@many
@given(invoices=INVOICES, seed=st.integers(0, 100))
def test_averages_equal_their_definition(
    workspace: Workspace, quick: Callable[..., Tables], invoices: list[Invoice], seed: int
) -> None:
    workspace.clear()
    write_invoices(workspace, in_files(invoices, seed))
    assert averages(quick("account_invoice_averages")) == definition(invoices)


@few
@given(invoices=INVOICES, seed=st.integers(0, 100))
def test_averages_do_not_depend_on_the_order_of_files_and_builds(
    workspace: Workspace, invoices: list[Invoice], seed: int
) -> None:
    workspace.clear()
    files = in_files(invoices, seed)
    names = random.Random(seed).sample(list(files), 3)
    write_invoices(workspace, {name: files[name] for name in names[:2]})
    workspace.build(*select())
    write_invoices(workspace, {names[2]: files[names[2]]})
    workspace.build(*select())
    assert averages(workspace) == definition(invoices)


def test_dispositions_of_invoices(workspace: Workspace) -> None:
    """Two amounts in a month are two invoices, a repeated row is a duplicate, and an unreadable row is quarantined."""
    folder = workspace.raw / "mensageria" / "invoices"
    folder.mkdir(parents=True)
    (folder / "2020 história.csv").write_text(
        "month;invoice;customer;account\n01/01/2020;1.000,50;C1;A1\n2020-01-31;-0,50;C1;A1\n",
        encoding="utf-8",
    )
    (folder / "again.csv").write_text(
        "customer,account,month,invoice\nC1,A1,2020-01-01,1000.50\nC1,,2020-13,dez\n", encoding="utf-8"
    )
    workspace.build_domain("mensageria")
    assert workspace.query(
        "select source_file, accepted_rows, duplicate_rows, rejected_rows, raw_amount, accepted_amount,"
        " duplicate_amount, difference_amount from lastro_mensageria.int_mensageria__reconciliacao order by 1"
    ) == [
        (
            "mensageria/invoices/2020 história.csv",
            1,
            1,
            0,
            Decimal("1000.00"),
            Decimal("-0.50"),
            Decimal("1000.50"),
            0,
        ),
        ("mensageria/invoices/again.csv", 1, 0, 1, Decimal("1000.50"), Decimal("1000.50"), 0, 0),
    ]
    assert workspace.query(
        "select line_number, raw_row, reasons from lastro_mensageria.int_mensageria__quarentena"
    ) == [(3, "C1,,2020-13,dez", "account:missing,month:not_a_date,invoice:not_a_number")]
    assert workspace.query("select sum(invoice) from lastro_mensageria.stg_mensageria__invoices") == [
        (Decimal("1000.00"),)
    ]


def test_a_star_in_a_name_is_a_letter(workspace: Workspace) -> None:
    names = ["a*.csv", "a[bc].csv", "a?.csv", "ab.csv", "a]b[.csv"]
    folder = workspace.raw / "mensageria" / "invoices"
    folder.mkdir(parents=True)
    for number, name in enumerate(names):
        (folder / name).write_text(f"customer,account,month,invoice\nC,A{number},2020-01-01,{number}.00\n")
    for _ in range(2):
        workspace.build(*select("+int_mensageria__reconciliacao", "--exclude", "tag:audit"), tests=True)
        found = workspace.query(
            "select source_file, raw_amount from lastro_mensageria.int_mensageria__reconciliacao"
        )
        assert {path.rsplit("/", 1)[1]: int(amount) for path, amount in found} == {
            name: number for number, name in enumerate(names)
        }
        assert len(found) == len(names)


def test_only_the_reference_months_asked_for(workspace: Workspace) -> None:
    write_invoices(workspace, {"all": [("c", "a", date(2022, 1, 1), Decimal(1))]})
    workspace.build(*select("--vars", "{ref_dates: [2022-03-01]}"))
    assert [key[2] for key in averages(workspace)] == [date(2022, 3, 1)]


def export(workspace: Workspace, to: Path, *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [LASTRO, "export", "averages", "--to", str(to), *args],
        env=os.environ | {"LASTRO_DB": str(workspace.database)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def kept_averages(session_workspace: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Path:
    session_workspace.clear()
    amounts = [500, 1000, 78000, 34000, 55000, 80000]
    months = [date(2019, month, 1) for month in range(7, 13)]
    write_invoices(
        session_workspace,
        {
            "invoices": [("C1000", "A1100", *row) for row in zip(months, map(Decimal, amounts), strict=True)]
            + [("C2000", "A;1", date(2019, 12, 1), Decimal("-0.5"))]
        },
    )
    session_workspace.build(*select())
    return session_workspace.keep(tmp_path_factory.mktemp("averages"))


@pytest.fixture
def exported(session_workspace: Workspace, kept_averages: Path) -> Workspace:
    session_workspace.restore(kept_averages)
    return session_workspace


def test_export_averages_writes_the_table_of_the_business(exported: Workspace, tmp_path: Path) -> None:
    done = export(exported, tmp_path, "--reference-month", "2020-01")
    path = tmp_path / "account_invoice_averages_2020-01.csv"
    assert done.stdout == f"2 rows in {path}\n"
    header = "customer,account,reference_month,avg_invoices_last_3_months,avg_invoices_last_6_months\n"
    assert path.read_text() == header + "C1000,A1100,2020-01-01,56333.33,41416.66\nC2000,A;1,2020-01-01,,\n"
    export(exported, tmp_path, "--reference-month", "2020-01", "--locale", "pt_BR")
    brazilian = path.with_stem(f"{path.stem}_pt_BR")
    assert brazilian.read_text() == header.replace(",", ";") + (
        'C1000;A1100;2020-01-01;56.333,33;41.416,66\nC2000;"A;1";2020-01-01;null;null\n'
    )
    assert {each.name for each in tmp_path.iterdir()} == {path.name, brazilian.name}


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (["--reference-month", "2021-01"], 1, "it has 2019-08 to 2020-01"),
        (["--reference-month", "2020-13"], 2, "--reference-month"),
        (["--reference-month", "2020-01", "--locale", "fr"], 2, "'fr' is not one of 'en', 'pt_BR'"),
    ],
)
def test_export_averages_says_what_is_wrong(
    exported: Workspace, tmp_path: Path, args: list[str], code: int, words: str
) -> None:
    done = export(exported, tmp_path, *args)
    assert (done.returncode, words in " ".join(done.stderr.split())) == (code, True), done.stderr
    assert list(tmp_path.iterdir()) == []
