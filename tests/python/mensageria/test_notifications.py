"""Minutes, bill and panel are what their definitions say, whatever is delivered, in whatever order and how often."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import Tables, Workspace, few, many
from hypothesis import example, given
from hypothesis import strategies as st
from lastro.consume.chain import Chain
from lastro.consume.files import Partition
from lastro.receive.roots import Folder
from mensageria.topic import Closing, Deleted, Flush, Message, Prices, Topic, found_bill, prices, topics
from quick import Compiled, QuickBuild

TABLES = [
    "notificacoes_por_minuto",
    "painel_notificacoes",
    "atraso_notificacoes",
    "relatorio_cobranca_notificacoes",
    "dias_cobranca_notificacoes",
    "lacunas_notificacoes",
]
# What the project's table of prices says.
PUBLISHED: Prices = [(None, 1, Decimal("0.04"))]


def price_table(said: Prices) -> dict[str, list[dict[str, str]]]:
    rows = [
        {"customer_id": customer, "valid_from": "2000-01-01", "a_partir_de": f"{first}", "preco": f"{price}"}
        for customer, first, price in said
    ]
    return {"precos_notificacao": rows}


def bill(built: Tables) -> list[tuple]:
    return built.query(
        "select customer_id, data, ajuste_de, notificacoes, valor, fechamento_id"
        " from lastro_mensageria.relatorio_cobranca_notificacoes order by all"
    )


def assert_as_defined(built: Tables, topic: Topic, said: Prices) -> None:
    found = built.query(
        "select customer_id, minuto, notificacoes from lastro_mensageria.notificacoes_por_minuto"
    )
    assert {row[:2]: row[2] for row in found} == topic.minutes()
    panel = built.query(
        "select customer_id, notificacoes_dia, notificacoes_mes, ultima_atualizacao"
        " from lastro_mensageria.painel_notificacoes"
    )
    assert {row[0]: row[1:] for row in panel} == topic.panel()
    delays = built.query("select * from lastro_mensageria.atraso_notificacoes")
    assert {row[0]: row[1:] for row in delays} == topic.delays()
    lines = bill(built)
    assert len(lines) == len(topic.bill())
    assert found_bill([row[:4] for row in lines]) == topic.bill()
    assert found_bill([(*row[:3], row[4]) for row in lines]) == topic.values(said)
    closings = topic.closings()
    assert all((row[1] in closings) == (row[5] is not None) for row in lines)
    gaps = built.query(
        "select particao, de_offset, ate_offset, motivo from lastro_mensageria.lacunas_notificacoes"
    )
    missing = {
        (partition, offset): why for partition, first, last, why in gaps for offset in range(first, last + 1)
    }
    assert missing == topic.missing()
    names = {message.name for _, _, message in topic.delivered()}
    told = built.query("select distinct customer_name from lastro_mensageria.relatorio_cobranca_notificacoes")
    assert {name for (name,) in told} <= names


def at(day: int, hour: int) -> datetime:
    return datetime(2024, 1, day, hour)


# January 31 is closed before messages of the 30th come, which is closed then: they follow in the tiers.
LATE_DAY = Topic(
    [
        Flush(0, 0, at(31, 9), at(31, 9), [Message("c1", "A", at(31, 8))]),
        Closing(date(2024, 1, 31), datetime(2024, 2, 1, 9), {0: [(0, 0)]}),
        Flush(0, 1, datetime(2024, 2, 1, 10), datetime(2024, 2, 1, 10), [Message("c1", "B", at(30, 8))]),
        Closing(date(2024, 1, 30), datetime(2024, 2, 1, 11), {0: [(0, 1)]}),
    ]
)
# The closing counts the second copy of a message, and not the first, which is kept.
COPY_THAT_COUNTS = Topic(
    [
        Flush(0, 0, at(30, 9), at(30, 9), [Message("c1", "A", at(30, 8))]),
        Flush(1, 0, at(30, 10), at(30, 10), [Message("c1", "A", at(30, 8), "Acme SA")]),
        Closing(date(2024, 1, 30), at(31, 9), {1: [(0, 0)]}),
    ]
)
# A late message comes again, alone in its file.
LATE_COPY = Topic(
    [
        Flush(0, 0, at(30, 9), at(30, 9), [Message("c1", "A", at(30, 8))]),
        Closing(date(2024, 1, 30), at(31, 9), {0: [(0, 0)]}),
        Flush(0, 1, at(31, 10), at(31, 10), [Message("c1", "B", at(30, 8))]),
        Flush(0, 2, at(31, 11), at(31, 11), [Message("c1", "B", at(30, 8))]),
    ]
)
# The day is closed without a file, which is restored.
HOLE = Topic(
    [
        Flush(0, 0, at(30, 9), at(30, 9), [Message("c1", "A", at(30, 8))]),
        Flush(0, 2, at(30, 11), at(30, 11), [Message("c1", "C", at(30, 8))]),
        Closing(date(2024, 1, 30), at(31, 9), {0: [(0, 0), (2, 2)]}),
        Flush(0, 1, at(30, 10), at(30, 10), [Message("c1", "B", at(30, 8))]),
    ]
)
# A late message stands on the closed bill of the 30th; its copy arrived on the 29th, which nobody closes.
COPY_ON_AN_EARLIER_DAY = Topic(
    [
        Flush(0, 0, at(28, 9), at(28, 9), [Message("c1", "A", at(28, 8))]),
        Closing(date(2024, 1, 28), at(29, 9), {0: [(0, 0)]}),
        Flush(0, 1, at(30, 9), at(30, 9), [Message("c1", "B", at(28, 8))]),
        Closing(date(2024, 1, 30), at(31, 9), {0: [(0, 1)]}),
        Flush(1, 0, at(29, 9), at(31, 10), [Message("c1", "B", at(28, 8))]),
    ]
)
# A late message waits for the 29th when the 30th is closed, and the 29th is closed without it.
BILLS_OUT_OF_ORDER = Topic(
    [
        Flush(0, 0, at(28, 9), at(28, 9), [Message("c1", "A", at(28, 8))]),
        Closing(date(2024, 1, 28), at(29, 9), {0: [(0, 0)]}),
        Flush(0, 1, at(29, 10), at(29, 10), [Message("c1", "B", at(28, 8))]),
        Closing(date(2024, 1, 30), at(31, 9), {0: [(0, 1)]}),
        Closing(date(2024, 1, 29), at(31, 10), {0: [(0, 0)]}),
    ]
)
# One consumer found offsets deleted that another had read, all but the first and the last; and a file is missing.
GAPS = Topic(
    [
        Flush(0, 0, at(30, 9), at(30, 9), [Message("c1", "A", at(30, 8))]),
        Deleted(0, 1, 5, at(30, 10)),
        Flush(0, 2, at(30, 11), at(30, 11), [Message("c1", "B", at(30, 8)), Message("c1", "C", at(30, 8))]),
        Flush(0, 4, at(30, 12), at(30, 12), [Message("c1", "D", at(30, 8))]),
        Flush(0, 7, at(31, 9), at(31, 9), [Message("c1", "E", at(31, 8))]),
        Deleted(1, 0, 2, at(31, 10)),
    ]
)


@many
@given(topic=topics(), said=prices())
@example(topic=GAPS, said=PUBLISHED)
@example(topic=LATE_COPY, said=PUBLISHED)
@example(topic=HOLE, said=PUBLISHED)
@example(topic=COPY_ON_AN_EARLIER_DAY, said=PUBLISHED)
@example(topic=BILLS_OUT_OF_ORDER, said=PUBLISHED)
@example(topic=LATE_DAY, said=[(None, 1, Decimal("0.05")), (None, 2, Decimal("0.01"))])
@example(topic=COPY_THAT_COUNTS, said=PUBLISHED)
def test_bill_and_minutes_are_as_defined(
    session_workspace: Workspace, quick: Callable[..., Tables], topic: Topic, said: Prices
) -> None:
    session_workspace.clear()
    topic.write(session_workspace.raw)
    assert_as_defined(quick(*TABLES, seeds=price_table(said)), topic, said)


def test_a_line_has_the_name_of_the_copy_that_counts(
    workspace: Workspace, quick: Callable[..., Tables]
) -> None:
    COPY_THAT_COUNTS.write(workspace.raw)
    built = quick("relatorio_cobranca_notificacoes")
    assert built.query(
        "select customer_name, data from lastro_mensageria.relatorio_cobranca_notificacoes"
    ) == [("Acme SA", date(2024, 1, 30))]


def test_a_gap_is_of_the_days_around_it(workspace: Workspace, quick: Callable[..., Tables]) -> None:
    GAPS.write(workspace.raw)
    day, after = date(2024, 1, 30), date(2024, 1, 31)
    assert quick("lacunas_notificacoes").query(
        "select * from lastro_mensageria.lacunas_notificacoes order by particao, de_offset"
    ) == [
        ("notifications", 0, 1, 1, "apagada", day, day),
        ("notifications", 0, 5, 5, "apagada", day, after),
        ("notifications", 0, 6, 6, "arquivo_ausente", day, after),
        ("notifications", 1, 0, 2, "apagada", None, None),
    ]


@pytest.fixture(scope="session")
def compiled_for_new_york(compile_once: Callable[..., Compiled]) -> Compiled:
    return compile_once("compiled_for_new_york", "--vars", "notifications_time_zone: America/New_York")


@pytest.fixture
def quick_in_new_york(
    session_workspace: Workspace, compiled_for_new_york: Compiled, quick: Callable[..., Tables]
) -> Callable[..., Tables]:
    """Return `quick` for a project whose days are those of New York."""
    return partial(QuickBuild, compiled_for_new_york, session_workspace)


@many
@given(
    topic=st.sampled_from([date(2024, 3, 9), date(2024, 11, 2)]).flatmap(
        lambda first: topics("America/New_York", first, hour=4)
    )
)
def test_days_on_which_the_clock_changes_are_billed_whole(
    session_workspace: Workspace, quick_in_new_york: Callable[..., Tables], topic: Topic
) -> None:
    """4:00 in UTC is midnight or an hour before it: the clock goes on on March 10 and back on November 3."""
    session_workspace.clear()
    topic.write(session_workspace.raw)
    assert_as_defined(quick_in_new_york(*TABLES), topic, PUBLISHED)


@many
@given(topic=topics(), data=st.data())
def test_a_closed_day_never_changes(
    session_workspace: Workspace, quick: Callable[..., Tables], topic: Topic, data: st.DataObject
) -> None:
    """Neither by what comes later nor by new prices, which its closing does not hold."""
    session_workspace.clear()
    closed: dict[date, list[tuple]] = {}
    said = data.draw(prices())
    for number, step in enumerate(topic.steps, 1):
        if isinstance(step, Closing):
            # Whoever closes a day writes the prices of the day.
            step.prices = said
            said = data.draw(prices())
        step.write(session_workspace.raw)
        if number == len(topic.steps) or isinstance(step, Closing):
            lines = bill(quick("relatorio_cobranca_notificacoes", seeds=price_table(said)))
            now = {
                day: [line for line in lines if line[1] == day]
                for day in Topic(topic.steps[:number]).closings()
            }
            assert closed == {day: now[day] for day in closed}
            closed = now


def test_bills_of_the_version_before_are_built_again(workspace: Workspace) -> None:
    """It noted the files of the table, and not its days."""
    LATE_COPY.write(workspace.raw)
    select = ["-s", *[f"+{name}" for name in TABLES]]
    workspace.build(*select)
    with duckdb.connect(str(workspace.database)) as con:
        notes = "lastro_units.int_mensageria__lancamentos"
        con.execute(f"delete from {notes}")
        con.execute(f"insert into {notes} values ('', '', 2), ('4711', 'v', 1)")
        con.execute("update lastro_mensageria.int_mensageria__lancamentos set notificacoes = 7")
    workspace.build(*select)
    assert_as_defined(workspace, LATE_COPY, PUBLISHED)


@few
@given(topic=topics())
def test_builds_as_it_comes_end_as_one_build(workspace: Workspace, topic: Topic) -> None:
    workspace.clear()
    for step in topic.steps:
        step.write(workspace.raw)
        workspace.build("-s", *[f"+{name}" for name in TABLES])
        assert_as_defined(workspace, Topic(topic.steps[: topic.steps.index(step) + 1]), PUBLISHED)


def test_files_of_kafka_connect_are_read(session_workspace: Workspace, quick: Callable[..., Tables]) -> None:
    """Names and columns are those of the S3 sink with ParquetFormat and the InsertField transforms of the run-book."""
    session_workspace.clear()
    sent = [
        [
            ("c1", "A", "Acme", "2024-01-30T10:00:01.000+00:00"),
            ("c1", "B", "Acme", "2024-01-30T07:00:02.000-03:00"),
        ],
        [
            ("c1", "A", "Acme", "2024-01-30T10:00:01.000+00:00"),
            (None, "C", "Acme", "2024-01-30T10:01:00.000+00:00"),
        ],
    ]
    for number, rows in enumerate(sent):
        folder = session_workspace.raw / "mensageria/notifications/dt=2024-01-30/hour=10"
        folder.mkdir(parents=True, exist_ok=True)
        customers, ids, names, times = zip(*rows, strict=True)
        count = len(rows)
        arrival = datetime(2024, 1, 30, 10, 5 + number, tzinfo=UTC)
        table = pa.table(
            {
                "customer_id": pa.array(customers, pa.string()),
                "message_id": ids,
                "customer_name": names,
                "channel": ["Whatsapp"] * count,
                "payload": ["Olá"] * count,
                "event_datetime": times,
                "_partition": pa.array([3] * count, pa.int32()),
                "_offset": pa.array(range(2 * number, 2 * number + count), pa.int64()),
                "_ingested_at": pa.array([arrival] * count, pa.timestamp("ms", "UTC")),
            }
        )
        pq.write_table(
            table, folder / f"notifications+3+{2 * number:010}.snappy.parquet", compression="snappy"
        )
    built = quick(*TABLES, "quarentena")
    assert bill(built) == [("c1", date(2024, 1, 30), None, 2, Decimal("0.08"), None)]
    assert built.query(
        "select topico, particao, primeiro_offset, ultimo_offset"
        " from lastro_mensageria.int_mensageria__posicoes order by all"
    ) == [("notifications", 3, 0, 1), ("notifications", 3, 2, 3)]
    assert built.query("select topico from lastro_mensageria.lacunas_notificacoes") == []
    assert built.query("select reasons from lastro_qualidade.quarentena") == [("customer_id:missing",)]
    # The consumer goes on behind them.
    partition = Partition("notifications", 3)
    assert Chain(Folder(session_workspace.raw)).positions([partition]) == {partition: 4}
