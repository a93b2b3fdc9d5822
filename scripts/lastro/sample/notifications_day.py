"""The sample's notifications: a day that is closed, and the morning after with all that goes wrong."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import duckdb

from lastro.sample.files import Sample

_COLUMNS = (
    "customer_id, message_id, customer_name, channel, payload, event_datetime,"
    " _partition, _offset, _ingested_at, _raw, _problem, _extra"
)

# Two customers have one name, and one changes its name at noon. A customer's messages have one partition.
_MESSAGES = """
create table notifications as
with messages as (
    select
        number,
        1 + cast(floor(chance($seed, number, 0, 'customer') * 3) as integer) as customer,
        case when number % 4 = 3 then 1 else 0 end as day,
        chance($seed, number, 0, 'time') as moment
    from range(greatest($clients, 40)) as numbers (number)
)
select
    customer % 2 as partition,
    cast($start as timestamp) + to_days(day) + case
        when day = 0 then to_milliseconds(cast(36000000 + moment * 18000000 as bigint))
        else to_milliseconds(cast(32400000 + moment * 1800000 as bigint))
    end as sent_at,
    ['7494212', '8210337', '9003411'][customer] as customer_id,
    upper(substr(md5($seed || ' ' || number), 1, 10)) as message_id,
    case
        when customer <> 2 then 'Acme'
        when day = 1 or moment > 0.4 then 'Padaria Três Irmãs'
        else 'Padaria Três Irmãos'
    end as customer_name,
    case number % 3
        when 0 then 'Olá! Seu pedido ' || (1000 + number) || ' saiu para entrega.'
        when 1 then 'Sua fatura de "janeiro" está disponível.'
        else 'Não identificamos a sua última mensagem. Por favor, responda SIM ou NÃO.'
    end as payload
from messages
"""


def write(con: duckdb.DuckDBPyConnection, folder: Path, sample: Sample) -> Iterator[Path]:
    """Write the messages of a day and of the next morning, the closing of the day, and a gap.

    Args:
        con: An open database with the macro CHANCE; the tables are created there.
        folder: The folder of the domain, which has a subfolder per table.
        sample: What to generate.

    Yields:
        Each file, when it is written.
    """
    con.execute(_MESSAGES, {"clients": sample.clients, "start": sample.start, "seed": sample.seed})
    first, second = sample.start, sample.start + timedelta(days=1)
    ends: dict[int, int] = {0: -1, 1: -1}
    for day, hour in ((first, 12), (first, 15), (second, 9)):
        since = f"timestamp '{first}'" if hour == 12 else f"timestamp '{first} 12:00:00'"
        chosen = f"sent_at >= timestamp '{second}'" if day == second else f"sent_at >= {since} and sent_at < "
        if day == first:
            chosen += f"timestamp '{first} 12:00:00'" if hour == 12 else f"timestamp '{second}'"
        for partition in (0, 1):
            rows = _rows(con, f"partition = {partition} and {chosen}")
            if day == second and not sample.clean:
                rows += _defects(con, partition, first, second)
                if partition == 1:
                    # The broker had deleted three messages before the consumer came back.
                    yield _write_gap(folder / "lacunas", second, partition, ends[1] + 1, ends[1] + 3)
                    ends[1] += 3
            yield _write_file(con, folder / "notifications", f"{day} {hour:02}:59:00", partition, ends, rows)
        if hour == 15:
            yield _write_closing(folder / "fechamentos", first, second, ends)


def _rows(con: duckdb.DuckDBPyConnection, where: str) -> list[tuple]:
    found = con.execute(
        "select customer_id, message_id, customer_name, 'Whatsapp', payload,"
        " strftime(sent_at, '%Y-%m-%dT%H:%M:%S.%g+00:00'), null, null, null"
        f" from notifications where {where} order by sent_at, message_id"
    )
    return found.fetchall()


def _defects(con: duckdb.DuckDBPyConnection, partition: int, first: object, second: object) -> list[tuple]:
    """Return what comes on the second morning besides its own messages."""
    if partition == 0:
        sent = _rows(con, f"partition = 0 and sent_at < timestamp '{second}'")
        broken = b64encode(b'{"customer_id": "8210337", "message_id": ').decode()
        return [
            # Two copies, and a message that is late: they are of the day that is closed.
            sent[0],
            sent[3],
            ("8210337", "0A1B2C3D4E", "Padaria Três Irmãs", "Whatsapp", "Atrasada.", f"{first}T23:59:59.500Z")
            + (None, None, None),
            # The id of a message of the day before is another message.
            (*sent[1][:2], "Padaria Três Irmãs", *sent[1][3:5], f"{second}T09:10:00.000+00:00")
            + (None, None, None),
            (None,) * 6 + (broken, "row:not_json", None),
        ]
    return [
        # customer_id:missing; event_datetime:not_a_timestamp; event_datetime:after_arrival; a member more.
        ("", "00000000A1", "?", "Whatsapp", "Sem cliente.", f"{second}T09:10:00Z", None, None, None),
        ("7494212", "00000000A2", "Acme", "Whatsapp", "Sem hora.", "ontem", None, None, None),
        ("7494212", "00000000A3", "Acme", "Whatsapp", "Amanhã.", "2098-01-01T00:00:00Z", None, None, None),
        ("7494212", "00000000A4", "Acme", "Whatsapp", "Oi.", f"{second}T09:11:00-00:00"[:-6] + "Z")
        + (None, None, '{"campanha": "verão"}'),
    ]


def _write_file(
    con: duckdb.DuckDBPyConnection,
    folder: Path,
    ingested_at: str,
    partition: int,
    ends: dict[int, int],
    rows: list[tuple],
) -> Path:
    start = ends[partition] + 1
    path = folder / f"dt={ingested_at[:10]}" / f"hour={ingested_at[11:13]}"
    path = path / f"notifications-{partition:05}-{start:020}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    con.execute(
        "create or replace temp table flushed (customer_id varchar, message_id varchar,"
        " customer_name varchar, channel varchar, payload varchar, event_datetime varchar,"
        " _partition integer, _offset bigint, _ingested_at timestamptz, _raw varchar, _problem varchar,"
        " _extra varchar)"
    )
    con.executemany(
        "insert into flushed values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [(*row[:6], partition, start + at, f"{ingested_at}+00", *row[6:]) for at, row in enumerate(rows)],
    )
    con.execute(
        f"copy (select {_COLUMNS} from flushed order by _offset) to '{path}'"
        " (format parquet, compression zstd)"
    )
    ends[partition] += len(rows)
    return path


def _write_closing(folder: Path, day: object, written: object, ends: dict[int, int]) -> Path:
    path = folder / f"dt={day}" / f"fechamento-{day}.json"
    partitions = [
        {"topico": "notifications", "particao": partition, "de_offset": 0, "ate_offset": end}
        for partition, end in ends.items()
    ]
    closing = {
        "id_fechamento": f"fechamento-{day}",
        "data": str(day),
        "fechado_em": f"{written}T06:00:00Z",
        "particoes": partitions,
        "precos": [{"a_partir_de": 1, "preco": "0.04"}],
    }
    return _write_json(path, closing)


def _write_gap(folder: Path, day: object, partition: int, first: int, last: int) -> Path:
    path = folder / f"dt={day}" / f"notifications-{partition:05}-{first:020}.json"
    gap = {"topico": "notifications", "particao": partition, "de_offset": first, "ate_offset": last}
    return _write_json(path, gap | {"detectado_em": f"{day}T09:00:00Z"})


def _write_json(path: Path, record: dict[str, object]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record) + "\n", encoding="utf-8")
    return path
