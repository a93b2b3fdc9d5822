"""Which files should have come: the periods that source YAMLs expect, against those in the raw root."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb

from lastro.contract import Expected, RawTable
from lastro.database import opened
from lastro.receive.roots import Root

LATE = "atrasado"


@dataclass(frozen=True)
class Check:
    """A file that was expected, or one that came unexpected; its names are the columns of `verificacoes`.

    Attributes:
        periodo: The first day that the file covers.
        vence_em: The last day on which it is on time.
        situacao: `no_prazo` (it is there), `pendente` (it may still come), `atrasado`, or `inesperado`.
    """

    verificado_em: date
    source_name: str
    table_name: str
    periodo: date
    vence_em: date | None
    situacao: str
    arquivo: str | None


def business_days(database: Path) -> list[date]:
    """Return the business days of the calendar `dim_data`, in order.

    Raises:
        RuntimeError: The database has no calendar.
    """
    with opened(database) as con:
        try:
            found = con.execute("select data from lastro_cooperativa.dim_data where dia_util order by data")
        except duckdb.CatalogException:
            raise RuntimeError(f"{database} has no calendar. Run `dbt build --select +dim_data`.") from None
        return [day for (day,) in found.fetchall()]


def check_expected(
    raw: Root, tables: Sequence[RawTable], as_of: date, calendar: Sequence[date]
) -> list[Check]:
    """Compare what each table expects by a day with the files that are there.

    A file is expected for every period that has ended by then, from the first one that ever came.

    Args:
        raw: The raw root.
        tables: The raw tables.
        as_of: The day.
        calendar: The business days, in order.
    """
    checks = []
    for table in tables:
        expected = table.inbox.expected if table.inbox else None
        if expected is None:
            continue
        files = {
            period: entry.name for entry in raw.entries(table.folder) if (period := table.period(entry.name))
        }
        periods = _periods(expected, min(files, default=None), as_of, calendar)
        for period in sorted({*periods, *files}):
            due = periods.get(period)
            checks.append(
                Check(
                    as_of,
                    table.source,
                    table.name,
                    period,
                    due,
                    _situation(due, period in files, as_of),
                    files.get(period),
                )
            )
    return checks


def write_checks(raw: Root, as_of: date, checks: Sequence[Check]) -> str:
    """Write the checks of a day as one raw file, whole, and return its name."""
    name = f"recebimento/verificacoes/dt={as_of.isoformat()}/verificacao.json"
    lines = (json.dumps(asdict(check), default=str, ensure_ascii=False) + "\n" for check in checks)
    raw.write(name, "".join(lines).encode())
    return name


def _situation(due: date | None, is_there: bool, as_of: date) -> str:
    if due is None:
        return "inesperado"
    if is_there:
        return "no_prazo"
    return LATE if as_of > due else "pendente"


def _periods(
    expected: Expected, first: date | None, as_of: date, calendar: Sequence[date]
) -> dict[date, date]:
    """Return the periods that ended by a day, each with the day by which its file is due."""
    if expected.every == "business_day":
        ended = [day for day in calendar if (first or as_of - timedelta(days=1)) <= day < as_of]
        return {day: _due(day, expected.by_day, calendar) for day in ended}
    month = (first or (as_of.replace(day=1) - timedelta(days=1))).replace(day=1)
    periods = {}
    while (following := _next_month(month)) <= as_of:
        periods[month] = _due(following - timedelta(days=1), expected.by_day, calendar)
        month = following
    return periods


def _next_month(month: date) -> date:
    return (month + timedelta(days=32)).replace(day=1)


def _due(last_day: date, by_day: int, calendar: Sequence[date]) -> date:
    """Return the n-th business day after a day."""
    following = [day for day in calendar if last_day < day <= last_day + timedelta(days=4 * by_day + 30)]
    return following[by_day - 1]
