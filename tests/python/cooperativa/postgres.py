"""A throwaway PostgreSQL on 127.0.0.1, from the machine's own package."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg


def programs() -> Path | None:
    """Return the folder of the server's programs, which Debian keeps off the PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else on_path and Path(on_path).resolve().parent


@contextmanager
def running_postgres() -> Iterator[str]:
    """Start a server with its files in a folder of its own, yield its URI, and stop it whatever happens.

    Not in a folder of pytest: another run of pytest takes away its rights, and the server could not be stopped.
    """
    bin_folder = programs()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="lastro_postgres_") as name:
        folder = Path(name)
        # The server refuses to run as root.
        user = []
        if os.geteuid() == 0:
            user = ["runuser", "-u", "postgres", "--"]
            shutil.chown(folder, "postgres")
        data = folder / "data"

        def run(program: str, *args: str) -> None:
            subprocess.run(
                [*user, str(bin_folder / program), *args],
                check=True,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )

        run("initdb", "-D", str(data), "-U", "lastro", "--auth=trust", "--encoding=UTF8", "--no-sync")
        options = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories='' -c fsync=off"
        run("pg_ctl", "-D", str(data), "-w", "-l", str(folder / "log"), "-o", options, "start")
        try:
            yield f"postgresql://lastro@127.0.0.1:{port}/postgres"
        finally:
            run("pg_ctl", "-D", str(data), "-m", "immediate", "-w", "stop")


def fill(dsn: str, script: str) -> None:
    """Empty the schema, then run a script."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("drop schema public cascade")
        connection.execute("create schema public")
        connection.execute(script)
