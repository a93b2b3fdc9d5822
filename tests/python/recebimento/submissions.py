"""What senders send in the tests of kills, and what stands everywhere when a gate is done with it."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import re
import zipfile
from dataclasses import replace
from itertools import pairwise
from typing import Any

from lastro.contract import RawTable, read_contract
from lastro.receive.events import FOLDER, Event, Events, status_of
from lastro.receive.places import Places
from lastro.receive.roots import Root

_ID = re.compile(r"[A-Za-z0-9_]+-[0-9]{8}-[0-9]{4,}")


def invoices(period: str, rows: int, tag: str = "") -> bytes:
    """Return a file of tb_faturas with some rows."""
    lines = ["id_fatura,id_cliente,data_emissao,data_vencimento,valor_fatura,valor_pagamento_minimo"]
    day = f"{period[:4]}-{period[4:]}"
    lines += [f"f{tag}{n}-{period},c{n},{day}-05,{day}-15,{n}.50,1.00" for n in range(1, rows + 1)]
    return ("\n".join(lines) + "\n").encode()


def payments(period: str, rows: int, tag: str = "") -> bytes:
    """Return a file of tb_pagamentos with some rows; its R$ sum to rows × 2.50."""
    lines = ["id_pagamento,id_fatura,id_cliente,data_pagamento,valor_pagamento"]
    day = f"{period[:4]}-{period[4:]}-10"
    lines += [f"p{tag}{n}-{period},f{n}-{period},c{n},{day},2.50" for n in range(1, rows + 1)]
    return ("\n".join(lines) + "\n").encode()


def refused(period: str) -> bytes:
    """Return a file of tb_faturas without one of its columns."""
    return b"id_fatura,id_cliente,data_emissao\nf1,c1," + period.encode() + b"\n"


def zipped(members: dict[str, bytes]) -> bytes:
    """Return a zip archive."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name, (2024, 1, 1, 0, 0, 0)), data)
    return packed.getvalue()


def gzipped(data: bytes) -> bytes:
    """Return a gzip file, the same for the same data."""
    return gzip.compress(data, mtime=0)


def tables_with_companions() -> list[RawTable]:
    """Return the project's tables of cards; payments wait for a marker and a control file."""
    tables = [table for table in read_contract() if table.source == "cartoes"]
    return [
        replace(table, inbox=replace(table.inbox, marker=".ok", control=".ctl"))
        if table.inbox and table.name == "tb_pagamentos"
        else table
        for table in tables
    ]


def sha(data: bytes | None) -> str:
    """Return what tells two contents apart."""
    return hashlib.sha256(data or b"").hexdigest()[:12]


def state(places: Places, is_cancelled: bool = False) -> dict[str, Any]:
    """Return all that a gate left, with a name instead of the number of each batch, and without times.

    The name of a batch is its file's name and which of the files of that name it was. Each event must have its
    own number and change the status, but if someone cancels, who writes events without asking the gate.
    """
    events = Events(places.raw)
    batches = {id_lote: found for day in events.days() for id_lote, found in events.of_day(day).items()}
    labels: dict[str, str] = {}
    for id_lote in sorted(batches, key=lambda id_lote: (_first(batches[id_lote]), id_lote)):
        name = _first(batches[id_lote])
        labels[id_lote] = f"{name}#{sum(_first(batches[other]) == name for other in labels) + 1}"

    def named(text: str) -> str:
        return _ID.sub(lambda match: labels.get(match[0], f"unknown {match[0]}"), text)

    for id_lote, found in batches.items():
        assert is_cancelled or _is_complete(found), (id_lote, found)
    return {
        "inbox": _files(places.inbox, ""),
        "inbox, hidden": _files(places.inbox, ".claims/") | _files(places.inbox, ".aside/"),
        "received": {named(name): said for name, said in _files(places.received, "").items()},
        "quarantine": {
            named(name): named((places.quarantine.read(name) or b"").decode(errors="replace"))
            for name in _files(places.quarantine, "")
        },
        "raw": {name: said for name, said in _files(places.raw, "").items() if not name.startswith(FOLDER)},
        "raw, claims": _files(places.raw, ".claims/"),
        "events": {
            labels[id_lote]: [
                (event.evento, named(json.dumps(event.dados)))
                for event in found
                if event.evento != "notificado"
            ]
            for id_lote, found in batches.items()
        },
        "statuses": {labels[id_lote]: status_of(found) for id_lote, found in batches.items()},
        "versions": {
            name: named((places.received.read(name) or b"").decode())
            for name in _files(places.received, ".versoes/")
        },
        "contents": sorted(_files(places.received, ".conteudos/")),
        "untold": sorted(named(name) for name in _files(places.received, ".avisar/")),
    }


def _first(events: list[Event]) -> str:
    return next((event.dados["arquivo"] for event in events if "arquivo" in event.dados), "?")


def _is_complete(events: list[Event]) -> bool:
    """Return whether every event has its own number and changed the status."""
    numbers = [event.sequencia for event in events]
    events = [event for event in events if event.evento != "notificado"]
    changes = [status_of(events[:count]) for count in range(len(events) + 1)]
    return numbers == list(range(1, len(numbers) + 1)) and all(
        before != after for before, after in pairwise(changes)
    )


def _files(root: Root, prefix: str) -> dict[str, str]:
    return {entry.name: sha(root.read(entry.name)) for entry in root.entries(prefix)}
