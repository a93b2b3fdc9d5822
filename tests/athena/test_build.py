"""The life cycle of the project on Athena's engine. Each test continues where the previous one stopped."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import duckdb
import pytest
from conftest import Duck, is_old
from emulator.lake import ICEBERG, NO_TESTS, PROJECT, Lake

LAST_MONTHS = ("_202304.csv", "_202305.csv", "_20230315.csv")
LANDED = "s3://lastro-data/landed"
HOSTILE_KEYS = [
    "session",
    "Session",
    "it's",
    'a"b',
    "'; drop table x; --",
    "{{ 1/0 }}",
    "😀\n",
    "select",
    "k" * 300,
    "",
]


def public_tables(lake: Lake) -> dict[str, list[str]]:
    """Return every public relation with its contract's columns, from the manifest of the last build."""
    manifest = json.loads((lake.folder / "target" / "manifest.json").read_text(encoding="utf-8"))
    tables = {
        # Only the load time of a row may differ between two runs.
        f"{node['schema']}.{node['name']}": [
            column for column in node["columns"] if column != "data_hora_atualizacao_registro"
        ]
        for node in manifest["nodes"].values()
        # Each run adds its own row to the builds.
        if node["resource_type"] == "model" and node["access"] == "public" and node["name"] != "builds"
    }
    assert len(tables) >= 6, tables
    return tables


def contents(lake: Lake) -> dict[str, Counter]:
    """Return all rows of all public tables, as multisets."""
    return {table: Counter(lake.rows(table, columns)) for table, columns in public_tables(lake).items()}


def assert_same_rows(
    table: str, columns: list[str], left: tuple[str, Counter], right: tuple[str, Counter]
) -> None:
    """Assert that two labeled multisets of rows are equal; if not, print the first rows that differ."""
    (left_label, left_rows), (right_label, right_rows) = left, right
    only_left, only_right = left_rows - right_rows, right_rows - left_rows
    if not only_left and not only_right:
        return
    lines = [
        f"{table}: {only_left.total()} rows only on {left_label}, {only_right.total()} only on {right_label}"
    ]
    for row in sorted(only_left, key=repr)[:5]:
        # Find the most similar row on the other side with the same two key columns, and show only the differences.
        others = [other for other in only_right if other[:2] == row[:2]]
        other = min(
            others, key=lambda other: sum(a != b for a, b in zip(row, other, strict=True)), default=None
        )
        told = (
            ", ".join(
                f"{name} {a} on {left_label}, {b} on {right_label}"
                for name, a, b in zip(columns, row, other, strict=True)
                if a != b
            )
            if other
            else f"only on {left_label}: {row}"
        )
        lines.append(f"  {columns[0]} {row[0]}, {columns[1]} {row[1]}: {told}")
    if not only_left:
        lines += [f"  only on {right_label}: {row}" for row in sorted(only_right, key=repr)[:5]]
    pytest.fail("\n".join(lines), pytrace=False)


def pivoted_relations(duck: Duck) -> dict[str, list[str]]:
    """Return the relations whose columns come from the data, with their columns on DuckDB."""
    return dict(
        duck.query(
            "select table_schema || '.' || table_name, list(column_name order by ordinal_position)"
            " from information_schema.columns where table_name = 'chatbot_answers_pivoted'"
            " or starts_with(table_name, 'chatbot_flow_') group by all"
        )
    )


def assert_equals_duckdb(lake: Lake, duck: Duck) -> None:
    """Assert that every public table has the same rows on both engines, to the last cent."""
    for table, columns in (public_tables(lake) | pivoted_relations(duck)).items():
        names = ", ".join(f'"{name}"' for name in columns)
        expected = Counter(duck.query(f"select {names} from {table}"))
        assert expected, f"{table} is empty, so nothing is compared"
        found = Counter(lake.rows(table, columns))
        assert_same_rows(table, columns, ("Trino", found), ("DuckDB", expected))


def land(lake: Lake, raw: Path, to: str = LANDED, **variables: str) -> None:
    """Land a raw root and register the new partitions."""
    landing = lake.run("lastro", "land", "--to", to, "--raw", str(raw), **variables)
    assert landing.returncode == 0, landing.stdout
    tables = lake.dbt("run-operation", "create_landed_tables", **variables)
    assert tables.returncode == 0, tables.stdout


def built(lake: Lake, *args: str, **variables: str) -> str:
    """Run a build, which must succeed, and return its output."""
    build = lake.dbt("build", *args, **variables)
    assert build.returncode == 0, build.stdout[-5000:]
    return build.stdout


def input_versions(lake: Lake) -> dict[str, str]:
    """Return the fingerprint of each reference date's input files."""
    book = "awsdatacatalog_iceberg.lastro_cartoes.book_faturas_carteira"
    return {
        str(date): version
        for date, version in lake.query(f"select distinct ref_date, input_version from {book}")
    }


def computed_dates(lake: Lake, seen: int) -> set[str]:
    """Return the reference dates of the client book that were computed after the first `seen` queries."""
    return {
        date
        for query in list(lake.endpoint.queries.values())[seen:]
        if "somas as" in query.sql and "book_faturas_cliente" in query.sql
        for date in re.findall(r"ref_date in \(date '([0-9-]+)'\)", query.sql)
    }


def test_a_build_without_the_last_month_equals_duckdbs(lake: Lake, raw: Path, duck: Duck) -> None:
    held = raw.parent / "held"
    held.mkdir()
    for path in [path for path in raw.rglob("*.csv") if path.name.endswith(LAST_MONTHS)]:
        path.rename(held / "@".join(path.relative_to(raw).parts))
    land(lake, raw)
    built(lake, *NO_TESTS)
    duck.build(lake, raw)
    assert_equals_duckdb(lake, duck)


def test_the_last_month_arrives_and_passes_every_test(lake: Lake, raw: Path, duck: Duck) -> None:
    for path in (raw.parent / "held").iterdir():
        path.rename(raw.joinpath(*path.name.split("@")))
    event = {"customer": "C", "flow": "it's", "session": "S", "timestamp": "2023-01-01T11:00:00.000001Z"}
    answers = {key: f"to {key}" for key in HOSTILE_KEYS}
    hour = raw / "mensageria" / "chatbot" / "hostile" / "hour=11.json"
    hour.parent.mkdir()
    hour.write_text(json.dumps([event | {"content": answers}]), encoding="utf-8")
    is_old(hour)
    land(lake, raw)
    versions, seen = input_versions(lake), len(lake.endpoint.queries)
    output = built(lake)
    assert re.search(r"PASS=\d\d+ WARN=\d ERROR=0 SKIP=0", output), output[-500:]
    duck.build(lake, raw)
    assert_equals_duckdb(lake, duck)
    assert any("chatbot_flow_it_s" in relation for relation in pivoted_relations(duck))
    # The last file corrects old invoices. Reference dates before those invoices are not recomputed.
    unchanged = versions.items() & input_versions(lake).items()
    assert unchanged
    assert computed_dates(lake, seen).isdisjoint(ref_date for ref_date, _ in unchanged)


def test_landing_again_writes_nothing(lake: Lake, raw: Path) -> None:
    landing = lake.run("lastro", "land", "--to", LANDED, "--raw", str(raw))
    there = sum(path.is_file() for path in raw.rglob("*"))
    assert f"0 files landed in {LANDED}, {there} already there, 0 removed" in landing.stdout


def test_another_build_changes_nothing(lake: Lake) -> None:
    before, seen = contents(lake), len(lake.endpoint.queries)
    built(lake, *NO_TESTS)
    assert computed_dates(lake, seen) == set()
    sent = [query.sql for query in list(lake.endpoint.queries.values())[seen:]]
    assert any("base_cartoes__faturas" in sql for sql in sent)
    written = [sql for sql in sent if re.search(r"(merge into|insert into|delete from) \S*base_", sql)]
    assert written == [], "rows of known files were rewritten"
    for table, rows in contents(lake).items():
        columns = public_tables(lake)[table]
        assert_same_rows(table, columns, ("the second build", rows), ("the first", before[table]))


def test_the_audit_passes(lake: Lake) -> None:
    audit = lake.dbt("test", "--selector", "audit")
    assert audit.returncode == 0, audit.stdout[-5000:]


def test_a_killed_build_is_repaired_by_the_next(lake: Lake, raw: Path, duck: Duck) -> None:
    """After a kill with only some reference dates in the client book, the next build equals DuckDB's."""
    path = raw / "cartoes" / "tb_faturas" / "tb_faturas_202301.csv"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(lines[:-1]), encoding="utf-8")
    land(lake, raw)
    seen = len(lake.endpoint.queries)
    cards = ("--select", "tag:cartoes+")
    process = subprocess.Popen(
        [str(Path(sys.executable).with_name("dbt")), "build", "--quiet", *NO_TESTS, *cards]
        + ["--target", "athena", "--target-path", str(lake.folder / "target")],
        cwd=PROJECT,
        env=lake.variables(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 600
    merges: list[str] = []
    while len(merges) < 3 and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
        new = list(lake.endpoint.queries.values())[seen:]
        merges = [query.sql for query in new if "merge into" in query.sql and "somas as" in query.sql]
    assert process.poll() is None, "the build ended before it could be killed"
    process.send_signal(signal.SIGKILL)
    process.wait()
    duck.build(lake, raw)
    schema = f"{ICEBERG}.lastro_cartoes"
    [(done, wanted)] = lake.query(
        "select count(book.ref_date), count(*)"
        f" from {schema}.int_cartoes__datas_referencia as datas"
        f" left join (select distinct ref_date, input_version from {schema}.book_faturas_cliente) as book"
        " on datas.ref_date = book.ref_date and datas.input_version = book.input_version"
    )
    assert 0 < done < wanted, f"the kill came too early or too late: {done} of {wanted} dates were there"
    built(lake, *NO_TESTS, *cards)
    assert_equals_duckdb(lake, duck)


def test_a_full_refresh_gives_the_same(lake: Lake, duck: Duck) -> None:
    built(lake, "--full-refresh", *NO_TESTS)
    assert_equals_duckdb(lake, duck)


def test_the_analyses_give_the_same(lake: Lake, duck: Duck) -> None:
    arguments = ("compile", "--select", "resource_type:analysis")
    athena = lake.dbt(*arguments)
    assert athena.returncode == 0, athena.stdout
    target = str(duck.folder / "target")
    duckdb = lake.run(
        "dbt", *arguments, "--target", "duckdb", "--target-path", target, LASTRO_DB=str(duck.database)
    )
    assert duckdb.returncode == 0, duckdb.stdout
    analyses = "target/compiled/lastro/analyses"
    paths = sorted((lake.folder / analyses).rglob("*.sql"))
    assert len(paths) > 5
    for path in paths:
        found = lake.query(path.read_text(encoding="utf-8").replace('"awsdatacatalog".', f"{ICEBERG}."))
        expected = duck.query((duck.folder / path.relative_to(lake.folder)).read_text(encoding="utf-8"))
        assert found == expected, path.name


def test_docs_are_generated_from_the_catalog(lake: Lake) -> None:
    docs = lake.dbt("docs", "generate")
    assert docs.returncode == 0, docs.stdout
    catalog = json.loads((lake.folder / "target" / "catalog.json").read_text(encoding="utf-8"))
    book = catalog["nodes"]["model.lastro.book_faturas_cliente"]
    assert "valor_inadimplente_u12m" in book["columns"]


def scanned(lake: Lake, raw: Path, schema: str, *select: str) -> dict[str, int]:
    """Land a raw root, build some models, and return the bytes that each read."""
    variables = {"LASTRO_ATHENA_SCHEMA": schema, "LASTRO_S3_LANDED": f"s3://lastro-data/{schema}/"}
    land(lake, raw, f"s3://lastro-data/{schema}", **variables)
    seen = len(lake.endpoint.queries)
    built(lake, *NO_TESTS, "--select", *select, **variables)
    totals: dict[str, int] = {}
    for query in list(lake.endpoint.queries.values())[seen:]:
        if node := re.search(r'"node_id": "model\.lastro\.(\w+)"', query.sql):
            totals[node[1]] = totals.get(node[1], 0) + query.scanned_bytes
    return totals


def print_scanned(title: str, first: dict[str, int], second: dict[str, int]) -> None:
    """Print what each model read the first and the second time."""
    print(f"\nbytes scanned: {title}")
    for model in [*first, "all"]:
        before, after = [sum(each.values()) if model == "all" else each[model] for each in (first, second)]
        print(f"  {model:44} {before:>12,} {after:>12,} {after / max(before, 1):6.0%}")


def test_a_month_more_reads_a_fraction(lake: Lake, tmp_path: Path) -> None:
    """One new month scans a fraction of the bytes that the earlier months did, at a volume that shows it."""
    raw = tmp_path / "raw"
    made = lake.run("lastro", "sample", "--clean", "--to", str(raw), "--clients", "20000", "--months", "13")
    assert made.returncode == 0, made.stdout
    held = tmp_path / "held"
    held.mkdir()
    late = [path for path in raw.rglob("*.csv") if path.name.endswith(("_202401.csv", "_202402.csv"))]
    for path in late:
        shutil.move(path, held / path.name)
    first = scanned(lake, raw, "volume", "tag:cartoes")
    for path in late:
        shutil.move(held / path.name, path)
    seen = len(lake.endpoint.queries)
    second = scanned(lake, raw, "volume", "tag:cartoes")
    assert computed_dates(lake, seen) == {"2024-02-01"}
    print_scanned("12 months, then one month more", first, second)
    # Typed rows, counts and books read only the month. The facts look up the keys it touches in all of history.
    for model in ("base_cartoes__faturas", "base_cartoes__pagamentos", "int_cartoes__reconciliacao"):
        assert second[model] < first[model] / 3, (model, first[model], second[model])
    for model in ("book_faturas_cliente", "book_faturas_carteira"):
        assert second[model] < first[model] / 4, (model, first[model], second[model])
    assert sum(second.values()) < sum(first.values()) * 0.35, (first, second)


def write_hour(raw: Path, hour: int, messages: int) -> None:
    """Write one hour of notifications in two partitions; one message in a thousand comes twice.

    A customer has 800 messages an hour, as with 100 million messages of 5,000 customers a day.
    """
    folder = raw / f"mensageria/notifications/dt=2024-01-05/hour={hour:02}"
    folder.mkdir(parents=True)
    start = hour * messages
    for partition in range(2):
        duckdb.sql(f"""
            copy (
                select
                    cast(1000000 + n % 100 as varchar) as customer_id,
                    upper(substr(md5(cast(n as varchar)), 1, 10)) as message_id,
                    'Cliente ' || n % 100 as customer_name,
                    'Whatsapp' as channel,
                    'Olá! O pedido ' || n || ' saiu e chega hoje.' as payload,
                    strftime(
                        timestamp '2024-01-05' + to_milliseconds(n * 86400000 // ({messages} * 24)),
                        '%Y-%m-%dT%H:%M:%S.%g+00:00'
                    ) as event_datetime,
                    {partition} as _partition,
                    {start} + i as _offset,
                    timestamptz '2024-01-05 00:59:59+00' + to_hours({hour}) as _ingested_at
                from (
                    select i, if(i % 1000 = 999, {start} + i - 7, {start} + i) * 2 + {partition} as n
                    from range({messages}) as positions (i)
                )
            ) to '{folder}/notifications-{partition:05}-{start:020}.parquet' (format parquet, compression zstd)
        """)


def test_an_hour_more_of_notifications_reads_a_fraction(lake: Lake, tmp_path: Path) -> None:
    """An hour reads its own messages, but for the search for copies, which reads the keys of its day."""
    raw = tmp_path / "raw"
    for hour in range(23):
        write_hour(raw, hour, 40_000)
    select = [f"+{name}" for name in ("painel_notificacoes", "dias_cobranca_notificacoes")]
    first = scanned(lake, raw, "hours", *select)
    write_hour(raw, 23, 40_000)
    second = scanned(lake, raw, "hours", *select)
    print_scanned("23 hours, then one hour more", first, second)
    for model in (
        "base_mensageria__notifications",
        "int_mensageria__posicoes",
        "int_mensageria__notificacoes_por_arquivo",
    ):
        assert second[model] < first[model] / 10, (model, first[model], second[model])
    assert sum(second.values()) < sum(first.values()) * 0.6, (first, second)
