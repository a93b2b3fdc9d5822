"""`make demo-notifications`: from a real broker to the panel, under target/, with nothing left behind."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

from lastro.consume.broker import Broker

_TOPIC = "notifications"


def main() -> None:
    """Run the demo; whatever ends it, the broker ends too."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=5000)
    parser.add_argument("--folder", type=Path, default=Path("target/demo-notifications"))
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, _end)
    shutil.rmtree(options.folder, ignore_errors=True)
    variables = {
        "LASTRO_RAW": str(options.folder / "raw"),
        "LASTRO_LANDED": str(options.folder / "landed"),
        "LASTRO_DB": str(options.folder / "lastro.duckdb"),
        "DBT_LOG_PATH": str(options.folder / "logs"),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }
    try:
        with Broker(options.folder / "broker") as broker:
            print(f"A broker answers at {broker.address}.", flush=True)
            broker.create_topic(_TOPIC, partitions=3)
            said = ["--broker", broker.address]
            sent = ["--messages", str(options.messages), "--broken", "0.001", "--at-once"]
            _run("lastro", "sample", _TOPIC, *said, *sent)
            _run("lastro", "consume", _TOPIC, *said, "--once", **variables)
        _run("dbt", "build", "--quiet", "--exclude-resource-type", "unit_test", **variables)
        _run("lastro", "panel", "--once", **variables)
    except KeyboardInterrupt:
        sys.exit(130)
    except (RuntimeError, subprocess.CalledProcessError) as error:
        sys.exit(str(error))
    finally:
        shutil.rmtree(options.folder / "broker", ignore_errors=True)


def _run(program: str, *args: str, **variables: str) -> None:
    print(f"$ {program} {' '.join(args)}", flush=True)
    command = [str(Path(sys.executable).with_name(program)), *args]
    subprocess.run(command, env=os.environ | variables, check=True)


def _end(number: int, _frame: object) -> NoReturn:
    sys.exit(128 + number)


if __name__ == "__main__":
    main()
