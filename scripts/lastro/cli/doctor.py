"""`lastro doctor`: what this machine has, what it lacks, and how to fix it."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

import psutil
import typer
from rich.console import Console

from lastro.cli.options import DATABASE, LANDED, RAW, Database, Landed, Raw
from lastro.database import opened
from lastro.landing.land import landed_folder
from lastro.landing.settings import memory_limit, threads

_GB = 10**9


class State(StrEnum):
    """What a finding means for the user."""

    there = "ok"
    missing = "--"
    wrong = "!!"


class Finding(NamedTuple):
    """The result of one check.

    Attributes:
        what: The name of what was checked.
        state: Whether it is there, is missing but not needed to build, or has to be fixed.
        says: What was found, and what to do.
    """

    what: str
    state: State
    says: str


def doctor(raw: Raw = RAW, landed: Landed = LANDED, database: Database = DATABASE) -> None:
    """Check what a build and its tests need. Exits with 1 if something has to be fixed."""
    findings = [*_machine(database), *_data(raw, landed, database), *_programs()]
    width = max(len(finding.what) for finding in findings)
    console = Console()
    for what, state, says in findings:
        console.print(f"{state:2}  {what:{width}}  {says}", markup=False, highlight=False, soft_wrap=True)
    if any(finding.state is State.wrong for finding in findings):
        raise typer.Exit(1)


def _machine(database: Path) -> Iterator[Finding]:
    found = platform.python_version()
    is_new = sys.version_info >= (3, 11)
    yield Finding(
        "Python", State.there if is_new else State.wrong, found if is_new else f"{found}; use 3.11 or later"
    )
    free = shutil.disk_usage(_existing(database)).free
    yield Finding(
        "disk", State.there if free > _GB else State.wrong, f"{free / _GB:.0f} GB free for {database}"
    )
    memory = psutil.virtual_memory().total
    try:
        limits = f"DuckDB uses up to {memory_limit()} and {threads()} threads"
        yield Finding("memory", State.there, f"{memory / _GB:.0f} GB; {limits}")
    except ValueError as error:
        yield Finding("memory", State.wrong, str(error))


def _existing(path: Path) -> Path:
    return next(parent for parent in [path.absolute(), *path.absolute().parents] if parent.exists())


def _data(raw: Path, landed: Path, database: Path) -> Iterator[Finding]:
    files = sum(path.is_file() and not path.name.startswith(".") for path in raw.rglob("*"))
    remedy = f"{raw} has no files; set LASTRO_RAW to another root, or run: lastro sample --to {raw}"
    yield Finding(
        "raw root", State.there if files else State.wrong, f"{files} files under {raw}" if files else remedy
    )
    folder = landed_folder(raw, landed)
    is_landed = folder.exists()
    yield Finding(
        "landed",
        State.there if is_landed else State.missing,
        str(folder) if is_landed else "nothing yet; dbt build lands the raw files",
    )
    if not database.exists():
        yield Finding("database", State.missing, f"{database} does not exist yet; run make build")
        return
    try:
        with opened(database):
            yield Finding("database", State.there, f"{database}, {database.stat().st_size / 10**6:.0f} MB")
    except OSError as error:
        yield Finding("database", State.wrong, str(error))


def _programs() -> Iterator[Finding]:
    java = shutil.which("java")
    yield Finding(
        "Java",
        State.there if java else State.missing,
        java or "make test needs a JRE of 17 or later, make test-athena of 24 or later",
    )
    maven = shutil.which("mvn")
    yield Finding(
        "Maven",
        State.there if maven else State.missing,
        maven or "make test and make test-athena get Kafka and Trino with it: apt install maven",
    )
    postgres = shutil.which("initdb") or next(
        (str(path) for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")), None
    )
    yield Finding(
        "PostgreSQL",
        State.there if postgres else State.missing,
        postgres or "the lastro extract tests need it: apt install postgresql",
    )
    key = "AWS_PROFILE" if os.environ.get("AWS_PROFILE") else "AWS_ACCESS_KEY_ID"
    is_set = bool(os.environ.get(key))
    yield Finding(
        "AWS",
        State.there if is_set else State.missing,
        f"{key} is set" if is_set else "only --target athena needs it",
    )
