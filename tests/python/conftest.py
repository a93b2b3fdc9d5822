"""A throwaway raw root and database, and a way to build them in this process."""

from __future__ import annotations

import csv
import fcntl
import json
import os
import pickle
import shutil
import threading
from collections.abc import Callable, Iterator
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import boto3
import duckdb
import pytest
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner
from hypothesis import HealthCheck, Phase, settings
from moto.s3.responses import S3Response
from moto.server import ThreadedMotoServer

PROJECT = Path(__file__).parents[2]
SHARED = PROJECT.parent / "shared" / "data"


def examples(count: int) -> settings:
    """Return Hypothesis settings for this many examples, scaled by the percentage LASTRO_EXAMPLES.

    `make check` asks for fewer, `make thorough` for many more.
    """
    return settings(
        max_examples=max(1, count * int(os.environ.get("LASTRO_EXAMPLES", "100")) // 100),
        deadline=None,
        derandomize=True,
        # A failing example is reported without shrinking, which would take minutes.
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


# `few` for properties that build with dbt, at some seconds per example; `many` for those that build without.
few, many = examples(3), examples(40)

DOMAINS = sorted(
    path.name for path in Path(__file__).parent.iterdir() if path.is_dir() and path.name[0] != "_"
)


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """One worker more than cores: a third of the time tests wait, for disks, servers and processes that they kill."""
    return (os.cpu_count() or 1) + 1


def pytest_configure(config: pytest.Config) -> None:
    for kind, says in {
        "fast": "runs no dbt",
        "quick": "builds without dbt, in memory: hundreds of examples of a rule",
        "builds": "runs dbt",
        **dict.fromkeys(DOMAINS, "is about this domain or part of the project"),
    }.items():
        config.addinivalue_line("markers", f"{kind}: {says}")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test by its cost, which its fixtures reveal, and by its folder."""
    for item in items:
        fixtures = set(item.fixturenames)
        is_built = fixtures & {"session_workspace", "once"}
        kind = "quick" if "quick" in fixtures else "builds" if is_built else "fast"
        item.add_marker(kind)
        item.add_marker(item.path.parent.name)


FATURAS_HEADER = [
    "id_fatura",
    "id_cliente",
    "data_emissao",
    "data_vencimento",
    "valor_fatura",
    "valor_pagamento_minimo",
]
PAGAMENTOS_HEADER = ["id_pagamento", "id_fatura", "id_cliente", "data_pagamento", "valor_pagamento"]


def is_old(path: Path) -> None:
    """Give a file an old time: a file modified a moment ago is reread, because its time is not proof."""
    os.utime(path, (1_700_000_000, 1_700_000_000))


# The tables that others query, but for the calendar, which no file changes, the fact that says when it was loaded,
# and the builds.
MARTS = [
    f"lastro_{path.relative_to(PROJECT / 'models').parts[0]}.{path.stem}"
    for path in sorted((PROJECT / "models").rglob("*.sql"))
    if ("marts" in path.parts or path.parent.name == "qualidade")
    and path.stem not in ("dim_data", "fct_movimentacao_cartao", "builds")
]


# Every row of tb_faturas with its disposition.
JUDGED_FATURAS = """(
    select
        base.*,
        case when base.reasons is null then coalesce(repeated.disposition, 'accepted') else 'rejected' end as disposition
    from lastro_cartoes.base_cartoes__faturas as base
    left join lastro_cartoes.base_cartoes__faturas_repeated as repeated
        on base.file_id = repeated.file_id and base.line_number = repeated.line_number
)"""


class Build:
    """The outcome of one dbt command: its success, its messages to the user, and its result."""

    def __init__(self, success: bool, output: str, result: Any) -> None:
        self.success = success
        self.output = output
        self.result = result


class Tables:
    """The tables of a build, for queries."""

    def connection(self) -> duckdb.DuckDBPyConnection:
        """Return a connection for the caller alone."""
        raise NotImplementedError

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query on the build."""
        with self.connection() as con:
            return con.execute(sql).fetchall()

    def records(self, sql: str) -> list[dict[str, Any]]:
        """Return the rows of a query on the build as dictionaries by column name."""
        with self.connection() as con:
            result = con.execute(sql)
            names = [column[0] for column in result.description]
            return [dict(zip(names, row, strict=True)) for row in result.fetchall()]

    def snapshot(self, tables: list[str] = MARTS, exclude: str = "") -> dict[str, list[tuple]]:
        """Return every table as a sorted list of rows, so that two snapshots compare as multisets."""
        columns = f"* exclude ({exclude})" if exclude else "*"
        return {table: self.query(f"select {columns} from {table} order by all") for table in tables}


class Workspace(Tables):
    """One raw root and one database at fixed paths, so that dbt parses the project only once."""

    def __init__(self, folder: Path) -> None:
        self.raw = folder / "raw"
        self.landed = folder / "landed"
        self.database = folder / "workspace.duckdb"
        self.target = folder / "target"

    def clear(self) -> None:
        """Remove all files and tables."""
        shutil.rmtree(self.raw, ignore_errors=True)
        shutil.rmtree(self.landed, ignore_errors=True)
        self.raw.mkdir(parents=True)
        self.forget_tables()

    def forget_tables(self) -> None:
        """Remove the tables, and keep the files."""
        for path in self.database.parent.glob(self.database.name + "*"):
            path.unlink()

    def keep(self, folder: Path) -> Path:
        """Copy files and tables to a folder, for `restore`."""
        for path in (self.raw, self.landed):
            shutil.copytree(path, folder / path.name)
        shutil.copy(self.database, folder)
        return folder

    def restore(self, folder: Path) -> None:
        """Take over what was kept, perhaps of another workspace: a copy takes no time, a build some seconds."""
        self.clear()
        for path in (self.raw, self.landed):
            shutil.copytree(folder / path.name, path, dirs_exist_ok=True)
        shutil.copy(folder / self.database.name, self.database)
        with duckdb.connect(str(self.database)) as con:
            con.execute("update lastro_landed.raw_root set path = ?", [str(self.raw)])

    def write(self, table: str, period: str, content: str | bytes) -> Path:
        """Write one raw card file with exactly this content."""
        path = self.raw / "cartoes" / table / f"{table}_{period}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def write_rows(self, table: str, period: str, rows: list[list[Any]], **options: Any) -> Path:
        """Write rows with the table's header by Python's csv module."""
        path = self.write(table, period, "")
        header = FATURAS_HEADER if table == "tb_faturas" else PAGAMENTOS_HEADER
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, **{"lineterminator": "\n"} | options)
            writer.writerow(header)
            writer.writerows(rows)
        return path

    def variables(self) -> dict[str, str]:
        """Return the environment that points a command at this workspace."""
        return {
            "LASTRO_RAW": str(self.raw),
            "LASTRO_LANDED": str(self.landed),
            "LASTRO_DB": str(self.database),
        }

    def target_of(self, *args: str) -> Path:
        """Return a target folder per --vars, because dbt reparses everything when they change."""
        said = args[args.index("--vars") + 1] if "--vars" in args else ""
        return self.target / sha256(said.encode()).hexdigest()[:8]

    def dbt(self, *args: str, manifest: Any = None) -> Build:
        """Run a dbt command on this workspace, optionally with a changed manifest."""
        messages: list[str] = []

        def keep(event: Any) -> None:
            if event.info.level in ("warn", "error"):
                messages.append(event.info.msg)

        old = dict(os.environ)
        os.environ.update(self.variables())
        try:
            runner = dbtRunner(manifest, callbacks=[keep])
            result = runner.invoke(
                [*args, "--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)]
                + ["--target-path", str(self.target_of(*args)), "--log-level", "warn", "--quiet"]
            )
        finally:
            os.environ.clear()
            os.environ.update(old)
            # The adapter keeps the file open for its next command, but the tests read it in between.
            DuckDBConnectionManager.close_all_connections()
        output = "\n".join(messages + ([str(result.exception)] if result.exception else []))
        return Build(result.success, output, result.result)

    def build(self, *args: str, tests: bool = False) -> Build:
        """Build the project, which must succeed."""
        kinds = [] if tests else ["--exclude-resource-type", "test", "unit_test"]
        # Nobody reads the manifest, and writing it takes a fifth of a build.
        build = self.dbt("build", "--no-write-json", *kinds, *args)
        assert build.success, build.output
        return build

    def build_domain(self, domain: str) -> Build:
        """Build one domain with its tests, as CI builds all."""
        return self.build("--select", f"tag:{domain}", "--exclude", "tag:audit", tests=True)

    def compiled(self, sql: str) -> str:
        """Return SQL with Jinja as dbt compiles it for DuckDB."""
        build = self.dbt("compile", "--inline", sql)
        assert build.success, build.output
        return build.result.results[0].node.compiled_code

    def connection(self) -> duckdb.DuckDBPyConnection:
        """Return a read-only connection, because dbt writes the file."""
        return duckdb.connect(str(self.database), read_only=True)


@pytest.fixture(scope="session")
def session_workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return Workspace(tmp_path_factory.mktemp("lastro"))


@pytest.fixture
def workspace(session_workspace: Workspace) -> Iterator[Workspace]:
    session_workspace.clear()
    yield session_workspace


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Callable[[Path], None]], Path]:
    """Return a function that returns the folder of a name, which one worker fills and the others wait for."""
    base = tmp_path_factory.getbasetemp()
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def once(name: str, fill: Callable[[Path], None]) -> Path:
        folder = base / f"once_{name}"
        with (base / f"once_{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (folder / "filled").exists():
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir()
                fill(folder)
                (folder / "filled").touch()
        return folder

    return once


@pytest.fixture(scope="session")
def compile_once(session_workspace: Workspace, once: Any) -> Callable[..., Any]:
    """Return a function that compiles the project with some arguments, in one worker for all."""
    from quick import Compiled

    def compile_once(name: str, *args: str) -> Any:
        def fill(folder: Path) -> None:
            (folder / "compiled.pickle").write_bytes(pickle.dumps(Compiled(session_workspace, *args)))

        return pickle.loads((once(name, fill) / "compiled.pickle").read_bytes())

    return compile_once


@pytest.fixture(scope="session")
def compiled(compile_once: Callable[..., Any]) -> Any:
    return compile_once("compiled")


@pytest.fixture
def quick(session_workspace: Workspace, compiled: Any) -> Callable[..., Tables]:
    """Return a function that builds models and all that they read from the workspace's files, without dbt."""
    from quick import QuickBuild

    return partial(QuickBuild, compiled, session_workspace)


@pytest.fixture
def sample(workspace: Workspace) -> Workspace:
    """Return a workspace with the committed sample."""
    shutil.copytree(PROJECT / "data" / "raw", workspace.raw, dirs_exist_ok=True)
    return workspace


@pytest.fixture(scope="session")
def kept_sample(once: Any) -> Path:
    """The sample, and what one build with all its tests made of it."""

    def fill(folder: Path) -> None:
        workspace = Workspace(folder)
        shutil.copytree(PROJECT / "data" / "raw", workspace.raw)
        workspace.build(tests=True)

    return once("sample", fill)


@pytest.fixture
def built_sample(session_workspace: Workspace, kept_sample: Path) -> Workspace:
    """A workspace that holds the committed sample, built."""
    session_workspace.restore(kept_sample)
    return session_workspace


def _serialised(method: Callable[..., Any], lock: threading.Lock) -> Callable[..., Any]:
    def locked(self: S3Response) -> Any:
        with lock:
            return method(self)

    return locked


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Yield the address of an empty bucket on a local server, which every AWS client of the test uses."""
    # S3 checks a condition and writes in one step; moto's threads may come between the two.
    one_at_a_time = threading.Lock()
    for name in ("put_object", "delete_object"):
        monkeypatch.setattr(S3Response, name, _serialised(getattr(S3Response, name), one_at_a_time))
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        for name, value in {
            "AWS_ENDPOINT_URL": f"http://{host}:{port}",
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_DEFAULT_REGION": "us-east-1",
        }.items():
            monkeypatch.setenv(name, value)
        # The servers of one process share their buckets, so each test needs its own name.
        boto3.client("s3").create_bucket(Bucket=f"lastro-{port}")
        yield f"s3://lastro-{port}"
    finally:
        server.stop()


@pytest.fixture(scope="session")
def rules(once: Any) -> list[dict[str, Any]]:
    """The SQL that `lastro publish` would write into regras.json."""
    from lastro.publish import _rules

    def fill(folder: Path) -> None:
        (folder / "rules.json").write_text(json.dumps(_rules(folder)), encoding="utf-8")

    return json.loads((once("rules", fill) / "rules.json").read_bytes())


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A real Kafka broker for all tests of this process, which may kill it if they start it again."""
    from lastro.consume.broker import Broker

    with Broker(tmp_path_factory.mktemp("broker")) as broker:
        yield broker
