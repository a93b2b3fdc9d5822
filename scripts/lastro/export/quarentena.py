"""What was rejected, one report per raw file, for whoever sent it."""

from __future__ import annotations

from pathlib import Path

from lastro.database import opened
from lastro.export.files import Style, write, write_report
from lastro.landing.sql import literal
from lastro.reasons import read_reasons

# One row per rejected row and reason.
_REPORT = """
with rejected as (
    select
        source_file,
        line_number,
        raw_row,
        unnest(string_split(reasons, ',')) as code
    from lastro_qualidade.quarentena
    where source_file = {source_file}
)
select
    rejected.source_file,
    rejected.line_number,
    split_part(rejected.code, ':', 1) as column_name,
    split_part(rejected.code, ':', 2) as reason,
    words.meaning,
    words.remedy,
    rejected.raw_row
from rejected
left join words on split_part(rejected.code, ':', 2) = words.reason
order by rejected.line_number, column_name, reason
"""


def export_quarentena(
    database: Path, source_file: str | None, locale: str, style: Style, folder: Path
) -> list[tuple[Path, int]]:
    """Write one report per raw file: each rejected line as it came, each reason, and what to do about it.

    Args:
        database: The DuckDB file that dbt built; it is opened read-only.
        source_file: Only this file, as reconciliacao names it; None for every file with rejected rows.
        locale: The language of the words, en or pt_BR.
        style: How to write them.
        folder: The folder to write to, created if necessary.

    Returns:
        The path of each report, below `quarentena` in the folder, and its rows: one per line and reason.

    Raises:
        FileNotFoundError: The database does not exist.
        ValueError: The file has no rejected rows.
        duckdb.Error: The database is not a finished build.
    """
    written = []
    with opened(database) as con:
        rejected = con.execute(
            "select source_file, count(*) from lastro_qualidade.quarentena group by 1 order by 1"
        ).fetchall()
        files = [(name, rows) for name, rows in rejected if source_file in (None, name)]
        if source_file is not None and not files:
            raise ValueError(
                f"the build has no rejected rows of {source_file!r}. See lastro_qualidade.quarentena."
            )
        con.execute("create temp table words (reason varchar, meaning varchar, remedy varchar)")
        con.executemany(
            "insert into words values ($1, $2, $3)",
            [[reason, *words] for reason, words in read_reasons(locale).items()],
        )
        for name, rows in files:
            path = style.path(folder / "quarentena" / Path(name).parent, Path(name).stem)
            reasons = write(con, _REPORT.format(source_file=literal(name)), path, style)
            write_report(path, reasons, {"rejected_rows": rows})
            written.append((path, reasons))
    return written
