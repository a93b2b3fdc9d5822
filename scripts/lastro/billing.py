"""Closing a day of notifications: a raw event with the offsets that the day's bill counts, and its prices.

What people saw is what is closed: offsets and prices are those of the last build, not those of the topic
and the price table. A build that reads the event bills whatever comes later as an adjustment.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import yaml

from lastro import PROJECT
from lastro.database import opened
from lastro.receive.roots import Root

_CLOSINGS = "mensageria/fechamentos/"
_NOTIFICATIONS = "mensageria/notifications/"
_FOLDER = re.compile(r"/dt=(\d{4}-\d\d-\d\d)/hour=(\d\d)/")

_DAY = """
select estado, notificacoes, valor, fechamento_id
from lastro_mensageria.dias_cobranca_notificacoes
where data = $1
"""

_UNPRICED = """
select min(customer_id), min_by(coalesce(ajuste_de, data), customer_id), count(distinct customer_id)
from lastro_mensageria.relatorio_cobranca_notificacoes
where data = $1 and valor is null
"""

# Of earlier months too if late messages stand on its bill: others of their day may stand on this one.
_OPEN_BEFORE = """
select min(data)
from lastro_mensageria.relatorio_cobranca_notificacoes
where
    data < $1
    and fechamento_id is null
    and (ajuste_de is not null or date_trunc('month', data) = date_trunc('month', $1))
"""

_GAPS = """
select topico, particao, de_offset, ate_offset
from lastro_mensageria.lacunas_notificacoes
where coalesce(primeiro_dia, $1) <= $1 and coalesce(ultimo_dia, $1) >= $1
order by topico, particao, de_offset
"""

# An offset that no file holds is not counted: a file that is restored later comes late.
_RANGES = """
with neighbours as (
    select
        *,
        max(ultimo_offset) over (
            partition by topico, particao
            order by primeiro_offset, ultimo_offset
            rows between unbounded preceding and 1 preceding
        ) as end_before
    from lastro_mensageria.int_mensageria__posicoes
),

numbered as (
    select
        *,
        sum(case when primeiro_offset > end_before + 1 then 1 else 0 end) over (
            partition by topico, particao
            order by primeiro_offset, ultimo_offset
        ) as range_number
    from neighbours
)

select topico, particao, min(primeiro_offset) as de_offset, max(ultimo_offset) as ate_offset
from numbered
group by topico, particao, range_number
order by topico, particao, de_offset
"""

_PRICES = """
select customer_id, a_partir_de, preco
from lastro_mensageria.int_mensageria__precos
where valid_from <= $1 and valid_to > $1 and not e_do_fechamento
order by customer_id nulls first, a_partir_de
"""

_FILES = """
select source_file from lastro_mensageria.base_mensageria__arquivos
where table_name = 'notifications'
"""


@dataclass(frozen=True)
class Closing:
    """A closed day.

    Attributes:
        name: The event's file in the raw root.
        is_new: Whether this call closed the day; False if it was closed before.
        messages: The messages on the day's own bill; 0 if it was closed before.
        amount: What they cost in R$.
        ranges: The offsets that count: topic, partition, first and last.
        gaps: The gaps that the day was closed in spite of.
    """

    name: str
    is_new: bool
    messages: int = 0
    amount: Decimal = Decimal(0)
    ranges: tuple[tuple[str, int, int, int], ...] = ()
    gaps: int = 0


def close_day(
    database: Path,
    raw: Root,
    day: date,
    now: datetime,
    grace: timedelta = timedelta(hours=6),
    *,
    despite_gaps: bool = False,
    even_if_silent: bool = False,
) -> Closing:
    """Write the event that closes a day's bill, unless one is there.

    Args:
        database: The DuckDB file that dbt built from the raw root; it is opened read-only.
        raw: The raw root, which gets mensageria/fechamentos/dt=<day>/fechamento-<day>.json.
        day: The day, in the time zone of the bill.
        now: The time, with its time zone.
        grace: How long after the day's end late messages are waited for.
        despite_gaps: Close a day that misses offsets; the event counts the gaps.
        even_if_silent: Close a day although the topic is not known up to its end.

    Raises:
        FileNotFoundError: The database does not exist.
        RuntimeError: The database is not a finished build with notifications.
        ValueError: The day cannot be closed yet; nothing is written.
    """
    closed = _event_of(raw, day)
    if closed:
        return Closing(closed, is_new=False)
    try:
        with opened(database) as con:
            return _close(con, raw, day, now, grace, despite_gaps, even_if_silent)
    except (duckdb.CatalogException, duckdb.BinderException):
        raise RuntimeError(f"{database} is not a finished build of notifications. Run `dbt build`.") from None


def time_zone(project: Path = PROJECT) -> ZoneInfo:
    """Return the time zone in which days of notifications begin and end."""
    declared = yaml.safe_load((project / "dbt_project.yml").read_text(encoding="utf-8"))
    return ZoneInfo(declared["vars"]["notifications_time_zone"])


def end_of(day: date, zone: ZoneInfo) -> datetime:
    """Return when a day ends in a time zone, in UTC."""
    return datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC)


def _event_of(raw: Root, day: date) -> str | None:
    """Return the event that closed a day, under whatever day it was written."""
    names = (entry.name for entry in raw.entries(_CLOSINGS))
    return next((name for name in names if name.endswith(f"/fechamento-{day}.json")), None)


def _close(
    con: duckdb.DuckDBPyConnection,
    raw: Root,
    day: date,
    now: datetime,
    grace: timedelta,
    despite_gaps: bool,
    even_if_silent: bool,
) -> Closing:
    ranges = con.execute(_RANGES).fetchall()
    if not ranges:
        raise RuntimeError(
            "the build has no notifications. Run `lastro consume notifications`, then `dbt build`."
        )
    ready = end_of(day, time_zone()) + grace
    if now < ready:
        raise ValueError(f"{day} can be closed from {_utc(ready)} on: its end and the grace period.")
    found = con.execute(_DAY, [day]).fetchone()
    if found is None:
        raise ValueError(f"the build has no messages of {day}: there is nothing to close.")
    state, messages, amount, closing = found
    if closing:
        return Closing(closing, is_new=False)
    if state == "aberta" and not even_if_silent:
        raise ValueError(
            f"the build does not know the topic up to the end of {day}. Run `dbt build`; if nothing more was"
            " sent, close with --even-if-silent."
        )
    _refuse_open_before(con, day)
    _refuse_without_price(con, day)
    gaps = con.execute(_GAPS, [day]).fetchall()
    if gaps and not despite_gaps:
        topic, partition, first, last = gaps[0]
        more = f", and {len(gaps) - 1} more gaps" if len(gaps) > 1 else ""
        raise ValueError(
            f"{day} may miss messages: no file holds offsets {first} to {last} of {topic} {partition}{more}."
            " Restore the files, or close with --despite-gaps."
        )
    _refuse_files_not_built(con, raw, ready)
    event = {
        "id_fechamento": f"fechamento-{day}",
        "data": f"{day}",
        "fechado_em": _utc(now),
        "particoes": [
            {"topico": topic, "particao": partition, "de_offset": first, "ate_offset": last}
            for topic, partition, first, last in ranges
        ],
        "precos": [_price(*price) for price in con.execute(_PRICES, [day]).fetchall()],
    }
    if gaps:
        event["lacunas"] = len(gaps)
    # Without the time in the name: whoever closes the day at the same moment must find it taken.
    name = f"{_CLOSINGS}dt={day}/fechamento-{day}.json"
    if raw.create(name, json.dumps(event, ensure_ascii=False).encode() + b"\n") is None:
        # Someone else closed the day a moment ago.
        return Closing(name, is_new=False)
    return Closing(name, True, messages, amount, tuple(ranges), len(gaps))


def _price(customer: str | None, first: int, price: Decimal) -> dict[str, str | int]:
    """Return a price as the event holds it; without a customer it is that of everyone."""
    owner = {} if customer is None else {"customer_id": customer}
    return owner | {"a_partir_de": first, "preco": f"{price.normalize():f}"}


def _refuse_open_before(con: duckdb.DuckDBPyConnection, day: date) -> None:
    """Refuse if an earlier bill is open that may change the tiers of this one."""
    (first,) = con.execute(_OPEN_BEFORE, [day]).fetchone()
    if first:
        raise ValueError(
            f"{first} is open in the build, and bills close in order. Close it, then run `dbt build`."
        )


def _refuse_without_price(con: duckdb.DuckDBPyConnection, day: date) -> None:
    customer, unpriced, count = con.execute(_UNPRICED, [day]).fetchone()
    if count:
        more = f" and {count - 1} more" if count > 1 else ""
        raise ValueError(
            f"customer {customer}{more} has no price on {unpriced}. Add one to"
            " seeds/mensageria/precos_notificacao.csv, then run `dbt build`."
        )


def _refuse_files_not_built(con: duckdb.DuckDBPyConnection, raw: Root, ready: datetime) -> None:
    """Refuse if a file that arrived before the end of the grace period is not in the build."""
    built = {name for (name,) in con.execute(_FILES).fetchall()}
    missing = [name for name in _arrived_before(raw, ready) if name not in built]
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise ValueError(f"{missing[0]}{more} is not in the build. Run `dbt build` first.")


def _arrived_before(raw: Root, ready: datetime) -> Iterator[str]:
    """Yield the files of notifications in the folders of the hours that begin before a time."""
    for entry in raw.entries(_NOTIFICATIONS):
        folder = _FOLDER.search(entry.name)
        if folder and entry.name.endswith(".parquet"):
            arrival = datetime.combine(date.fromisoformat(folder[1]), time(int(folder[2])), UTC)
            if arrival < ready:
                yield entry.name


def _utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
