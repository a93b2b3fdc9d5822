"""Replay: the cooperative's star from its dated extracts. The taking is dbt's: macros/cooperativa."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from lastro import PROJECT

# With the facts: a fact whose version is another one now has to follow it.
STAR = "+tag:cooperativa"


def replay(database: Path, raw: Path, from_nothing: bool) -> None:
    """Build the star of the cooperative and all that it needs.

    Args:
        database: The DuckDB file to build.
        raw: The raw root.
        from_nothing: Take every extract again, and not only those that were not taken yet.

    Raises:
        RuntimeError: dbt refused; the message says why.
    """
    done = subprocess.run(
        [str(Path(sys.executable).with_name("dbt")), "--no-use-colors", "build", "--quiet"]
        + ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)]
        + ["--exclude-resource-type", "unit_test", "--select", STAR]
        + (["--full-refresh"] if from_nothing else []),
        env=os.environ | {"LASTRO_DB": str(database.absolute()), "LASTRO_RAW": str(raw.absolute())},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stdout.strip())
