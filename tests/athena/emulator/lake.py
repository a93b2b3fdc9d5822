"""The engine and the endpoint together, with dbt pointed at them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .endpoint import Endpoint, free_ports
from .engine import Engine
from .statements import ICEBERG

PROJECT = Path(__file__).parents[3]
NO_TESTS = ("--exclude-resource-type", "test", "unit_test")
BUCKET = "lastro-data"


class Lake:
    """A running endpoint, and the programs that run against it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        aws_port, trino_port = free_ports(2)
        self.endpoint = Endpoint(folder, aws_port, trino_port, BUCKET)
        self.engine = Engine(folder / "trino", trino_port, self.endpoint.address, BUCKET)

    def variables(self) -> dict[str, str]:
        """Return the environment that points every AWS client at the endpoint and nowhere else.

        Raises:
            RuntimeError: The endpoint is not on the loopback interface.
        """
        if not self.endpoint.address.startswith("http://127.0.0.1:"):
            raise RuntimeError(f"{self.endpoint.address} is not this machine")
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "LASTRO_"))
        }
        return inherited | {
            "AWS_ENDPOINT_URL": self.endpoint.address,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "LASTRO_S3_LANDED": f"s3://{BUCKET}/landed/",
            "LASTRO_S3_DATA": f"s3://{BUCKET}/tables/",
            "LASTRO_S3_STAGING": f"s3://{BUCKET}/staging/",
            "LASTRO_ATHENA_POLL_SECONDS": "0.1",
        }

    def run(self, program: str, *args: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a program of the virtual environment against the endpoint, with stdout and stderr combined."""
        return subprocess.run(
            [str(Path(sys.executable).with_name(program)), *args],
            cwd=PROJECT,
            env=self.variables() | variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    def dbt(self, *args: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run dbt on the Athena target, with a target folder of its own."""
        target = ["--target", "athena", "--target-path", str(self.folder / "target")]
        return self.run("dbt", "--no-use-colors", *args, *target, **variables)

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Return the rows that Trino gives for a query, with each map as a comparable set of entries."""
        return [hashable(row) for row in self.endpoint.ask(sql).rows]

    def rows(self, table: str, columns: list[str]) -> list[tuple[Any, ...]]:
        """Return some columns of all rows of an Iceberg table, named schema.table."""
        names = ", ".join(f'"{name}"' for name in columns)
        return self.query(f"select {names} from {ICEBERG}.{table}")


def hashable(row: Iterable[Any]) -> tuple[Any, ...]:
    """Return a row with its maps as sets of entries."""
    return tuple(frozenset(cell.items()) if isinstance(cell, dict) else cell for cell in row)


@contextmanager
def running_lake(folder: Path) -> Iterator[Lake]:
    """Yield a lake that is stopped whatever happens."""
    lake = Lake(folder)
    (folder / "trino").mkdir()
    lake.endpoint.start()
    try:
        lake.engine.start()
        yield lake
    finally:
        lake.engine.stop()
        lake.endpoint.stop()
