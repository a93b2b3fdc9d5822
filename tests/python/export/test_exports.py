"""Exports: what is read back is what was there, and a file is whole or absent."""

from __future__ import annotations

import ast
import csv
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest
from conftest import PROJECT, Workspace, many
from hypothesis import given
from hypothesis import strategies as st
from lastro.export.files import LOCALES, Format, Style, write
from lastro.export.marts import mart_names, read_mart
from lastro.reasons import read_reasons

LASTRO = str(Path(sys.executable).with_name("lastro"))

# What a workbook cannot hold as it is: Excel escapes control characters its own way.
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12) | st.sampled_from(
    ["null", "", " ", '"', "=1+1", "a;b", "a,b", "line\nline", "r\r", "1.234,56", "#x", "-0"]
)
rows = st.lists(
    st.tuples(
        st.integers(-(2**63), 2**63 - 1),
        st.none() | texts,
        st.none() | st.decimals(-(10**15), 10**15, places=2) | st.decimals(-1000, 1000, places=2),
        st.none() | st.dates(date(1900, 1, 1), date(2099, 12, 31)),
        st.none() | st.datetimes(datetime(1900, 1, 1), datetime(2099, 12, 31)),
        st.none() | st.booleans(),
        st.none() | st.dictionaries(texts, texts, max_size=2),
    ),
    max_size=6,
)
NAMES = ["id", "text", "amount", "day", "moment", "flag", 'the "map"']


def connection(table: list[tuple]) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute(
        "create table t (id bigint, text varchar, amount decimal(18, 2), day date, moment timestamp,"
        ' flag boolean, "the ""map""" map(varchar, varchar))'
    )
    for row in table:
        entries = row[6] if row[6] is None else {"key": list(row[6]), "value": list(row[6].values())}
        con.execute("insert into t values ($1, $2, $3, $4, $5, $6, $7)", [*row[:6], entries])
    return con


def read_amount(text: str, locale: str) -> Decimal:
    if locale == "pt_BR":
        assert re.fullmatch(r"-?\d{1,3}([.]\d{3})*,\d\d", text)
        text = text.replace(".", "").replace(",", ".")
    return Decimal(text)


def read_csv(path: Path, style: Style) -> list[tuple]:
    """Read a CSV by Python's module, telling a missing cell from an empty text by its quotes."""
    data = path.read_bytes()
    assert data.startswith(b"\xef\xbb\xbf") == style.bom
    text = data.decode("utf-8-sig")
    locale = LOCALES[style.locale]
    delimiter = style.delimiter or locale.delimiter
    cells, row, cell, is_quoted, i = [], [], "", False, 0
    while i < len(text):
        if text[i] == '"':
            is_quoted = True
            end = i + 1
            while text[end] != '"' or text[end + 1 : end + 2] == '"':
                end += 2 if text[end] == '"' else 1
            cell, i = text[i + 1 : end].replace('""', '"'), end + 1
        elif text[i] in (delimiter, "\n"):
            row.append(None if cell == locale.null and not is_quoted else cell)
            if text[i] == "\n":
                cells.append(row)
                row = []
            cell, is_quoted, i = "", False, i + 1
        else:
            cell, i = cell + text[i], i + 1
    header, *body = cells
    assert header == NAMES
    return [
        tuple(
            None if cell is None else read(cell)
            for cell, read in zip(
                row,
                (
                    int,
                    str,
                    lambda cell: read_amount(cell, style.locale),
                    date.fromisoformat,
                    datetime.fromisoformat,
                    lambda cell: {"true": True, "false": False}[cell],
                    json.loads,
                ),
                strict=True,
            )
        )
        for row in body
    ]


styles = st.builds(
    Style,
    layout=st.just(Format.csv),
    locale=st.sampled_from(sorted(LOCALES)),
    delimiter=st.sampled_from([None, ",", ";", "|", "\t"]),
    bom=st.booleans(),
)


@many
@given(table=rows, style=styles)
def test_a_csv_reads_back_as_it_was(tmp_path: Path, table: list[tuple], style: Style) -> None:
    path = style.path(tmp_path, "t")
    assert write(connection(table), "select * from t", path, style) == len(table)
    assert read_csv(path, style) == table
    assert [each.name for each in tmp_path.iterdir()] == [path.name]
    path.unlink()


@many
@given(table=rows)
def test_parquet_reads_back_as_it_was(tmp_path: Path, table: list[tuple]) -> None:
    path = tmp_path / "t.parquet"
    write(connection(table), "select * from t", path, Style(Format.parquet))
    assert duckdb.sql(f"from '{path}'").fetchall() == table


@many
@given(table=rows)
def test_a_workbook_reads_back_as_it_was(tmp_path: Path, table: list[tuple]) -> None:
    path = tmp_path / "t.xlsx"
    write(connection(table), "select * from t", path, Style(Format.xlsx))
    header, *body = openpyxl.load_workbook(path).active.iter_rows()
    assert [cell.value for cell in header] == NAMES
    for found, row in zip(body, table, strict=True):
        number, text, amount, day, moment, flag, entries = (cell.value for cell in found)
        assert number == (row[0] if abs(row[0]) < 10**15 else str(row[0])) and flag is row[5]
        # A sheet has no empty text, and writes control characters as _x0001_.
        assert openpyxl.utils.escape.unescape(text or "").replace("\r\n", "\n") == (row[1] or "").replace(
            "\r\n", "\n"
        )
        if row[2] is None or abs(row[2]) >= 10**13:
            assert amount == (row[2] if row[2] is None else f"{row[2]:.2f}")
        else:
            assert Decimal(repr(amount)) == row[2]
        assert (day.date() if day else day) == row[3]
        assert (datetime.fromisoformat(moment) if moment else moment) == row[4]
        assert (json.loads(openpyxl.utils.escape.unescape(entries)) if entries else entries) == row[6]


def export(workspace: Workspace, to: Path, *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [LASTRO, "export", *args, "--to", str(to)],
        env=os.environ | {"LASTRO_DB": str(workspace.database)},
        capture_output=True,
        text=True,
    )


def test_every_mart_is_exported_whole(built_sample: Workspace, tmp_path: Path) -> None:
    from lastro.export.tables import export_table

    for name in mart_names():
        mart = read_mart(name)
        relation = f"{mart.schema}.{name}"
        path, rows = export_table(built_sample.database, mart, {}, Style(), tmp_path)
        assert built_sample.query(f"select count(*) from {relation}") == [(rows,)]
        with path.open(encoding="utf-8", newline="") as file:
            assert sum(1 for _ in csv.reader(file)) == rows + 1
        report = json.loads(path.with_name(f"{path.name}.json").read_text())
        assert report["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
        if mart.amount:
            ((total,),) = built_sample.query(f"select sum({mart.amount}) from {relation}")
            assert Decimal(report[mart.amount]) == total


def test_some_rows_of_a_mart(built_sample: Workspace, tmp_path: Path) -> None:
    done = export(
        built_sample, tmp_path, "fct_faturas", "--where", "situacao=vencida", "--where", "id_cliente=0000007"
    )
    assert done.returncode == 0, done.stderr
    assert "For: Cobrança e crédito." in done.stdout
    expected = built_sample.query(
        "select id_fatura from lastro_cartoes.fct_faturas where situacao = 'vencida' and id_cliente = '0000007'"
        " order by 1"
    )
    with (tmp_path / "fct_faturas_situacao=vencida_id_cliente=0000007.csv").open(encoding="utf-8") as file:
        assert [(row["id_fatura"],) for row in csv.DictReader(file)] == expected
    assert expected


def test_conditions_on_other_columns_do_not_overwrite_each_other(
    built_sample: Workspace, tmp_path: Path
) -> None:
    for condition in ("dias_atraso=0", "total_pagamentos=0"):
        assert export(built_sample, tmp_path, "fct_faturas", "--where", condition).returncode == 0
    assert {path.name for path in tmp_path.glob("*.csv")} == {
        "fct_faturas_dias_atraso=0.csv",
        "fct_faturas_total_pagamentos=0.csv",
    }


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (
            ["fct_faturas", "--where", "cliente=7"],
            1,
            "fct_faturas has no column 'cliente'. It has id_fatura,",
        ),
        (["fct_faturas", "--where", "data_emissao=ontem"], 1, "'ontem' is not a DATE"),
        (["fct_faturas", "--where", "id_fatura=x"], 1, "fct_faturas has no row with id_fatura=x."),
        (["fct_faturas", "--where", "id_fatura"], 2, "'id_fatura' is not COLUMN=VALUE"),
        (["fct_faturas", "--delimiter", ";;"], 2, "';;' is not one character"),
        (["fct_nothing"], 2, "No such command 'fct_nothing'"),
        (["quarentena", "--file", "x.csv"], 1, "the build has no rejected rows of 'x.csv'"),
        (
            ["book", "--ref-date", "2020-01-01"],
            1,
            "no reference date 2020-01-01: it has 2023-02-01 to 2024-03-01",
        ),
    ],
)
def test_what_cannot_be_exported_is_said(
    built_sample: Workspace, tmp_path: Path, args: list[str], code: int, words: str
) -> None:
    done = export(built_sample, tmp_path / "out", *args)
    assert done.returncode == code
    assert words in " ".join(re.sub("[│╭╰─╮╯]", " ", done.stderr).split()), done.stderr
    assert not (tmp_path / "out").exists()


def test_a_sender_is_told_what_was_rejected_and_what_to_do(built_sample: Workspace, tmp_path: Path) -> None:
    done = export(built_sample, tmp_path, "quarentena", "--locale", "pt_BR")
    assert done.returncode == 0, done.stderr
    path = tmp_path / "quarentena/cartoes/tb_faturas/tb_faturas_202302_pt_BR.csv"
    with path.open(encoding="utf-8", newline="") as file:
        told = list(csv.DictReader(file, delimiter=";"))
    words = read_reasons("pt_BR")
    raw = (PROJECT / "data/raw/cartoes/tb_faturas/tb_faturas_202302.csv").read_text().splitlines()
    assert len({row["line_number"] for row in told}) == 18 and len(told) == 21
    for row in told:
        assert raw[int(row["line_number"]) - 1].startswith(row["raw_row"].splitlines()[0])
        assert (row["meaning"], row["remedy"]) == words[row["reason"]]
    (x2,) = [row for row in told if row["raw_row"].startswith("X-2,")]
    assert (x2["column_name"], x2["reason"]) == ("data_emissao", "not_a_date")
    files = built_sample.query("select distinct source_file from lastro_qualidade.quarentena")
    assert len(list((tmp_path / "quarentena").rglob("*.csv"))) == len(files)


def test_the_book_comes_with_its_dictionary(built_sample: Workspace, tmp_path: Path) -> None:
    done = export(built_sample, tmp_path, "book", "--ref-date", "2024-03-01")
    assert done.returncode == 0, done.stderr
    book = duckdb.sql(f"from read_parquet('{tmp_path}/book/**/*.parquet')")
    assert sorted(book.fetchall()) == sorted(
        built_sample.query("from lastro_cartoes.book_faturas_cliente where ref_date = '2024-03-01'")
    )
    with (tmp_path / "book/dictionary.csv").open(encoding="utf-8", newline="") as file:
        dictionary = {row["name"]: row for row in csv.DictReader(file)}
    assert list(dictionary) == book.columns
    assert dictionary["valor_total_faturas_u3m"] == {
        "name": "valor_total_faturas_u3m",
        "type": "decimal(18, 2)",
        "formula": "Sum of valor_fatura over the invoices of the window, in R$.",
        "unit": "R$",
        "window": "U3M",
    }
    assert all(row["formula"] for row in dictionary.values())
    assert {row["window"] for row in dictionary.values()} == {"", "U1M", "U3M", "U6M", "U12M"}


def big(tmp_path: Path) -> Path:
    """A build whose only mart takes some seconds to sort and write."""
    database = tmp_path / "big.duckdb"
    with duckdb.connect(str(database)) as con:
        con.execute("create schema lastro_cartoes")
        con.execute(
            "create table lastro_cartoes.fct_pagamentos as select md5(cast(range as varchar)) as id_pagamento,"
            " cast(1 as decimal(18, 2)) as valor_pagamento from range(6000000)"
        )
    return database


@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGKILL])
def test_a_killed_export_leaves_no_file(tmp_path: Path, signal_number: Any) -> None:
    to = tmp_path / "out"
    args = [LASTRO, "export", "fct_pagamentos", "--to", str(to), "--database", str(big(tmp_path))]
    running = subprocess.Popen(
        args,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A test run in the background of a shell inherits that SIGINT is ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    partial = to / ".fct_pagamentos.csv.partial"
    while not partial.exists():
        assert running.poll() is None, running.communicate()
        time.sleep(0.01)
    running.send_signal(signal_number)
    _, said = running.communicate()
    left = [path.name for path in to.iterdir()]
    if signal_number == signal.SIGINT:
        assert (running.returncode, said.strip(), left) == (
            130,
            "lastro export fct_pagamentos: interrupted",
            [],
        )
    else:
        # Nobody can tidy up after SIGKILL; the next export does.
        assert left == [partial.name]
        assert subprocess.run(args, capture_output=True).returncode == 0
        assert {path.name for path in to.iterdir()} == {"fct_pagamentos.csv", "fct_pagamentos.csv.json"}


def test_a_workbook_that_cannot_hold_the_rows_is_refused_before_it_is_written(tmp_path: Path) -> None:
    database = big(tmp_path)
    done = subprocess.run(
        [LASTRO, "export", "fct_pagamentos", "--format", "xlsx"]
        + ["--to", str(tmp_path / "out"), "--database", str(database)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "6,000,000 rows are more than the 1,048,575 that a worksheet holds" in done.stderr
    assert not (tmp_path / "out").exists()


def test_every_reason_has_words(built_sample: Workspace) -> None:
    """The codes of the compiled rules, of the reader and of the sample are those of the seed."""
    nodes = built_sample.dbt("compile").result.results
    sql = "\n".join(
        result.node.compiled_code for result in nodes if result.node.name.startswith("base_")
    ) + "\n".join(
        path.read_text(encoding="utf-8")
        for path in (PROJECT / "scripts/lastro/landing").iterdir()
        if path.suffix in (".py", ".sql")
    )
    codes = set(re.findall(r"""['"](?:\w+|\{column\.name\}):([a-z_]+)['"]""", sql))
    # The gate finds lines that it cannot split, and the consumer messages; they write why into the raw file.
    for folder in ("receive", "consume"):
        for path in (PROJECT / "scripts/lastro" / folder).glob("*.py"):
            codes |= set(re.findall('"row:([a-z_]+)"', path.read_text(encoding="utf-8")))
    seen = {
        reason.split(":")[1]
        for (reasons,) in built_sample.query("select reasons from lastro_qualidade.quarentena")
        for reason in reasons.split(",")
    }
    assert seen <= codes
    source = [
        ast.parse(path.read_text(encoding="utf-8"))
        for folder in ("landing", "receive")
        for path in (PROJECT / "scripts/lastro" / folder).glob("*.py")
    ]
    places = {"Refused": 0, "UnreadableFile": 1}
    refusals = {
        call.args[places[call.func.id]].value
        for tree in source
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in places
        if isinstance(call.args[places[call.func.id]], ast.Constant)
    }
    # A warning names its code before a column or the number of a sheet.
    warnings = {
        text.values[0].value.rstrip(":")
        for tree in source
        for text in ast.walk(tree)
        if isinstance(text, ast.JoinedStr)
        and isinstance(text.values[0], ast.Constant)
        and re.fullmatch("[a-z]+_[a-z_]+:", text.values[0].value)
    }
    assert {"arquivo_sem_destino", "coluna_ausente", "zeros_a_esquerda"} <= refusals | warnings
    codes |= refusals | warnings | {"arquivo_duplicado"}
    assert codes == set(read_reasons()) == set(read_reasons("pt_BR"))
    assert all(all(words) for words in [*read_reasons().values(), *read_reasons("pt_BR").values()])
