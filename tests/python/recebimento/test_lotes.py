"""The status of a batch equals a fold written in Python, and dispositions close a batch as its last event would."""

from __future__ import annotations

import csv
import json
import random
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from conftest import PROJECT, Tables, Workspace, many
from hypothesis import given
from hypothesis import strategies as st
from lastro.contract import read_contract

Event = dict[str, Any]
LOTES = ("cartoes-20240105-0001", "loja-sul-20240105-12345")
FINAL = ("duplicado", "concluido", "concluido_com_rejeicoes", "cancelado")
CLOSINGS = ("concluido", "concluido_com_rejeicoes", "falhou")
NEUTRAL = ("notificado", "expirado")
EVENTOS = (
    *("recebido", "em_validacao", "aceito", "recusado", "duplicado", "processando"),
    *(*CLOSINGS, "cancelado", "retomado", *NEUTRAL),
)
# What a batch that goes well does. Random events alone would seldom get beyond the second step.
WAY = ("recebido", "em_validacao", "aceito", "processando", "concluido_com_rejeicoes", "notificado")
MARTS = ("lotes", "lote_eventos", "metricas_lotes")


def event(lote: str, sequencia: int, evento: str, second: int = 0, **dados: str) -> Event:
    moment = datetime(2024, 1, 5, 10, 59, 58, tzinfo=UTC) + timedelta(seconds=second)
    return {
        "id_lote": lote,
        "sequencia": sequencia,
        "evento": evento,
        "ocorrido_em": moment.isoformat(timespec="microseconds"),
        "dados": dados,
    }


def write(workspace: Workspace, events: list[Event], name: str = "events") -> None:
    """Write events to one file, in this order."""
    path = workspace.raw / "recebimento" / "eventos_lote" / "dt=2024-01-05" / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(each) + "\n" for each in events), encoding="utf-8")


def next_status(status: str, evento: str) -> str:
    """Return the status after an event: the diagram of the batches, written down once more."""
    if evento == "cancelado":
        allowed = {"inicio", "recebido", "em_validacao", "aceito", "processando", "recusado", "falhou"}
        return "cancelado" if status in allowed else status
    if evento in CLOSINGS:
        allowed = {"aceito", "processando", "falhou"} - ({"falhou"} if evento == "falhou" else set())
        return evento if status in allowed else status
    if evento == "processando":
        return "processando" if status in ("aceito", "falhou") else status
    if evento == "retomado":
        return "em_validacao" if status in ("recusado", "falhou") else status
    before = {"recebido": "inicio", "em_validacao": "recebido"}.get(evento, "em_validacao")
    return evento if evento not in NEUTRAL and status == before else status


def folded(events: list[Event]) -> tuple[str, str | None]:
    """Return the status of one batch's events, and when it was last reached."""
    status, since = "inicio", None
    for each in sorted(events, key=lambda e: (e["sequencia"], e["ocorrido_em"], e["evento"])):
        after = next_status(status, each["evento"])
        if after != status:
            status, since = after, each["ocorrido_em"]
    return status, since


ONE_EVENT = st.builds(
    event,
    st.sampled_from(LOTES),
    st.integers(1, 12),
    st.sampled_from(EVENTOS),
    st.integers(0, 5),
)
ON_THE_WAY = st.builds(
    lambda lote, steps, more: [event(lote, n, WAY[n - 1]) for n in range(1, steps + 1)] + more,
    st.sampled_from(LOTES),
    st.integers(0, len(WAY)),
    st.lists(ONE_EVENT, max_size=12),
)


@many
@given(events=ON_THE_WAY, seed=st.integers(0, 100))
def test_a_status_is_the_fold_of_the_events_in_whatever_order_they_come(
    workspace: Workspace, quick: Callable[..., Tables], events: list[Event], seed: int
) -> None:
    workspace.clear()
    chance = random.Random(seed)
    kept = {(each["id_lote"], each["sequencia"], each["evento"]): each for each in events}
    mixed = list(kept.values())
    mixed = chance.sample(mixed, len(mixed))
    files = defaultdict(list)
    for each in mixed + mixed[:2]:  # some come twice
        files[chance.randrange(3)].append(each)
    files[0] = files[0] or [event("nobody", 1, "recebido")]
    for name, content in files.items():
        write(workspace, content, str(name))
    built = quick(*MARTS)
    expected = {}
    for lote in {key[0] for key in kept}:
        status, since = folded([each for each in mixed if each["id_lote"] == lote])
        expected[lote] = (
            status,
            datetime.fromisoformat(since).replace(tzinfo=None) if status in FINAL else None,
        )
    assert {
        row[0]: row[1:]
        for row in built.query("select id_lote, status, concluido_em from lastro_recebimento.lotes")
    } == expected
    assert built.query("select count(*) from lastro_recebimento.lote_eventos") == [(len(kept),)]
    # Every change of status is in the metrics, unless the batch had been in that status in that hour.
    changes = built.query(
        "select count(*) from (select distinct id_lote, status, date_trunc('hour', ocorrido_em)"
        " from lastro_recebimento.lote_eventos where status <> status_anterior)"
    )
    assert built.query("select coalesce(sum(lotes), 0) from lastro_recebimento.metricas_lotes") == changes


@many
@given(
    good=st.integers(0, 4),
    bad=st.integers(0, 2),
    newer=st.booleans(),
    more=st.lists(st.sampled_from([each for each in EVENTOS if each != "aceito"]), max_size=3),
)
def test_dispositions_close_a_batch(
    workspace: Workspace, quick: Callable[..., Tables], good: int, bad: int, newer: bool, more: list[str]
) -> None:
    """An open batch closes as its rows were judged, if the raw file is still its own."""
    workspace.clear()
    rows = [[f"P{n}", "F1", "C1", "2024-01-02", f"{n + 1}.25"] for n in range(good)]
    rows += [[f"Q{n}", "F1", "C1", "ontem", "7.00"] for n in range(bad)]
    path = workspace.write_rows("tb_pagamentos", "202401", rows)
    accepted = sha256(path.read_bytes()).hexdigest()
    if newer:
        path.write_bytes(path.read_bytes() + b"P9,F1,C1,2024-01-02,9.00\n")
    lote = LOTES[0]
    events = [
        event(lote, 1, "recebido"),
        event(lote, 2, "em_validacao"),
        event(
            lote,
            3,
            "aceito",
            source_name="cartoes",
            table_name="tb_pagamentos",
            destino="cartoes/tb_pagamentos/tb_pagamentos_202401.csv",
            raw_sha256=accepted,
            linhas=str(good + bad),
        ),
        *(
            event(lote, 4 + n, evento, **({"linhas_recebidas": "77"} if evento in CLOSINGS else {}))
            for n, evento in enumerate(more)
        ),
    ]
    write(workspace, events)
    status, _ = folded(events)
    recorded = 77 if set(more) & set(CLOSINGS) else good + bad
    if newer:
        expected = (status, recorded, None, None, None, False)
    else:
        closing = "concluido_com_rejeicoes" if bad else "concluido"
        amount = sum(n + 1.25 for n in range(good))
        expected = (next_status(status, closing), good + bad, good, bad, amount, True)
    [(*found,)] = quick("lotes").query(
        "select status, linhas_recebidas, linhas_processadas, linhas_com_falha, valor_processado, is_current"
        " from lastro_recebimento.lotes"
    )
    assert tuple(found) == expected


def test_a_refused_file_fails_its_batch(workspace: Workspace) -> None:
    path = workspace.write("tb_pagamentos", "202401", "this,is\nno,payment\n")
    destino = path.relative_to(workspace.raw).as_posix()
    given = event(
        LOTES[0], 3, "aceito", destino=destino, raw_sha256=sha256(path.read_bytes()).hexdigest(), linhas="1"
    )
    write(workspace, [event(LOTES[0], 1, "recebido"), event(LOTES[0], 2, "em_validacao"), given])
    query = "select status, linhas_recebidas, linhas_com_falha, concluido_em from lastro_recebimento.lotes"
    workspace.build("-s", "+tag:recebimento", "--vars", "{skip_refused: true}", tests=True)
    assert workspace.query(query) == [("falhou", 1, 1, None)]


def test_a_newer_version_takes_the_file_from_the_batch_that_had_it(workspace: Workspace) -> None:
    """Built after each delivery, lotes follows: by_version counts the new content, the old batch keeps its closing."""
    select = ("-s", "+tag:recebimento")
    rows = [["P1", "F1", "C1", "2024-01-02", "10.00"]]
    query = (
        "select status, linhas_recebidas, linhas_processadas, valor_recebido, is_current"
        " from lastro_recebimento.lotes order by id_lote"
    )
    events = []
    for number, lote in enumerate(LOTES):
        path = workspace.write_rows("tb_pagamentos", "202401", rows * (number + 1))
        destino = path.relative_to(workspace.raw).as_posix()
        digest = sha256(path.read_bytes()).hexdigest()
        events += [
            event(lote, 1, "recebido"),
            event(lote, 2, "em_validacao"),
            event(lote, 3, "aceito", destino=destino, raw_sha256=digest, linhas=str(number + 1)),
        ]
        write(workspace, events)
        workspace.build(*select, tests=True)
        if number == 0:
            assert workspace.query(query) == [("concluido", 1, 1, 10, True)]
            closing = {"linhas_recebidas": "1", "linhas_processadas": "1", "valor_recebido": "10.00"}
            events.append(event(lote, 4, "concluido", **closing))
    assert workspace.query(query) == [("concluido", 1, 1, 10, False), ("concluido", 2, 2, 20, True)]


def test_the_seed_is_the_diagram() -> None:
    with (PROJECT / "seeds/recebimento/estados_lote.csv").open(encoding="utf-8", newline="") as file:
        seed = {(row["status_atual"], row["evento"]): row["status"] for row in csv.DictReader(file)}
    states = {"inicio", *seed.values()}
    assert seed == {
        (status, evento): after
        for status in states
        for evento in EVENTOS
        if (after := next_status(status, evento)) != status
    }


@pytest.mark.parametrize(
    ("path", "is_read"),
    [
        ("dt=2024-02-29/x.json", True),
        ("dt=2023-02-29/x.json", False),
        ("dt=20240229/x.json", False),
        ("dt=2024-02-29/deeper/x.json", False),
        ("x.json", False),
    ],
)
def test_a_period_may_stand_in_a_folder(path: str, is_read: bool) -> None:
    [table] = [table for table in read_contract() if table.name == "eventos_lote"]
    name = f"recebimento/eventos_lote/{path}"
    assert table.owns(name)
    assert not table.owns(f"recebimento/{path}")
    assert table.fits(name) is is_read
    assert (str(table.period(name)) == "2024-02-29") is is_read
