"""`lastro expect`: which files are late, and which came unexpected."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from lastro.cli.errors import ExitCode
from lastro.cli.options import DATABASE, RAW_ROOT, Database, RawRoot
from lastro.contract import read_contract
from lastro.receive.expected import LATE, business_days, check_expected, write_checks
from lastro.receive.places import OUTAGES, outage
from lastro.receive.roots import root_at


def expect(
    as_of: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="The day to judge by; default: today in UTC."),
    ] = None,
    database: Database = DATABASE,
    raw: RawRoot = RAW_ROOT,
) -> None:
    """List the files that are late or unexpected, and keep the check for dbt. Exits with 3 if one is late."""
    day = as_of.date() if as_of else datetime.now(UTC).date()
    tables = [table for table in read_contract() if table.inbox and table.inbox.expected]
    if not tables:
        typer.echo("No source YAML declares `expected`.")
        return
    root = root_at(raw)
    calendar = business_days(database)
    try:
        checks = check_expected(root, tables, day, calendar)
        write_checks(root, day, checks)
    except OUTAGES as error:
        raise outage(raw, error) from error
    for check in checks:
        if check.situacao != "no_prazo":
            due = f", due {check.vence_em}" if check.vence_em else ""
            typer.echo(
                f"{check.situacao} {check.source_name}.{check.table_name} {check.periodo}{due}"
                + (f": {check.arquivo}" if check.arquivo else "")
            )
    late = sum(check.situacao == LATE for check in checks)
    typer.echo(f"{len(checks)} files checked as of {day}, {late} late.")
    if late:
        raise typer.Exit(ExitCode.LATE)
