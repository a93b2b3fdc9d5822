"""`lastro close-billing`: close the bill of a day of notifications."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from lastro.billing import close_day
from lastro.cli.options import DATABASE, RAW_ROOT, Database, RawRoot
from lastro.receive.roots import root_at


def close_billing(
    day: Annotated[datetime, typer.Option("--date", formats=["%Y-%m-%d"], help="The day to close.")],
    grace_hours: Annotated[
        float, typer.Option(min=0, help="How long after the end of the day late messages are waited for.")
    ] = 6,
    despite_gaps: Annotated[
        bool,
        typer.Option(
            "--despite-gaps", help="Close although no file holds some offsets; the event counts them."
        ),
    ] = False,
    even_if_silent: Annotated[
        bool, typer.Option("--even-if-silent", help="Close although nothing came after the end of the day.")
    ] = False,
    database: Database = DATABASE,
    raw: RawRoot = RAW_ROOT,
) -> None:
    """Close the bill of a day as the last build has it; the next build bills late messages as adjustments."""
    closing = close_day(
        database,
        root_at(raw),
        day.date(),
        datetime.now(UTC),
        timedelta(hours=grace_hours),
        despite_gaps=despite_gaps,
        even_if_silent=even_if_silent,
    )
    if not closing.is_new:
        typer.echo(f"{day:%Y-%m-%d} is closed already ({closing.name}). Nothing is changed.")
        return
    typer.echo(f"{day:%Y-%m-%d} closed: {closing.messages} messages, R$ {closing.amount}")
    for topic, partition, first, last in closing.ranges:
        typer.echo(f"{topic} {partition}: offsets {first} to {last}")
    if closing.gaps:
        typer.echo(f"Closed in spite of gaps: {closing.gaps}")
    typer.echo(f"Event: {closing.name}. The next `dbt build` reads it.")
