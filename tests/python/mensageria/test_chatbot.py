"""The chatbot answers equal the published example and a definition in Python, and survive hostile keys."""

from __future__ import annotations

import csv
import json
import os
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest
from conftest import SHARED, Tables, Workspace, few, many
from hypothesis import given
from hypothesis import strategies as st

MARTS = [f"lastro_mensageria.chatbot_{name}" for name in ("answers", "sessions", "keys", "answers_pivoted")]
SELECT = ["--select", "+chatbot_answers_pivoted"]
LASTRO = str(Path(sys.executable).with_name("lastro"))
Event = dict[str, Any]


def event(session: str, second: int, content: dict[str, Any], flow: str = "F") -> Event:
    moment = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(seconds=second)
    return {
        "customer": "C",
        "flow": flow,
        "session": session,
        "timestamp": moment.isoformat(),
        "content": content,
    }


def write(workspace: Workspace, name: str, content: str | list[Event]) -> Path:
    """Write one hour, from raw text or as an array of events."""
    path = workspace.raw / "mensageria" / "chatbot" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("variant", "delivered"), [("original", ("true", "false")), ("variante_stit", ("sim", "não"))]
)
def test_the_published_example(workspace: Workspace, variant: str, delivered: tuple[str, str]) -> None:
    if not SHARED.exists():
        pytest.skip("the external data is not on this machine")
    folder = workspace.raw / "mensageria" / "chatbot" / "2019" / "12" / "16"
    folder.mkdir(parents=True)
    for path in (SHARED / "mensageria" / variant).glob("hour=*.json"):
        shutil.copy(path, folder)
    workspace.build(*SELECT)
    views = [
        name
        for (name,) in workspace.query(
            "select relation_name from lastro_mensageria.chatbot_keys group by flow, relation_name order by flow"
        )
    ]
    first, second = (
        [
            {key: str(value) for key, value in row.items()}
            for row in workspace.records(f"from lastro_mensageria.{view} order by session")
        ]
        for view in views
    )
    day = "2019-12-16 "
    assert [list(row.values()) for row in first] == [
        [
            "C1000",
            "F1000",
            "S1000",
            day + "13:59:58",
            day + "14:00:01",
            "maria",
            "305.584.960-40",
            delivered[0],
        ],
        [
            "C1000",
            "F1000",
            "S2000",
            day + "13:59:59",
            day + "14:00:00",
            "joao",
            "733.600.420-26",
            delivered[1],
        ],
    ]
    assert list(first[0])[5:] == ["name", "cpf", "delivery_confirmed"]
    assert [list(row.values()) for row in second] == [
        ["C2000", "F2000", "S3000", day + "13:59:59", day + "14:00:01", "Simmmmmmm", "9"]
    ]
    assert list(second[0])[5:] == ["recomenda", "nota"]


KEYS = [
    "nome",
    "Nome",
    "nome completo",
    "session",
    "select",
    "😀",
    "'; drop table t; --",
    'a"b',
    "x\ny",
    "ação",
    "9",
]
EVENTS = st.lists(
    st.builds(
        event,
        st.sampled_from(["S1", "S2"]),
        st.integers(0, 5),
        st.dictionaries(
            st.sampled_from(KEYS), st.sampled_from(["sim", "não", "", "  ", "'", "{{ x }}"]), max_size=3
        ),
        st.sampled_from(["F1", "f1"]),
    ),
    min_size=1,
    max_size=25,
)


def definition(files: dict[str, list[Event]]) -> dict[tuple[str, str, str], tuple[str, int]]:
    """Return the last valid answer and the number of valid answers by flow, session and key; equal events are one."""
    answers: dict[tuple[str, str, str], list[tuple]] = {}
    seen: dict[str, tuple[str, int, Event]] = {}
    for name in sorted(files):
        for position, each in enumerate(files[name]):
            seen[json.dumps(each, sort_keys=True)] = (name, position, each)
    for name, position, each in seen.values():
        for key, value in each["content"].items():
            if value.strip():
                answers.setdefault((each["flow"], each["session"], key), []).append(
                    (each["timestamp"], name, position, value)
                )
    return {key: (max(given)[3], len(given)) for key, given in answers.items()}


def in_hours(events: list[Event], chance: random.Random) -> dict[str, list[Event]]:
    """Spread the events over three files; two of them appear twice."""
    files: dict[str, list[Event]] = {f"hour={hour:02}.json": [] for hour in (13, 14, 15)}
    for each in events + events[:2]:
        files[chance.choice(list(files))].append(each)
    return files


def assert_answers(built: Tables, expected: dict[tuple[str, str, str], tuple[str, int]]) -> None:
    rows = built.query(
        "select flow, session, answer_key, answer_value, times_answered from lastro_mensageria.chatbot_answers"
    )
    assert {row[:3]: row[3:] for row in rows} == expected
    for flow, session, answers in built.query(
        "select flow, session, answers from lastro_mensageria.chatbot_sessions"
    ):
        assert answers == {
            key: value for (f, s, key), (value, _) in expected.items() if (f, s) == (flow, session)
        }


@many
@given(events=EVENTS, seed=st.integers(0, 100))
def test_answers_equal_their_definition(
    workspace: Workspace, quick: Callable[..., Tables], events: list[Event], seed: int
) -> None:
    workspace.clear()
    files = in_hours(events, random.Random(seed))
    for name, content in files.items():
        write(workspace, name, content)
    assert_answers(quick("chatbot_answers", "chatbot_sessions"), definition(files))


@few
@given(events=EVENTS, seed=st.integers(0, 100))
def test_answers_do_not_depend_on_the_order_of_files_and_builds(
    workspace: Workspace, events: list[Event], seed: int
) -> None:
    workspace.clear()
    chance = random.Random(seed)
    files = in_hours(events, chance)
    names = chance.sample(list(files), 3)
    for name in names[:2]:
        write(workspace, name, files[name])
    workspace.build(*SELECT)
    write(workspace, names[2], "".join(json.dumps(each) + "\r\n" for each in files[names[2]]) or "[]")
    workspace.build(*SELECT)
    expected = definition(files)
    assert_answers(workspace, expected)
    pivoted = {
        (row["flow"], row["session"]): row
        for row in workspace.records("from lastro_mensageria.chatbot_answers_pivoted")
    }
    for flow, key, column in workspace.query(
        "select flow, answer_key, column_name from lastro_mensageria.chatbot_keys"
    ):
        assert re.fullmatch("[a-z][a-z0-9_]*", column)
        for (row_flow, session), row in pivoted.items():
            if row_flow == flow:
                assert row[column] == expected.get((flow, session, key), (None,))[0]


def test_one_broken_object_does_not_lose_the_others(workspace: Workspace) -> None:
    good = [event("S1", 0, {"a": "1"}), event("S2", 1, {"a": "2"})]
    broken = '{"customer": "C", "flow": , "session": "S3"}'
    array = "[" + ",\n".join([json.dumps(good[0], indent=1), broken, json.dumps(good[1], indent=1)]) + "]"
    write(workspace, "hour=01.json", array)
    write(workspace, "hour=02.json", "\n".join([json.dumps(event("S4", 0, {"a": "4"})), "", broken]))
    write(workspace, "hour=03.json", "[]")
    workspace.build_domain("mensageria")
    assert workspace.query(
        "select source_file, line_number, raw_row, reasons from lastro_mensageria.int_mensageria__quarentena order by 1"
    ) == [
        ("mensageria/chatbot/hour=01.json", 2, broken, "row:not_json"),
        ("mensageria/chatbot/hour=02.json", 3, broken, "row:not_json"),
    ]
    assert workspace.query("select session from lastro_mensageria.chatbot_sessions order by 1") == [
        ("S1",),
        ("S2",),
        ("S4",),
    ]


def test_what_is_not_text_is_kept_as_text_and_offsets_become_utc(workspace: Workspace) -> None:
    content = {"number": 9, "truth": True, "nothing": None, "nested": {"x": [1, 2]}}
    given = event("S", 0, content) | {"timestamp": "2024-01-01T00:30:00-03:00"}
    write(workspace, "hour=00.json", [given])
    workspace.build(*SELECT)
    assert workspace.query(
        "select answer_key, answer_value, cast(answered_at as varchar) from lastro_mensageria.chatbot_answers order by 1"
    ) == [
        ("nested", '{"x":[1,2]}', "2024-01-01 03:30:00"),
        ("number", "9", "2024-01-01 03:30:00"),
        ("truth", "true", "2024-01-01 03:30:00"),
    ]


def test_a_corrected_hour_replaces_the_hour_and_a_flow_that_is_gone_has_no_view(workspace: Workspace) -> None:
    write(workspace, "hour=00.json", [event("S", 0, {"a": "wrong"}, flow="old")])
    workspace.build(*SELECT)
    write(workspace, "hour=00.json", [event("S", 0, {"a": "right"}, flow="new")])
    workspace.build(*SELECT)
    assert workspace.query("select flow, answer_value from lastro_mensageria.chatbot_answers") == [
        ("new", "right")
    ]
    assert workspace.query("select view_name from duckdb_views() where view_name like 'chatbot_flow_%'") == [
        ("chatbot_flow_new",)
    ]


def test_hostile_keys_get_names_that_are_valid_stable_and_their_own(workspace: Workspace) -> None:
    hostile = [
        *(
            "session",
            "first_answer_dt",
            "Session",
            "select",
            "SELECT",
            "ação",
            "acao",
            'a"b',
            "a'b",
            "a b",
            "a_b",
            "a-b",
        ),
        *(
            "'; drop table x; --",
            '"; drop table x; --',
            "{{ 1/0 }}",
            "{% raw %}",
            "\n\r\t",
            "\u0001",
            "😀",
            "😁",
            " ",
            "",
        ),
        *(
            "k" * 300,
            "k" * 299 + "l",
            "9",
            "1a",
            "_a",
            "A" * 63,
            "a" * 64,
            "$.a",
            "a.b",
            "*",
            "%s",
            "\\",
            "key_",
        ),
    ]
    keys = hostile + [f"pergunta {number}" for number in range(5000)]
    write(workspace, "hour=00.json", [event("S", 0, {key: f"answer to {key}" for key in keys})])
    workspace.build(*SELECT)
    names = dict(workspace.query("select answer_key, column_name from lastro_mensageria.chatbot_keys"))
    assert set(names) == set(keys)
    assert len(set(names.values())) == len(keys)
    assert all(re.fullmatch("[a-z][a-z0-9_]{0,62}", name) for name in names.values())
    reserved = {"customer", "flow", "session", "first_answer_dt", "last_answer_dt", "select"}
    assert not reserved & set(names.values())
    (row,) = workspace.records("from lastro_mensageria.chatbot_answers_pivoted")
    assert {key: row[name] for key, name in names.items()} == {key: f"answer to {key}" for key in keys}
    # Other keys change no name.
    write(workspace, "hour=00.json", [event("S", 0, dict.fromkeys(hostile[::2], "x"))])
    workspace.build(*SELECT)
    assert dict(workspace.query("select answer_key, column_name from lastro_mensageria.chatbot_keys")) == {
        key: names[key] for key in hostile[::2]
    }


def export(workspace: Workspace, to: Path, *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [LASTRO, "export", "chatbot", "--to", str(to), *args],
        env=os.environ | {"LASTRO_DB": str(workspace.database)},
        capture_output=True,
        text=True,
        check=False,
    )


ANSWERS = {
    "Nota": "9",
    "formula": "=1+1",
    "quoted": 'a "b", c;\nd',
    "control": "a\u0001b",
    "link": "http://x",
}


@pytest.fixture(scope="module")
def kept_answers(session_workspace: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build two flows; one session has answers that a spreadsheet would execute."""
    session_workspace.clear()
    write(
        session_workspace,
        "hour=00.json",
        [
            event("S1", 0, ANSWERS, "F/1"),
            event("S2", 61, {"Nota": "7"}, "F/1"),
            event("S3", 0, {"a": "b"}, "f2"),
        ],
    )
    session_workspace.build(*SELECT)
    return session_workspace.keep(tmp_path_factory.mktemp("answers"))


@pytest.fixture
def exported(session_workspace: Workspace, kept_answers: Path) -> Workspace:
    session_workspace.restore(kept_answers)
    return session_workspace


@pytest.mark.parametrize("layout", ["csv", "parquet", "xlsx"])
def test_export_chatbot_writes_the_answers_as_they_are(
    exported: Workspace, tmp_path: Path, layout: str
) -> None:
    done = export(exported, tmp_path / "out", "--format", layout)
    assert done.returncode == 0, done.stderr
    names = dict(exported.query("select answer_key, column_name from lastro_mensageria.chatbot_keys"))
    ((first,),) = exported.query(
        "select distinct relation_name from lastro_mensageria.chatbot_keys where flow = 'F/1'"
    )
    paths = {path.name: path for path in (tmp_path / "out").iterdir()}
    assert set(paths) == {f"{first}.{layout}", f"chatbot_flow_f2.{layout}"}
    assert "2 rows in" in done.stdout and "1 rows in" in done.stdout
    path = paths[f"{first}.{layout}"]
    if layout == "csv":
        rows = list(csv.reader(path.open(encoding="utf-8", newline="")))
    elif layout == "parquet":
        found = duckdb.sql(f"from '{path}'")
        rows = [
            found.columns,
            *(
                [cell.isoformat() if isinstance(cell, datetime) else cell for cell in row]
                for row in found.fetchall()
            ),
        ]
    else:
        sheet = openpyxl.load_workbook(path).active
        rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
        assert {cell.data_type for cell in sheet[2]} == {"s"}
        rows[1] = [openpyxl.utils.escape.unescape(cell) for cell in rows[1]]
    blank = "" if layout == "csv" else None
    keys = sorted(ANSWERS)
    assert rows == [
        ["customer", "flow", "session", "first_answer_dt", "last_answer_dt", *(names[key] for key in keys)],
        ["C", "F/1", "S1", "2024-01-01T00:00:00", "2024-01-01T00:00:00", *(ANSWERS[key] for key in keys)],
        ["C", "F/1", "S2", "2024-01-01T00:01:01", "2024-01-01T00:01:01"]
        + ["7" if key == "Nota" else blank for key in keys],
    ]


def test_export_chatbot_says_what_is_wrong(exported: Workspace, tmp_path: Path) -> None:
    refused = export(exported, tmp_path, "--flow", "[f9]")
    assert refused.returncode == 1
    assert "flow '[f9]': it has 'F/1', 'f2'" in refused.stderr
    assert export(exported, tmp_path, "--format", "pdf").returncode == 2
    assert not list(tmp_path.iterdir())
    only = export(exported, tmp_path, "--flow", "f2")
    assert only.returncode == 0 and [path.name for path in tmp_path.iterdir()] == ["chatbot_flow_f2.csv"]


def test_a_text_too_long_for_a_cell_is_refused(workspace: Workspace, tmp_path: Path) -> None:
    write(workspace, "hour=00.json", [event("S", 0, {"a": "x" * 40_000})])
    workspace.build(*SELECT)
    refused = export(workspace, tmp_path, "--format", "xlsx")
    assert refused.returncode == 1
    assert "row 1, column a: the text has 40,000 characters" in refused.stderr
    assert not list(tmp_path.iterdir())


def test_an_hour_that_changes_nothing_of_a_session_leaves_its_answers(workspace: Workspace) -> None:
    """An hour delivered twice, or hour 13 after hour 14, does not change the last answers."""
    late, early = event("S", 3600, {"a": "14h"}), event("S", 0, {"a": "13h", "b": "1"})
    write(workspace, "2024/hour=14.json", [late])
    workspace.build(*SELECT)
    write(workspace, "2024/hour=13.json", [early])
    write(workspace, "again/hour=14.json", [late])
    workspace.build(*SELECT)
    assert workspace.query(
        "select answer_key, answer_value, times_answered from lastro_mensageria.chatbot_answers order by 1"
    ) == [("a", "14h", 2), ("b", "1", 1)]
    assert workspace.query("select answers_count, answers from lastro_mensageria.chatbot_sessions") == [
        (2, {"a": "14h", "b": "1"})
    ]
