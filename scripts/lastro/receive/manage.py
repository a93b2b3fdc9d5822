"""What people ask and do about batches: find, explain, cancel, expire."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from pathlib import Path

import duckdb

from lastro.contract import ORIGINAL_LINE
from lastro.database import opened
from lastro.reasons import read_reasons
from lastro.receive.batches import Batches
from lastro.receive.events import CLOSINGS, Event, Events, day_of, status_of
from lastro.receive.gate import Gate
from lastro.receive.places import scratch_folder
from lastro.receive.roots import root_at

ORIGIN = "lastro batch"
_REJECTION = """
select
    quarentena.reasons,
    arquivos.reader_version,
    (select max_by(project_version, built_at) from lastro_qualidade.builds) as project_version
from lastro_qualidade.quarentena
inner join lastro_landed.arquivos on quarentena.source_file = arquivos.source_file
where quarentena.source_file = ? and quarentena.line_number = ?
"""


# The closing and the failed rows of each batch that the last build judged.
Judged = dict[str, tuple[str, str | None]]


@dataclass(frozen=True)
class Batch:
    """A batch as people see it.

    Attributes:
        status: The fold of its events, and of the last build's judgement of its rows.
        rows: The rows that the gate counted, if it accepted the file.
        reason: Why it was refused, how many rows were rejected, or what it warns of.
    """

    id_lote: str
    status: str
    name: str
    rows: int | None
    reason: str | None
    events: list[Event]


def newest_batches(
    raw: str, judged: Judged, limit: int, sender: str | None, status: str | None
) -> list[Batch]:
    """Return the newest batches, in the order of their ids."""
    events = Events(root_at(raw))
    found = (
        batch
        for day in events.days()
        for id_lote, known in reversed(events.of_day(day).items())
        if (batch := _batch(id_lote, known, judged))
        and (sender is None or known[0].dados.get("id_cliente") == sender)
        and (status is None or batch.status == status)
    )
    return sorted(islice(found, limit), key=lambda batch: batch.id_lote)


def find_batch(raw: str, judged: Judged, id_lote: str) -> Batch:
    """Return one batch.

    Raises:
        ValueError: There is no such batch.
    """
    events = Events(root_at(raw)).of_batch(id_lote)
    if not events:
        raise ValueError(f"there is no batch {id_lote}. List them: lastro batch list.")
    return _batch(id_lote, events, judged)


def explain(raw: str, database: Path, id_lote: str, line: int | None, locale: str) -> list[str]:
    """Return sentences that say why a batch, or one of its lines, was refused.

    Args:
        raw: The raw root.
        database: The DuckDB file that dbt built, for a line.
        id_lote: The batch.
        line: A line or row of the file as it was received.
        locale: The language of the words, en or pt_BR.

    Raises:
        ValueError: There is no such batch, or no build has judged its lines.
    """
    if locale not in ("en", "pt_BR"):
        raise ValueError(f"--locale is {locale!r}, but must be en or pt_BR.")
    batch = find_batch(raw, read_judged(database), id_lote)
    words = read_reasons(locale)
    if line is None:
        refusal = next((event for event in reversed(batch.events) if event.evento in CLOSINGS), None)
        said = [f"{id_lote} is {batch.status}: {batch.name}"]
        if refusal and "motivo" in refusal.dados:
            said.append(f"{refusal.dados['motivo']}: {refusal.dados.get('mensagem', '')}".strip(": "))
            if refusal.dados["motivo"] in words:
                said += list(words[refusal.dados["motivo"]])
        return said
    accepted = next((event.dados for event in reversed(batch.events) if event.evento == "aceito"), None)
    if accepted is None or "destino" not in accepted:
        raise ValueError(f"{id_lote} is {batch.status}, so none of its lines was judged.")
    found = _rejection(database, accepted["destino"], _raw_line(raw, accepted, line))
    if found is None:
        return [
            f"line {line} of {batch.name} is not in quarantine: it was accepted, or there is no such row."
        ]
    reasons, version, project = found
    said = [f"line {line} of {batch.name}, judged by reader {version} and Lastro {project}:"]
    for reason in reasons.split(","):
        column, _, code = reason.rpartition(":")
        meaning = words.get(code)
        said.append(f"{column}: {meaning.meaning} {meaning.remedy}" if meaning else reason)
    return said


def cancel(batches: Batches, judged: Judged, id_lote: str, reason: str) -> str:
    """Cancel a batch, take back what it published, and return a sentence that says so.

    Args:
        batches: The batches.
        judged: What the last build judged.
        id_lote: The batch.
        reason: Why it is cancelled.

    Raises:
        ValueError: The batch is done, or the id is none.
    """
    day = day_of(id_lote)
    events = batches.events.of_batch(id_lote)
    status = _batch(id_lote, events, judged).status if events else "inicio"
    is_done = not batches.events.allows(status, "cancelado")
    done = ValueError(f"{id_lote} is {status}. Only a batch that is not done can be cancelled.")
    if is_done and status != "cancelado":
        raise done
    if not is_done:
        # Before its file has come, the number is taken, so that no other file gets it.
        batches.keep_number(id_lote, recebido_em=datetime.combine(day, datetime.min.time(), UTC).isoformat())
        if not batches.end(id_lote, "cancelado", {"motivo": reason, "origem": ORIGIN}):
            raise ValueError(f"{id_lote} ended meanwhile. Look at it: lastro batch status {id_lote}.")
    # A gate may have accepted it meanwhile, and this command may have been killed before it came so far.
    events = batches.events.of_batch(id_lote)
    accepted = next((event.dados for event in reversed(events) if event.evento == "aceito"), {})
    if "destino" in accepted and batches.withdraw(id_lote, accepted["destino"]):
        replaced = accepted.get("substitui")
        before = f" It had replaced {replaced}: send that file again." if replaced else ""
        return f"{id_lote} cancelado; {accepted['destino']} is no longer in the raw root.{before}"
    if is_done:
        raise done
    return f"{id_lote} cancelado."


def expire(gate: Gate, as_of: date) -> list[str]:
    """Delete the received files of closed batches that were kept long enough, and return the batches.

    Args:
        gate: The gate whose files they are.
        as_of: The day to judge by.
    """
    kept_for = {
        (table.source, table.name): table.inbox.days_kept
        for table in gate.inbox.tables
        if table.inbox and table.inbox.days_kept is not None
    }
    expired = []
    for day in gate.events.days():
        for id_lote, events in gate.events.of_day(day).items():
            known = {key: value for event in events for key, value in event.dados.items()}
            days = kept_for.get((known.get("source_name", ""), known.get("table_name", "")))
            is_closed = status_of(events) in CLOSINGS and status_of(events) != "recusado"
            if days is None or not is_closed or day + timedelta(days=days) >= as_of:
                continue
            files = [entry.name for entry in gate.places.received.entries(f"{id_lote}/")]
            if files:
                # The event first: a file never disappears without one.
                if not any(event.evento == "expirado" for event in events):
                    gate.events.add(id_lote, "expirado", {"origem": ORIGIN}, changes_status=False)
                for name in files:
                    gate.places.received.delete(name)
                expired.append(id_lote)
    return expired


def _batch(id_lote: str, events: list[Event], judged: Judged) -> Batch:
    known = {key: value for event in events for key, value in event.dados.items()}
    status = status_of(events)
    # A build may have judged its rows before `lastro settle` writes that down.
    failed = known.get("linhas_com_falha")
    if status in ("aceito", "processando", "falhou"):
        status, failed = judged.get(id_lote, (status, failed))
    rejected = f"{failed} rows rejected" if failed and int(failed) else None
    return Batch(
        id_lote,
        status,
        known.get("arquivo", ""),
        int(known["linhas"]) if "linhas" in known else None,
        known.get("motivo") or rejected or known.get("avisos"),
        events,
    )


def read_judged(database: Path) -> Judged:
    """Return the closing and the failed rows of each batch that the last build judged; none without one."""
    try:
        with opened(database) as con:
            rows = con.execute(
                "select id_lote, status, cast(linhas_com_falha as varchar) from lastro_recebimento.lotes"
                " where status in ('concluido', 'concluido_com_rejeicoes', 'falhou')"
            ).fetchall()
    except (OSError, duckdb.Error):
        return {}
    return {id_lote: (status, failed) for id_lote, status, failed in rows}


def _rejection(database: Path, source_file: str, line: int) -> tuple[str, str, str] | None:
    with opened(database) as con:
        try:
            return con.execute(_REJECTION, [source_file, line]).fetchone()
        except duckdb.CatalogException:
            raise RuntimeError(f"{database} is not a finished build. Run `dbt build`.") from None


def _raw_line(raw: str, accepted: dict[str, str], line: int) -> int:
    """Return the line in the raw file of a line that was received; 0 if it is none.

    What the gate made of a file has the line of each row in a column; other files are published as they came.
    """
    if not accepted["destino"].endswith(".csv"):
        return line
    with scratch_folder() as scratch:
        path = root_at(raw).local(accepted["destino"], scratch)
        # What the gate writes is UTF-8; another file need not be.
        with path.open(encoding="utf-8", errors="replace", newline="") as file:
            rows = csv.reader(file)
            names = [name.strip().lower() for name in next(rows, [])]
            if ORIGINAL_LINE not in names:
                return line
            at, begins = names.index(ORIGINAL_LINE), rows.line_num + 1
            for row in rows:
                if at < len(row) and row[at] == str(line):
                    return begins
                begins = rows.line_num + 1
    return 0
