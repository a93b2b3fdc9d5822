"""`lastro settle`: close the batches that the last build judged, and tell their senders."""

from __future__ import annotations

from typing import Annotated

import duckdb
import typer

from lastro.cli.options import (
    DATABASE,
    INBOX,
    QUARANTINE,
    RAW_ROOT,
    RECEIVED,
    Database,
    Inbox,
    Quarantine,
    RawRoot,
    Received,
)
from lastro.contract import read_contract
from lastro.receive.gate import Gate
from lastro.receive.places import Places
from lastro.receive.settle import settle as settle_batches
from lastro.receive.tell import tell_senders


def settle(
    silent: Annotated[bool, typer.Option("--silent", help="Write the events, and tell nobody yet.")] = False,
    database: Database = DATABASE,
    inbox: Inbox = INBOX,
    received: Received = RECEIVED,
    quarantine: Quarantine = QUARANTINE,
    raw: RawRoot = RAW_ROOT,
) -> None:
    """Write how each batch ended that the last build judged, and tell its sender."""
    batches = Gate(Places.at(inbox, received, quarantine, raw)).batches
    try:
        settled = settle_batches(database, batches)
    except (duckdb.CatalogException, duckdb.BinderException) as error:
        raise RuntimeError(f"{database} is not a finished build: {error}. Run `dbt build`.") from error
    for batch in settled:
        failed = f", {batch.failed_rows} of them failed" if batch.failed_rows else ""
        typer.echo(f"{batch.id_lote} {batch.status}: {batch.rows} rows{failed}")
    typer.echo(f"{len(settled)} batches settled.")
    if not silent:
        for failure in tell_senders(batches, read_contract()):
            typer.echo(failure, err=True)
