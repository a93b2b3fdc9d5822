"""Minutes, bill and panel are what their definitions say, whatever is delivered, in whatever order and how often."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal

from conftest import Tables, Workspace, few, many
from hypothesis import given
from mensageria.topic import Closing, Topic, found_bill, topics

TABLES = ["notificacoes_por_minuto", "relatorio_cobranca_notificacoes", "dias_cobranca_notificacoes"]


def bill(built: Tables) -> list[tuple]:
    return built.query(
        "select customer_id, data, ajuste_de, notificacoes, valor, fechamento_id"
        " from lastro_mensageria.relatorio_cobranca_notificacoes order by all"
    )


def assert_as_defined(built: Tables, topic: Topic) -> None:
    found = built.query(
        "select customer_id, minuto, notificacoes from lastro_mensageria.notificacoes_por_minuto"
    )
    assert {row[:2]: row[2] for row in found} == topic.minutes()
    lines = bill(built)
    assert len(lines) == len(topic.bill())
    assert found_bill([row[:4] for row in lines]) == topic.bill()
    assert found_bill([(*row[:3], row[4]) for row in lines]) == topic.values([(1, Decimal("0.04"))])
    closings = topic.closings()
    assert all((row[1] in closings) == (row[5] is not None) for row in lines)


@many
@given(topic=topics())
def test_bill_and_minutes_are_as_defined(
    session_workspace: Workspace, quick: Callable[..., Tables], topic: Topic
) -> None:
    session_workspace.clear()
    topic.write(session_workspace.raw)
    assert_as_defined(quick(*TABLES), topic)


@many
@given(topic=topics())
def test_a_closed_day_never_changes(
    session_workspace: Workspace, quick: Callable[..., Tables], topic: Topic
) -> None:
    session_workspace.clear()
    closed: dict[date, list[tuple]] = {}
    for number, step in enumerate(topic.steps, 1):
        step.write(session_workspace.raw)
        if number == len(topic.steps) or isinstance(step, Closing):
            lines = bill(quick("relatorio_cobranca_notificacoes"))
            now = {
                day: [line for line in lines if line[1] == day]
                for day in Topic(topic.steps[:number]).closings()
            }
            assert closed == {day: now[day] for day in closed}
            closed = now


@few
@given(topic=topics())
def test_builds_as_it_comes_end_as_one_build(workspace: Workspace, topic: Topic) -> None:
    workspace.clear()
    for step in topic.steps:
        step.write(workspace.raw)
        workspace.build("-s", *[f"+{name}" for name in TABLES])
        assert_as_defined(workspace, Topic(topic.steps[: topic.steps.index(step) + 1]))
