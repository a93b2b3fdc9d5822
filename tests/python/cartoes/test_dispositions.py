"""Nothing is lost: whatever a file contains, every row has one disposition, with its line and text."""

from __future__ import annotations

import csv
import io
import os
import random
from collections import Counter
from collections.abc import Callable
from decimal import Decimal

from conftest import FATURAS_HEADER, JUDGED_FATURAS, Tables, Workspace, many
from hypothesis import given
from hypothesis import strategies as st

GOOD = ["f{n}", "c1", "2024-01-05", "2024-01-15", "10.00", "3.00"]
HOSTILE = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ["", " ", '"', '""', "a\nb", "a\r\nb", "1,5", "1.234,56", "-1", "1e3", "NaN", "2024-02-30"]
        + [
            "99999999999999999999",
            "'; drop table x; --",
            "\u00e7\u00e3\U0001f600",
            "\x00",
            "\ufeff",
        ]
        + ["0", "f1", "2024-01-05", "05/01/2024", "infinity", "NULL", "\\", "\\N", "\t", "\u00a0"]
    ),
)


@st.composite
def corrupted_rows(draw: st.DrawFn) -> list[list[str]]:
    """Draw good rows, with cells replaced by any UTF-8 text."""
    rows = [[cell.format(n=n) for cell in GOOD] for n in range(draw(st.integers(1, 12)))]
    for _ in range(draw(st.integers(0, 8))):
        row = draw(st.sampled_from(rows))
        row[draw(st.integers(0, len(row) - 1))] = draw(HOSTILE)
    return rows


def dispositions(built: Tables) -> list[tuple]:
    return built.query(
        "select line_number, disposition, coalesce(raw_row, ''), reasons"
        f" from {JUDGED_FATURAS} order by line_number"
    )


@many
@given(rows=corrupted_rows(), quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
def test_corrupted_cells_never_lose_a_row(
    workspace: Workspace, quick: Callable[..., Tables], rows: list[list[str]], quoting: int
) -> None:
    workspace.clear()
    # With CRLF line ends, Python quotes a cell that contains a CR or an LF.
    path = workspace.write_rows("tb_faturas", "202401", rows, quoting=quoting, lineterminator="\r\n")
    built = quick("reconciliacao", "quarentena")
    # The independent reading is Python's csv module, which does not skip lines of only blanks.
    text = path.read_text(encoding="utf-8")
    records = [r for r in csv.reader(io.StringIO(text, newline="")) if r][1:]
    assert len(records) == len(rows)
    assert len(dispositions(built)) == len(rows)
    [(raw, difference, amount)] = built.query(
        "select raw_rows, difference_rows, difference_amount from lastro_qualidade.reconciliacao"
    )
    assert (raw, difference, amount) == (len(rows), 0, 0)
    accepted = {
        row[0]
        for row in built.query(f"select id_fatura from {JUDGED_FATURAS} where disposition = 'accepted'")
    }
    times = Counter(row[0].strip(" ") for row in rows)
    for row in rows:
        if row == [cell.format(n=row[0][1:]) for cell in GOOD] and times[row[0]] == 1:
            assert row[0] in accepted


@many
@given(seed=st.integers(0, 2**32))
def test_corrupted_bytes_never_lose_a_line(
    workspace: Workspace, quick: Callable[..., Tables], seed: int
) -> None:
    """With characters inserted anywhere below the header, every line is in a row, with its number and text."""
    chance = random.Random(seed)
    lines = [",".join(cell.format(n=n) for cell in GOOD) for n in range(30)]
    for _ in range(chance.randint(1, 10)):
        at = chance.randrange(len(lines))
        where = chance.randrange(len(lines[at]) + 1)
        lines[at] = lines[at][:where] + chance.choice('",;"\t |x\u00e7') + lines[at][where:]
    workspace.clear()
    workspace.write("tb_faturas", "202401", "\n".join([",".join(FATURAS_HEADER), *lines]) + "\n")
    built = quick("reconciliacao", "quarentena")
    covered = []
    for number, disposition, raw_row, _ in dispositions(built):
        texts = raw_row.split("\n") if disposition == "rejected" else [None]
        for offset, text in enumerate(texts):
            covered.append(number + offset)
            assert text is None or text == lines[number + offset - 2]
    # An accepted row is one line, or several if a quoted cell contains line ends.
    assert set(covered) <= set(range(2, 32))
    assert len(covered) == len(set(covered))
    [(raw, difference)] = built.query("select raw_rows, difference_rows from lastro_qualidade.reconciliacao")
    assert raw == len(dispositions(built))
    assert difference == 0


def test_every_reason_by_name(workspace: Workspace, quick: Callable[..., Tables]) -> None:
    rows = {
        ",c,2024-01-05,2024-01-15,1.00,": "id_fatura:missing",
        "  ,c,2024-01-05,2024-01-15,1.00,": "id_fatura:missing",
        "a,,2024-01-05,2024-01-15,1.00,": "id_cliente:missing",
        "b,c,,2024-01-15,1.00,": "data_emissao:missing",
        "c,c,2024-1-5,2024-01-15,1.00,": "data_emissao:not_a_date",
        "d,c,2023-02-29,2024-01-15,1.00,": "data_emissao:not_a_date",
        "e,c,20240105,2024-01-15,1.00,": "data_emissao:not_a_date",
        "f,c,01/13/2024,2024-01-15,1.00,": "data_emissao:not_a_date",
        "g,c,2024-01-05 00:00,2024-01-15,1.00,": "data_emissao:not_a_date",
        "h,c,1899-12-31,2024-01-15,1.00,": "data_emissao:out_of_range",
        "i,c,2024-01-05,2100-01-01,1.00,": "data_vencimento:out_of_range",
        "j,c,2024-01-05,2024-01-04,1.00,": "data_vencimento:before_emissao",
        "k,c,2024-01-05,2024-01-15,,": "valor_fatura:missing",
        "l,c,2024-01-05,2024-01-15,1.005,": "valor_fatura:not_a_number",
        "m,c,2024-01-05,2024-01-15,1e3,": "valor_fatura:not_a_number",
        "n,c,2024-01-05,2024-01-15,um real,": "valor_fatura:not_a_number",
        "o,c,2024-01-05,2024-01-15,99999999999999999.00,": "valor_fatura:out_of_range",
        'p,c,2024-01-05,2024-01-15,"1,234.56",': "valor_fatura:not_a_number",
        'q,c,2024-01-05,2024-01-15,"12.34,56",': "valor_fatura:not_a_number",
        "r,c,2024-01-05,2024-01-15,-0.01,": "valor_fatura:negative",
        "s,c,2024-01-05,2024-01-15,1.00,x": "valor_pagamento_minimo:not_a_number",
        "t,c,2024-01-05,2024-01-15,1.00,-1": "valor_pagamento_minimo:negative",
        "u,c,2024-01-05": "row:wrong_number_of_columns",
        "v,c,2024-01-05,2024-01-15,1,00,1,00": "row:wrong_number_of_columns",
        'w,c,"2024-01-05,2024-01-15,1.00,': "row:unbalanced_quote",
        ",,x,y,z,-1": "id_fatura:missing,id_cliente:missing,data_emissao:not_a_date,"
        "data_vencimento:not_a_date,valor_fatura:not_a_number,valor_pagamento_minimo:negative",
    }
    workspace.write("tb_faturas", "202401", "\n".join([",".join(FATURAS_HEADER), *rows]))
    workspace.write(
        "tb_pagamentos",
        "202401",
        "id_pagamento,id_fatura,id_cliente,data_pagamento,valor_pagamento\n"
        "p1,f,c,2024-01-05,0\np2,f,c,2024-01-05,0.01\np3,f,c,2024-01-05,-1",
    )
    built = quick("quarentena")
    found = built.query(
        "select raw_row, reasons, line_number from lastro_qualidade.quarentena"
        " where table_name = 'tb_faturas' order by line_number"
    )
    assert [row[:2] for row in found] == list(rows.items())
    assert [row[2] for row in found] == list(range(2, 2 + len(rows)))
    assert built.query(
        "select raw_row, reasons from lastro_qualidade.quarentena where table_name = 'tb_pagamentos'"
        " order by 1"
    ) == [
        ("p1,f,c,2024-01-05,0", "valor_pagamento:not_positive"),
        ("p3,f,c,2024-01-05,-1", "valor_pagamento:not_positive"),
    ]


def test_line_numbers_and_texts_across_quoted_line_ends(
    workspace: Workspace, quick: Callable[..., Tables]
) -> None:
    workspace.write(
        "tb_faturas",
        "202401",
        ",".join(FATURAS_HEADER) + "\n"
        '"f\n1",c,2024-01-05,2024-01-15,1.00,\n'
        "\n"
        'f2,"c\n\n2",2024-01-05,ontem,2.00,\n'
        "f3,c,2024-01-05,2024-01-15,3.00,\n",
    )
    built = quick("quarentena", "reconciliacao")
    assert dispositions(built) == [
        (2, "accepted", "", None),
        (5, "rejected", 'f2,"c\n\n2",2024-01-05,ontem,2.00,', "data_vencimento:not_a_date"),
        (8, "accepted", "", None),
    ]
    assert built.query(
        "select raw_rows, raw_amount, rejected_amount, difference_rows, difference_amount"
        " from lastro_qualidade.reconciliacao"
    ) == [(3, Decimal("6.00"), Decimal("2.00"), 0, 0)]


def test_who_wins_of_rows_with_one_key(workspace: Workspace, quick: Callable[..., Tables]) -> None:
    """The newest row of a key wins, by file period, then line. A copy of a newer row is a duplicate."""

    def row(key: str, amount: int) -> list[str]:
        return [key, "c", "2024-01-05", "2024-01-15", str(amount), ""]

    workspace.write_rows("tb_faturas", "202401", [row("a", 1), row("b", 1), row("c", 1), row("d", 1)])
    workspace.write_rows("tb_faturas", "202402", [row("a", 1), row("b", 2), row("c", 2), row("d", 1)])
    workspace.write_rows("tb_faturas", "202403", [row("c", 1), row("d", 3), row("e", 1), row("e", 2)])
    built = quick("reconciliacao")
    found = built.query(
        "select id_fatura, month(reference_period), valor_fatura::int, disposition"
        f" from {JUDGED_FATURAS}"
        " join lastro_cartoes.base_cartoes__arquivos using (file_id) order by 1, 2, 3"
    )
    assert found == [
        ("a", 1, 1, "duplicate"),
        ("a", 2, 1, "accepted"),
        ("b", 1, 1, "superseded"),
        ("b", 2, 2, "accepted"),
        ("c", 1, 1, "duplicate"),
        ("c", 2, 2, "superseded"),
        ("c", 3, 1, "accepted"),
        ("d", 1, 1, "duplicate"),
        ("d", 2, 1, "superseded"),
        ("d", 3, 3, "accepted"),
        ("e", 3, 1, "superseded"),
        ("e", 3, 2, "accepted"),
    ]
    assert Counter(row[3] for row in found) == {"accepted": 5, "superseded": 4, "duplicate": 3}


def test_a_rejected_row_replaces_nothing(workspace: Workspace, quick: Callable[..., Tables]) -> None:
    workspace.write_rows("tb_faturas", "202401", [["a", "c", "2024-01-05", "2024-01-15", "1", ""]])
    workspace.write_rows("tb_faturas", "202402", [["a", "c", "2024-01-05", "2024-01-15", "x", ""]])
    built = quick("reconciliacao")
    assert sorted(row[1] for row in dispositions(built)) == ["accepted", "rejected"]


def test_line_numbers_of_a_file_larger_than_one_buffer(
    workspace: Workspace, quick: Callable[..., Tables]
) -> None:
    """Line numbers are exact in files larger than a buffer: 400,000 lines whose client is the line number."""
    for period in ("202401", "202402"):
        lines = [f"{period}-{n},{n},2024-01-05,2024-01-15,1.00," for n in range(2, 200_002)]
        workspace.write("tb_faturas", period, "\n".join([",".join(FATURAS_HEADER), *lines]))
    built = quick("stg_cartoes__faturas")
    assert built.query(
        "select count(*), count(*) filter (where cast(id_cliente as bigint) = line_number),"
        " count(*) filter (where starts_with(id_fatura, strftime(reference_period, '%Y%m')))"
        " from lastro_cartoes.stg_cartoes__faturas"
        " join lastro_cartoes.base_cartoes__arquivos using (file_id)"
    ) == [(400_000, 400_000, 400_000)]


def test_a_file_is_read_again_when_its_size_or_time_is_another(workspace: Workspace) -> None:
    def write(amount: str, changed_at: int | None) -> None:
        path = workspace.write_rows(
            "tb_faturas", "202401", [["f1", "c1", "2024-01-05", "2024-01-15", amount, "1.00"]]
        )
        if changed_at:
            os.utime(path, (changed_at, changed_at))

    def built(*args: str) -> str:
        workspace.build("--select", "+fct_faturas", *args)
        ((amount,),) = workspace.query("select valor_fatura from lastro_cartoes.fct_faturas")
        return str(amount)

    workspace.clear()
    year_ago = 1_700_000_000
    write("10.00", year_ago)
    assert built() == "10.00"
    write("11.00", year_ago)
    assert built() == "10.00", "a file with the same size and time is not reread"
    assert built("--full-refresh") == "11.00", "a full refresh reads every file"
    write("12.00", year_ago + 1)
    assert built() == "12.00"
    write("130.00", year_ago + 1)
    assert built() == "130.00"
    # So recent that it may change again without its time showing it.
    write("14.00", None)
    assert built() == "14.00"
    write("15.00", None)
    assert built() == "15.00"
