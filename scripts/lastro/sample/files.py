"""What the domains of the sample share: its size, the layouts of CSV files, chance."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb


@dataclass(frozen=True)
class Sample:
    """What to generate.

    Attributes:
        clients: The number of card clients; each has at most one invoice per month. Every twenty of them add
            a messaging account, every five add a member of the cooperative and a chatbot session.
        months: The number of months with invoices; payments continue for one more month.
        start: The first day of the first month.
        seed: The same seed gives the same files, byte by byte.
        clean: Whether to write plain CSV without defects.
        steady: Whether every client has an invoice every month, from the first to the last.
    """

    clients: int
    months: int
    start: date
    seed: int
    clean: bool = False
    steady: bool = False


@dataclass(frozen=True)
class Layout:
    """How one raw file is written.

    Attributes:
        delimiter: The character between the cells.
        crlf: Whether lines end in CR LF.
        bom: Whether the file starts with a UTF-8 byte order mark.
        quoted: Whether every cell is quoted.
        brazilian: Whether amounts are 1.234,56 and dates DD/MM/YYYY.
        currency: Whether amounts start with R$ and a no-break space.
        encoding: The encoding, as Python names it.
        reordered: Whether the columns are in reverse order, with one undeclared column.
    """

    delimiter: str = ","
    crlf: bool = False
    bom: bool = False
    quoted: bool = False
    brazilian: bool = False
    currency: bool = False
    encoding: str = "utf-8"
    reordered: bool = False


# Everything random is a hash of the seed and the client. A client is therefore the same in a sample of any
# size, and no number depends on the order in which rows are created. chance() is uniform in [0, 1).
CHANCE = """
create macro chance(seed, client, month, what) as
    (hash(seed, client, month, what) % 1000000) / 1000000.0
"""


def write_csv(
    con: duckdb.DuckDBPyConnection,
    path: Path,
    rows: str,
    columns: list[str],
    layout: Layout | None = None,
) -> None:
    """Write the rows as one CSV file, in the order of the columns.

    Args:
        con: The database that has the rows.
        path: The file to write.
        rows: What stands after FROM: a table, perhaps with a WHERE clause.
        columns: The columns to write. Those named data_ are dates and those named valor_ amounts.
        layout: How to write them; plain CSV if None.
    """
    layout = layout or Layout()
    cells = {column: _cell(column, layout) for column in columns}
    if layout.reordered:
        cells = {"canal": "'app'", **dict(reversed(cells.items()))}
    select = ", ".join(f"{cell} as {column}" for column, cell in cells.items())
    quote = ", force_quote (*)" if layout.quoted else ""
    con.execute(
        f"copy (select {select} from {rows} order by {', '.join(columns)})"
        f" to '{str(path).replace(chr(39), chr(39) * 2)}'"
        f" (format csv, header, delimiter '{layout.delimiter}'{quote})"
    )
    if layout.crlf or layout.bom or layout.encoding != "utf-8":
        text = path.read_bytes()
        text = text.replace(b"\n", b"\r\n") if layout.crlf else text
        text = (b"\xef\xbb\xbf" if layout.bom else b"") + text
        path.write_bytes(text if layout.encoding == "utf-8" else text.decode().encode(layout.encoding))


def _cell(column: str, layout: Layout) -> str:
    if not layout.brazilian:
        return column
    if column.startswith("data_"):
        return f"strftime({column}, '%d/%m/%Y')"
    if column.startswith("valor_"):
        # 1234567.89 -> 1.234.567,89
        sign = "'R$' || chr(160) || " if layout.currency else ""
        return f"{sign}translate(format('{{:,.2f}}', {column}), ',.', '.,')"
    return column


def append(path: Path, lines: list[str]) -> None:
    """Append lines to a file."""
    with path.open("a", encoding="utf-8", newline="") as file:
        file.writelines(line + "\n" for line in lines)


def csv_line(row: tuple) -> str:
    """A row as a line of plain CSV; its cells must need no quotes."""
    return ",".join(str(cell) for cell in row)


def months_of(sample: Sample) -> list[date]:
    """The first days of the months with invoices, and of the month after them."""
    first = sample.start.year * 12 + sample.start.month - 1
    return [date(number // 12, number % 12 + 1, 1) for number in range(first, first + sample.months + 1)]
