"""`lastro serve`: the API and the page by which clients send debts."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Annotated

import typer
import uvicorn

from lastro.cli.options import (
    CLIENTS,
    DRAFTS,
    INBOX,
    PUBLISHED,
    QUARANTINE,
    RAW_ROOT,
    RECEIVED,
    ClientKeys,
    Drafts,
    Inbox,
    Publications,
    Quarantine,
    RawRoot,
    Received,
)
from lastro.receive.formats import FOLDER
from lastro.receive.places import Places
from lastro.serve.app import create_app
from lastro.serve.settings import Settings


def serve(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1.")] = 8000,
    calls_a_second: Annotated[
        float, typer.Option(min=0.1, help="How often one client may call in the long run.")
    ] = 20,
    max_gigabytes: Annotated[float, typer.Option(min=0.001, help="The largest file of a batch.")] = 5,
    formats: Annotated[
        Path, typer.Option(envvar="LASTRO_FORMATS", help="Folder of the formats of clients.")
    ] = FOLDER,
    drafts: Drafts = DRAFTS,
    clients: ClientKeys = CLIENTS,
    published: Publications = PUBLISHED,
    inbox: Inbox = INBOX,
    received: Received = RECEIVED,
    quarantine: Quarantine = QUARANTINE,
    raw: RawRoot = RAW_ROOT,
) -> None:
    """Serve the API and the page on 127.0.0.1 until SIGINT or SIGTERM; a proxy before it brings TLS.

    What clients send waits in the inbox for `lastro receive`. What they see of their rows is what
    `lastro publish` wrote after the last build.
    """
    settings = Settings(
        places=Places.at(inbox, received, quarantine, raw),
        drafts=drafts,
        clients=clients,
        published=published,
        formats=formats,
        calls_a_second=calls_a_second,
        file_bytes=int(max_gigabytes * 1_000_000_000),
    )
    app = create_app(settings)
    # uvicorn ends what is at work, and then raises the signal again for whoever else listens.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, frame: None)
    with app.state.office.desk.alone():
        typer.echo(f"Lastro serves http://127.0.0.1:{port}. Ctrl-C ends it.", err=True)
        # Addresses hold names of files, which may name people: no access log.
        uvicorn.run(
            app,
            host="127.0.0.1",
            port=port,
            http="h11",
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_keep_alive=5,
            limit_concurrency=500,
        )
