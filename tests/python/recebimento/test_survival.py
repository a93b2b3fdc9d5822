"""Any table in any dialect, encoding and container survives; any damage is refused or loses nothing."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import random
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import duckdb
import pytest
import xlsxwriter
from conftest import examples
from hypothesis import assume, given
from hypothesis import strategies as st
from lastro.contract import RawTable
from lastro.receive.formats import Format, read_formats
from lastro.receive.gate import Outcome
from throwaway import House, Row, table_of

NAMES = ["id", "nome", "nota"]
DELIMITERS = ",;\t|"
many = examples(60)


@pytest.fixture(scope="module", autouse=True)
def no_fsync() -> Iterator[None]:
    """No power fails here, and waiting for the disk takes most of the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda handle: None)
        yield


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    """One gate for all tables."""
    return House(tmp_path_factory.mktemp("survival"), table_of(NAMES))


# --- Whole files ---

# A NUL is refused, and a lone CR in a cell that is not quoted ends its line.
cells = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8) | st.sampled_from(
    [
        "",
        " ",
        '"',
        '""',
        "a\nb",
        "a\n\nb",
        ",",
        ";",
        "\t",
        "|",
        "'",
        "\\",
        '\\"',
        "1,2\n3,4",
        "\u00a0",
        "\u2028",
        "\x85",
        "\ufeff",
        "\U0001f600",
        "é",
        "€",
        "R$ 1.234,50",
        "=1+1",
        "00012",
        "null",
        "\U0010ffff",
        'TV 32" LG',
        "two\nlines, with a comma",
    ]
)
tables = st.lists(st.lists(cells, min_size=3, max_size=3), min_size=1, max_size=5)


class Form(NamedTuple):
    """How a table is written."""

    delimiter: str
    quoting: int
    end: str
    encoding: str
    container: str


forms = st.builds(
    Form,
    delimiter=st.sampled_from(DELIMITERS),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    end=st.sampled_from(["\n", "\r\n"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]),
    container=st.sampled_from(["csv", "csv.gz", "zip"]),
)


def written(rows: list[list[str]], form: Form) -> str:
    """Return the text, in which a cell's own line ends are those of the file, as an editor would have it."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=form.delimiter, quoting=form.quoting, lineterminator="\n")
    writer.writerow(NAMES)
    writer.writerows(rows)
    return out.getvalue().replace("\n", form.end)


def packed(content: bytes, container: str) -> bytes:
    if container == "csv.gz":
        return gzip.compress(content)
    if container == "csv":
        return content
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", content)
    return out.getvalue()


def looks_like_rows(rows: list[list[str]], delimiter: str, width: int = len(NAMES)) -> bool:
    """Return whether a line inside a row has as many cells as a row, which nobody can tell from an unclosed quote."""
    return any(
        line.count(delimiter) == width - 1 for row in rows for line in delimiter.join(row).split("\n")[1:]
    )


numbers = iter(range(10**9))


@many
@given(rows=tables, form=forms)
def test_any_table_survives_cell_for_cell(house: House, rows: list[list[str]], form: Form) -> None:
    # CR alone is a line end too, in a cell as anywhere, and each row has a key.
    rows = [[f"k{at}{row[0]}", *row[1:]] for at, row in enumerate(rows)]
    rows = [[re.sub("\r\r\n|\r\n|\r", "\n", cell) for cell in row] for row in rows]
    assume(not looks_like_rows(rows, form.delimiter))
    text = written(rows, form)
    # A line end that the last cell ends with, or none, would not be seen: every cell is inside quotes then.
    if form.encoding == "cp1252":
        text = text.encode("cp1252", "ignore").decode("cp1252")
        assume(text.isascii() or not is_valid_utf8(text.encode("cp1252")))
        rows = [[cell.encode("cp1252", "ignore").decode("cp1252") for cell in row] for row in rows]
    content = packed(text.encode(form.encoding), form.container)
    name = f"x/{next(numbers)}.{form.container}"
    outcome = house.send(name, content)
    if outcome.status == "duplicado":
        return
    assert house.kept(outcome.id_lote) == {Path(name).name: content}
    if outcome.status == "recusado":
        # The only doubt that is left: which 8-bit encoding it is.
        assert form.encoding == "cp1252" and outcome.code in (
            "codificacao_invalida",
            "codificacao_misturada",
        ), (
            outcome,
            text,
        )
        return
    assert [row.cells for row in house.rows(outcome)] == rows, (outcome, text)
    assert {row.problem for row in house.rows(outcome)} == {None}


def is_valid_utf8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


@examples(25)
@given(rows=tables)
def test_any_text_in_a_sheet_survives(house: House, rows: list[list[str]]) -> None:
    # A sheet holds no control characters, and a row of empty cells is none.
    rows = [
        [f"k{at}", *(re.sub("[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff]", "", cell) for cell in row[1:])]
        for at, row in enumerate(rows)
    ]
    # The gate adds the row's number to what it makes of a sheet.
    assume(not looks_like_rows([[*row, "1"] for row in rows], ",", len(NAMES) + 1))
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    page = book.add_worksheet()
    for at, row in enumerate([NAMES, *rows]):
        for column, cell in enumerate(row):
            page.write_string(at, column, cell)
    book.close()
    outcome = house.send(f"x/{next(numbers)}.xlsx", out.getvalue())
    if outcome.status != "duplicado":
        assert [row.cells for row in house.rows(outcome)] == rows


# --- Damaged files ---

TYPED = {"id": "varchar", "dia": "date", "nome": "varchar", "valor": "decimal(18, 2)"}
HEADER = "id,dia,nome,valor"
LINES = [f"{n},2024-01-{n:02},{'Ação' if n % 3 else 'Ana'} {n},{n}.50" for n in range(1, 13)]
PLAIN = "\n".join([HEADER, *LINES]) + "\n"
QUOTED = PLAIN.replace("Ana 3", '"Ana, ""a 3ª"""').replace("Ana 6", '"Ana\nMaria"').replace("\n", "\r\n")
RECORD = "10{:06}Ana       {:02}012024{:09}"
FIXED = "".join(
    line.ljust(40) + "\r\n"
    for line in ["00", *(RECORD.format(n, n, n * 100) for n in range(1, 6)), f"99{5:06}{1500:011}"]
)
FORMAT = """id_cliente,source_name,table_name,versao,arquivos,conteiner,codificacao,delimitador,inicio,fim,ignorar,tamanho_registro,tipo,cabecalho,detalhe,trailer,trailer_linhas,trailer_conta,trailer_valor,trailer_valor_formato
f,f,t,1,*.rem,largura_fixa,cp1252,,,,,40,1-2,00,10,99,3-8,detalhe,9-19,9(9)V99
"""
PLACES = """id_cliente,source_name,table_name,versao,coluna,origem,formato,constante
f,f,t,1,id,3-8,9(6),
f,f,t,1,nome,9-18,X,
f,f,t,1,dia,19-26,DDMMAAAA,
f,f,t,1,valor,27-35,9(7)V99,
"""


def a_sheet() -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    page = book.add_worksheet()
    for at, line in enumerate([HEADER, *LINES]):
        page.write_row(at, 0, line.split(","))
    book.close()
    return out.getvalue()


def a_parquet(folder: Path) -> bytes:
    path = folder / "made.parquet"
    rows = "range::varchar as id, date '2024-01-01' as dia, 'Ana' as nome, 1.50::decimal(18, 2) as valor"
    duckdb.sql(f"copy (select {rows} from range(12)) to '{path}' (format parquet)")
    return path.read_bytes()


def seeds(folder: Path) -> dict[str, bytes]:
    """Return one valid file of every kind by the name under which it comes; * is for a number."""
    objects = [{"id": str(n), "notas": {"q": "sim", "r": "não"}} for n in range(6)]
    lines = "\n".join(json.dumps(each, ensure_ascii=False) for each in objects)
    return {
        "x/*.csv": PLAIN.encode(),
        "x/*.q.csv": QUOTED.encode(),
        "x/*.w.csv": QUOTED.encode("cp1252"),
        "x/*.u.txt": PLAIN.replace(",", "\t").encode("utf-16"),
        "x/*.b.txt": PLAIN.replace(",", "\t").encode("utf-16-le"),
        "x/*.csv.gz": gzip.compress(QUOTED.encode(), mtime=0),
        "x/*.zip": packed(QUOTED.encode(), "zip"),
        "x/*.xlsx": a_sheet(),
        "x/*.parquet": a_parquet(folder),
        "f/*.rem": FIXED.encode("cp1252"),
        "j/*.json": json.dumps(objects, ensure_ascii=False).encode(),
        "j/*.l.json": lines.encode(),
        "p/*.parquet": a_parquet(folder),
    }


def mutated(content: bytes, chance: random.Random) -> bytes:
    """Return a file with one to four faults: bits, bytes or pieces that are changed, added, moved or cut off."""
    data = bytearray(content)
    for _ in range(chance.choice([1, 1, 1, 2, 4])):
        at = chance.randrange(len(data) + 1)
        size = chance.choice([1, 1, 1, 2, 5, 40])
        match chance.randrange(7):
            case 0 if at < len(data):
                data[at] ^= 1 << chance.randrange(8)
            case 1:
                data[at : at + size] = chance.randbytes(min(size, len(data) - at))
            case 2:
                data[at:at] = bytes(
                    chance.choice(b'"",;\t|\r\n\0\xc3\xa3\xff x1.{}[]\\') for _ in range(size)
                )
            case 3:
                del data[at : at + size]
            case 4:
                data[at:at] = data[at : at + size * 3]
            case 5:
                piece = data[at : at + size * 3]
                del data[at : at + size * 3]
                to = chance.randrange(len(data) + 1)
                data[to:to] = piece
            case 6:
                del data[at:]
    return bytes(data)


def fixed_formats(folder: Path) -> list[Format]:
    (folder / "formatos.csv").write_text(FORMAT)
    (folder / "formato_colunas.csv").write_text(PLACES)
    return read_formats(folder, TABLES)


TABLES: list[RawTable] = [
    table_of(TYPED, amount="valor"),
    table_of(TYPED, amount="valor", source="f"),
    table_of({"id": "varchar", "notas": "map(varchar, varchar)"}, ending="json", source="j"),
    table_of(TYPED, ending="parquet", source="p"),
]
ENDS = {"aceito", "recusado", "duplicado"}
SCALE = int(os.environ.get("LASTRO_EXAMPLES", "100"))
# 1 000 by default, and 10 000 for the night, whatever multiple it asks for.
MUTANTS = min(10_000, 10 * SCALE)
ROUND = 100


@pytest.mark.parametrize("round_number", range(max(1, MUTANTS // ROUND)))
def test_a_damaged_file_is_refused_or_loses_nothing(tmp_path: Path, round_number: int) -> None:
    """The gate never raises; every file ends once, with its events and its exact bytes; no row is lost or shifted."""
    chance = random.Random(round_number)
    house = House(tmp_path / "gate", *TABLES, formats=fixed_formats(tmp_path))
    valid = list(seeds(tmp_path).items())
    sent = {}
    for number in range(ROUND):
        pattern, content = valid[number % len(valid)]
        name = pattern.replace("*", str(number))
        sent[name] = mutated(content, chance)
        house.put(name, sent[name])
    outcomes: dict[str, Outcome] = {}
    for outcome in house.receive():
        assert outcome.status in ENDS, outcome
        assert outcome.name not in outcomes
        outcomes[outcome.name] = outcome
    assert set(outcomes) == set(sent)
    assert not [path for path in house.inbox.rglob("*") if path.is_file() and path.name != ".lock"]
    for name, outcome in outcomes.items():
        where = f"round {round_number}, {name}: {outcome}"
        assert house.kept(outcome.id_lote) == {Path(name).name: sent[name]}, where
        assert house.story(outcome.id_lote) == ["recebido", "em_validacao", outcome.status], where
        # Anything that a person has to look at has a reason that was foreseen.
        assert outcome.code != "arquivo_ilegivel", where
        destination = house.said(outcome.id_lote).get("destino")
        assert (destination in house.published()) == (outcome.status == "aceito"), where
        if outcome.status == "aceito":
            loses_nothing(house.rows(outcome), house, name, (house.raw / destination).read_bytes(), where)


def loses_nothing(found: list[Row], house: House, name: str, published: bytes, where: str) -> None:
    """Compare landed rows with what Python's own csv module makes of the published file."""
    if name[0] in "jp":
        return
    encoding = next(iter(encodings_of(published)))
    text = re.sub("\r\r\n|\r\n|\r", "\n", published.decode(encoding).removeprefix("\ufeff"))
    lines = text.split("\n")
    header = next(line for line in lines if line.strip(" \t"))
    delimiter = max(DELIMITERS, key=header.count)
    # Each line that is not blank is in exactly one row: the row that begins there, or before it and goes on.
    starts = [row.line for row in found]
    assert starts == sorted(set(starts)), where
    covered = set()
    for row, following in zip(found, [*starts, len(lines) + 1][1:], strict=True):
        goes_on = '"' in lines[row.line - 1]
        covered |= set(range(row.line, following if goes_on else row.line + 1))
    first = lines.index(header) + 2
    missing = [n for n in range(first, len(lines) + 1) if lines[n - 1].strip(' "\t') and n not in covered]
    assert missing == [], where
    # Python cuts records on its own, and a sound row has the cells that it has, in the columns of the header.
    by_python = list(csv.reader(io.StringIO("\n".join(lines[first - 1 :])), delimiter=delimiter))
    by_python = [
        row for row in by_python if "".join(row).strip(' "\t') or (len(row) > 1 and delimiter != "\t")
    ]
    assert len(by_python) == len(found), where
    names = [cell.strip(" \t\ufeff").lower() for cell in next(csv.reader([header], delimiter=delimiter))]
    for row, cut in zip(found, by_python, strict=True):
        assert (row.problem == "row:wrong_number_of_columns") == (len(cut) != len(names)), where
        if row.problem is None:
            assert row.cells == [cut[names.index(column)] for column in TYPED], where


def encodings_of(published: bytes) -> Iterator[str]:
    """Yield the encodings that decode a file, the likeliest first."""
    if published.startswith((b"\xff\xfe", b"\xfe\xff")):
        yield "utf-16"
    if published.count(0) * 10 > len(published):
        yield "utf-16-le" if published[1::2].count(0) > published[::2].count(0) else "utf-16-be"
    for encoding in ("utf-8", "cp1252"):
        try:
            published.decode(encoding)
        except UnicodeDecodeError:
            continue
        yield encoding


def test_the_files_are_accepted_before_they_are_damaged(tmp_path: Path) -> None:
    """Else the test above would say nothing."""
    house = House(tmp_path / "gate", *TABLES, formats=fixed_formats(tmp_path))
    for number, (pattern, content) in enumerate(seeds(tmp_path).items()):
        house.put(pattern.replace("*", str(number)), content)
    outcomes = house.receive()
    # The same text comes as it is, in gzip and in zip, so two of these three are duplicates.
    refused = [outcome for outcome in outcomes if outcome.status not in ("aceito", "duplicado")]
    assert refused == []
    assert sum(outcome.status == "duplicado" for outcome in outcomes) == 2
