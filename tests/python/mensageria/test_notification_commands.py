"""Commands and exports of notifications: the published texts to the character, and a day that closes once."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from conftest import Workspace
from lastro.billing import close_day, end_of, time_zone
from lastro.cli import app
from lastro.export.billing import published
from lastro.export.notifications import report_query
from lastro.panel import shown_names
from lastro.receive.roots import Folder, root_at
from typer.testing import CliRunner

DAY, DAY_BEFORE, DAY_AFTER = date(2020, 2, 3), date(2020, 2, 2), date(2020, 2, 4)
# When the grace period of DAY is over.
READY = datetime(2020, 2, 4, 6, tzinfo=UTC)
MARTS = [
    "painel_notificacoes",
    "relatorio_cobranca_notificacoes",
    "dias_cobranca_notificacoes",
    "lacunas_notificacoes",
]
RUN = "import sys; from lastro.cli import app; app(sys.argv[1:])"
WAITING = "A build is running. Waiting for it.\n"
HELLO = "Olá XXXXX, seja muito bem-vindo! Precisa de alguma ajuda?"

PANEL = """\
Painel de Notificações
Cliente: Acme
Notificações Whatsapp: 5000
Última atualização: 2020-02-03T15:00:00+00:00
"""

REPORT = """\
Relatório Detalhado de Notificações
= Cliente: Acme =
Mensagem ID: 5B81FF24A1
Payload: “Olá XXXXX, seja muito bem-vindo! Precisa de alguma ajuda?”
Data hora: 2020-02-03T14:00:01.001+00:00
Mensagem ID: 0000000001
"""

BILL = """\
Relatório de Cobrança
Cliente: Acme
Notificações Whatsapp: 25000
Valor: R$ 1000,00
Data: 2020-02-03
"""


def flush(raw: Path, partition: int, offset: int, written_at: str, messages: str) -> Path:
    """Write a file of messages, given as SQL: customer, name, id, payload, sent_at and n, which counts from 0."""
    name = f"notifications-{partition:05}-{offset:020}.parquet"
    path = raw / f"mensageria/notifications/dt={written_at[:10]}/hour={written_at[11:13]}/{name}"
    path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as con:
        con.execute(f"""
            copy (
                select
                    customer as customer_id,
                    id as message_id,
                    name as customer_name,
                    'Whatsapp' as channel,
                    payload,
                    strftime(sent_at, '%Y-%m-%dT%H:%M:%S.%g+00:00') as event_datetime,
                    cast({partition} as integer) as _partition,
                    cast({offset} + n as bigint) as _offset,
                    timestamptz '{written_at}+00' as _ingested_at,
                    cast(null as varchar) as _raw,
                    cast(null as varchar) as _problem,
                    cast(null as varchar) as _extra
                from ({messages})
            ) to '{path}' (format parquet)
        """)
    return path


def messages(customer: str, name: str, count: int, first: str, payload: str = "'Oi'") -> str:
    """Return SQL for messages a millisecond apart; their ids count from the hour on."""
    return f"""
        select
            '{customer}' as customer,
            '{name}' as name,
            printf('%010X', n + 1000000 * hour(timestamp '{first}')) as id,
            {payload} as payload,
            timestamp '{first}' + n * interval '1' millisecond as sent_at,
            n
        from (select cast(range as integer) as n from range({count}))
    """


def build(workspace: Workspace, *more: str) -> None:
    workspace.build("-s", *[f"+{name}" for name in MARTS], *more)


@pytest.fixture(scope="session")
def kept(once: Any) -> dict[str, Path]:
    """Two builds: on the afternoon of DAY, and on the morning after, when the day is over."""
    folder = once("notifications", build_twice)
    return {name: folder / name for name in ("afternoon", "morning")}


def build_twice(folder: Path) -> None:
    workspace = Workspace(folder)
    raw = workspace.raw
    flush(raw, 1, 0, "2020-02-02 12:01:00", messages("7494212", "Beta", 3, "2020-02-02 12:00:00"))
    afternoon = messages("c1", "Acme", 5000, "2020-02-03 14:00:01.001", f"'{HELLO}'")
    afternoon = f"select * replace (case when n = 0 then '5B81FF24A1' else printf('%010X', n) end as id) from ({afternoon})"
    flush(raw, 0, 0, "2020-02-03 14:01:00", afternoon)
    # The minute that is not over yet is not in the panel.
    flush(raw, 0, 5000, "2020-02-03 15:01:00", messages("c1", "Acme", 20000, "2020-02-03 15:00:30"))
    build(workspace)
    workspace.keep(folder / "afternoon")
    payload = "case n when 0 then 'a' || chr(13) || chr(10) || 'b' || chr(10) || chr(10) || 'c' end"
    flush(raw, 0, 25000, "2020-02-04 07:01:00", messages("c1", "Acme", 2, "2020-02-04 07:00:00", payload))
    build(workspace)
    workspace.keep(folder / "morning")


@pytest.fixture
def afternoon(session_workspace: Workspace, kept: dict[str, Path]) -> Workspace:
    session_workspace.restore(kept["afternoon"])
    return session_workspace


@pytest.fixture
def morning(session_workspace: Workspace, kept: dict[str, Path]) -> Workspace:
    session_workspace.restore(kept["morning"])
    return session_workspace


@pytest.fixture
def lastro(session_workspace: Workspace, tmp_path: Path) -> Callable[..., Any]:
    """Return a function that runs a command on the workspace; its exports are in tmp_path."""

    def run(*args: str) -> Any:
        done = CliRunner().invoke(
            app,
            args,
            prog_name="lastro",
            env=session_workspace.variables() | {"LASTRO_EXPORTS": str(tmp_path)},
        )
        assert "Traceback" not in done.output
        return done

    return run


def change(workspace: Workspace, *statements: str) -> None:
    """Change the tables of a build by hand."""
    with duckdb.connect(str(workspace.database)) as con:
        for statement in statements:
            con.execute(statement)


def events(workspace: Workspace) -> list[Path]:
    return sorted(workspace.raw.glob("mensageria/fechamentos/*/*"))


def close(workspace: Workspace, day: date = DAY, now: datetime = READY, **options: Any) -> Any:
    return close_day(workspace.database, Folder(workspace.raw), day, now, **options)


BETA_IS_CLOSED = "update lastro_mensageria.relatorio_cobranca_notificacoes set fechamento_id = 'f' where data = '2020-02-02'"


# --- The panel ---


def test_the_panel_is_the_published_text(afternoon: Workspace, lastro: Callable) -> None:
    assert lastro("panel", "--once", "--customer", "c1").stdout == PANEL
    beta = PANEL.replace("Acme", "Beta").replace("5000", "0")
    assert lastro("panel", "--once").stdout == f"{PANEL}\n{beta}"


def test_two_customers_of_one_name_are_told_apart(afternoon: Workspace, lastro: Callable) -> None:
    change(afternoon, "update lastro_mensageria.painel_notificacoes set customer_name = 'Acme'")
    names = [line for line in lastro("panel", "--once").stdout.splitlines() if line.startswith("Cliente")]
    assert names == ["Cliente: Acme (7494212)", "Cliente: Acme (c1)"]
    assert "Cliente: Acme (c1)\n" in lastro("panel", "--once", "--customer", "c1").stdout


def test_a_customer_without_a_name_is_called_by_its_id() -> None:
    assert shown_names([("1", None), ("2", None), ("3", "X")]) == {
        ("1", None): "1",
        ("2", None): "2",
        ("3", "X"): "X",
    }


def test_the_panel_refuses_whom_it_does_not_know(afternoon: Workspace, lastro: Callable) -> None:
    done = lastro("panel", "--once", "--customer", "c9")
    assert (done.exit_code, done.stderr) == (1, "lastro panel: the panel has no customer 'c9'.\n")


def test_the_panel_waits_for_a_build(afternoon: Workspace) -> None:
    environment = os.environ | afternoon.variables()
    holding = duckdb.connect(str(afternoon.database))
    command = [sys.executable, "-c", RUN, "panel", "--once", "--customer", "c1"]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as run:
        assert run.stderr.readline() == WAITING
        assert run.poll() is None
        holding.close()
        out, err = run.communicate(timeout=60)
    assert (run.returncode, out, err) == (0, PANEL, "")


def test_the_panel_follows_the_builds_until_ctrl_c(afternoon: Workspace) -> None:
    command = [sys.executable, "-c", RUN]
    command += ["panel", "--customer", "c1", "--every", "1"]
    environment = os.environ | afternoon.variables() | {"PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as run:
        assert "".join(run.stdout.readline() for _ in range(5)) == f"{PANEL}\n"
        for _ in range(100):
            try:
                change(afternoon, "update lastro_mensageria.painel_notificacoes set notificacoes_dia = 5001")
                break
            except duckdb.IOException:
                time.sleep(0.05)
        assert any("5001" in line for line in run.stdout)
        run.send_signal(signal.SIGINT)
        assert run.wait(timeout=60) == 0 and run.stderr.read() in ("", WAITING)


# --- The detailed report ---


def test_the_report_is_the_published_text(morning: Workspace, lastro: Callable, tmp_path: Path) -> None:
    done = lastro(
        "export", "notifications", "--customer", "c1", "--date", "2020-02-03", "--layout", "published"
    )
    path = tmp_path / "notifications_customer=c1_2020-02-03.txt"
    assert (done.exit_code, done.stdout.splitlines()[0]) == (0, f"25000 messages in {path}")
    text = path.read_text(encoding="utf-8")
    assert text.startswith(REPORT) and text.count("\n") == 2 + 3 * 25_000
    times = [line for line in text.splitlines() if line.startswith("Data hora: ")]
    assert times == sorted(times)


def test_a_line_break_in_a_payload_is_a_space(morning: Workspace, lastro: Callable, tmp_path: Path) -> None:
    lastro("export", "notifications", "--customer", "c1", "--date", "2020-02-04", "--layout", "published")
    assert (tmp_path / "notifications_customer=c1_2020-02-04.txt").read_text(encoding="utf-8") == (
        "Relatório Detalhado de Notificações\n"
        "= Cliente: Acme =\n"
        "Mensagem ID: 00006ACFC0\n"
        "Payload: “a b  c”\n"
        "Data hora: 2020-02-04T07:00:00.000+00:00\n"
        "Mensagem ID: 00006ACFC1\n"
        "Payload: “”\n"
        "Data hora: 2020-02-04T07:00:00.001+00:00\n"
    )


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_the_report_is_a_table(morning: Workspace, lastro: Callable, tmp_path: Path, form: str) -> None:
    done = lastro("export", "notifications", "--customer", "c1", "--date", "2020-02-04", "--format", form)
    path = tmp_path / f"notifications_customer=c1_2020-02-04.{form}"
    assert done.exit_code == 0
    assert (
        duckdb.read_csv(str(path)).columns
        if form == "csv"
        else duckdb.read_parquet(str(path)).columns
        == ["customer_id", "message_id", "payload", "event_datetime"]
    )
    if form == "csv":
        with path.open(encoding="utf-8", newline="") as file:
            found = list(csv.reader(file))[1:]
        assert found == [
            ["c1", "00006ACFC0", "a\r\nb\n\nc", "2020-02-04T07:00:00"],
            ["c1", "00006ACFC1", "", "2020-02-04T07:00:00.001"],
        ]
    else:
        assert duckdb.read_parquet(str(path)).fetchall() == [
            ("c1", "00006ACFC0", "a\r\nb\n\nc", datetime(2020, 2, 4, 7)),
            ("c1", "00006ACFC1", None, datetime(2020, 2, 4, 7, 0, 0, 1000)),
        ]
    assert json.loads(Path(f"{path}.json").read_text())["notificacoes"] == 2


def test_the_report_reads_only_the_files_of_its_messages(morning: Workspace) -> None:
    with morning.connection() as con:
        files = con.execute(
            "select distinct file_id from lastro_mensageria.base_mensageria__notifications"
            " where customer_id = 'c1' and event_date = '2020-02-03'"
        ).fetchall()
        ((_, plan),) = con.execute(
            "explain analyze " + report_query("c1", DAY, [file for (file,) in files])
        ).fetchall()
    assert len(files) == 2 and "Scanning Files: 2/4" in plan


def test_the_report_refuses_whom_and_what_it_does_not_know(
    morning: Workspace, lastro: Callable, tmp_path: Path
) -> None:
    done = lastro("export", "notifications", "--customer", "c'9", "--date", "2020-02-03")
    assert done.exit_code == 1 and 'no messages of customer "c\'9". Nothing is written.' in done.stderr
    done = lastro("export", "notifications", "--customer", "c1", "--date", "2020-02-05")
    assert done.exit_code == 1
    assert "'c1' on 2020-02-05, only from 2020-02-03 to 2020-02-04. Nothing is written." in done.stderr
    assert lastro("export", "notifications", "--customer", "c1", "--date", "Monday").exit_code == 2
    assert list(tmp_path.iterdir()) == []


def test_a_raw_file_that_went_leaves_no_report(morning: Workspace, lastro: Callable, tmp_path: Path) -> None:
    change(
        morning,
        "insert into lastro_mensageria.base_mensageria__notifications"
        " select * replace (line_number + 100 as line_number) from lastro_mensageria.base_mensageria__notifications"
        " where event_date = '2020-02-04'",
    )
    done = lastro("export", "notifications", "--customer", "c1", "--date", "2020-02-04")
    assert done.exit_code == 1 and "only 2 of 4 messages are in the raw files" in done.stderr
    assert list(tmp_path.iterdir()) == []


# --- The bill ---


def test_the_bill_is_the_published_text(morning: Workspace, lastro: Callable, tmp_path: Path) -> None:
    done = lastro("export", "billing", "--date", "2020-02-03", "--layout", "published")
    path = tmp_path / "billing_2020-02-03.txt"
    assert done.stdout == f"1 lines in {path}: 25000 messages, R$ 1000.00\n"
    assert done.stderr == "2020-02-03 is not closed (em_carencia): the file is provisional.\n"
    assert path.read_text(encoding="utf-8") == BILL
    said = json.loads(Path(f"{path}.json").read_text())
    assert (said["rows"], said["notificacoes"], said["valor"]) == (1, 25000, "1000.00")
    assert said["fechamento_id"] is None


@pytest.mark.parametrize("form", ["csv", "xlsx", "parquet"])
def test_the_bill_is_a_table(morning: Workspace, lastro: Callable, tmp_path: Path, form: str) -> None:
    done = lastro("export", "billing", "--date", "2020-02-03", "--format", form)
    path = tmp_path / f"billing_2020-02-03.{form}"
    assert done.exit_code == 0 and path.exists()
    if form == "csv":
        assert path.read_text(encoding="utf-8") == (
            "customer_id,customer_name,data,notificacoes,valor,ajuste_de,fechamento_id\n"
            "c1,Acme,2020-02-03,25000,1000.00,,\n"
        )


def test_customers_of_one_name_have_a_bill_each() -> None:
    day = date(2020, 2, 3)
    lines = [
        ("1", "A.B", day, 1, Decimal("0.04"), None, None),
        ("2", "A.B", day, 1234567, Decimal("-49382.68"), day - timedelta(days=2), None),
    ]
    assert published(lines) == (
        "Relatório de Cobrança\nCliente: A.B (1)\nNotificações Whatsapp: 1\nValor: R$ 0,04\nData: 2020-02-03\n\n"
        "Relatório de Cobrança\nCliente: A.B (2)\nNotificações Whatsapp: 1234567\nValor: R$ -49382,68\n"
        "Data: 2020-02-03\nAjuste de: 2020-02-01\n"
    )


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        (
            "update lastro_mensageria.relatorio_cobranca_notificacoes set valor = valor + 0.01",
            "the day's own lines and the day differ",
        ),
        (
            "update lastro_mensageria.int_mensageria__lancamentos set notificacoes = notificacoes + 1",
            "all lines and what was posted on the day differ, 25000 and 25001",
        ),
        (
            "delete from lastro_mensageria.notificacoes_por_minuto where hour(minuto) = 15",
            "the day with its adjustments and the minutes differ, 25000 and 5000",
        ),
    ],
)
def test_a_bill_that_does_not_add_up_is_not_written(
    morning: Workspace, lastro: Callable, tmp_path: Path, statement: str, words: str
) -> None:
    change(morning, statement)
    done = lastro("export", "billing", "--date", "2020-02-03")
    assert done.exit_code == 1 and words in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_day_without_a_bill_is_named(morning: Workspace, lastro: Callable) -> None:
    done = lastro("export", "billing", "--date", "2020-03-01")
    assert done.exit_code == 1
    assert "no bill of 2020-03-01: it has 2020-02-02 to 2020-02-04. Nothing is written." in done.stderr


def test_prices_have_tiers_and_customers_their_own(
    morning: Workspace, lastro: Callable, tmp_path: Path
) -> None:
    flush(morning.raw, 0, 25002, "2020-02-04 08:01:00", messages("c3", "Abel", 10, "2020-02-04 08:00:00"))
    ((schema,),) = morning.query(
        "select table_schema from information_schema.tables where table_name = 'precos_notificacao'"
    )
    # From February 3 on: 4 cents, from message 10 001 of the month on 3 cents; 10 cents for Abel.
    change(
        morning,
        f"update {schema}.precos_notificacao set valid_from = '2020-02-03'",
        f"insert into {schema}.precos_notificacao (customer_id, valid_from, a_partir_de, preco)"
        " values (null, '2020-02-03', 10001, 0.03), ('c3', '2020-02-03', 1, 0.10)",
    )
    build(morning, "--exclude-resource-type", "seed", "test", "unit_test")
    done = lastro("export", "billing", "--date", "2020-02-03")
    # 10 000 x 0.04 + 15 000 x 0.03
    assert "25000 messages, R$ 850.00" in done.stdout, done.output
    lastro("export", "billing", "--date", "2020-02-04")
    with (tmp_path / "billing_2020-02-04.csv").open(encoding="utf-8", newline="") as file:
        assert [row[:5] for row in list(csv.reader(file))[1:]] == [
            ["c3", "Abel", "2020-02-04", "10", "1.00"],
            ["c1", "Acme", "2020-02-04", "2", "0.06"],
        ]
    # February 2 is before any price.
    done = lastro("export", "billing", "--date", "2020-02-02")
    assert done.exit_code == 1 and "customer 7494212 has no price on 2020-02-02. Add one to" in done.stderr
    done = lastro("close-billing", "--date", "2020-02-02")
    assert done.exit_code == 1 and "customer 7494212 has no price on 2020-02-02. Add one to" in done.stderr
    assert events(morning) == []


# --- Closing ---


def test_a_day_closes_once_and_what_comes_later_is_an_adjustment(
    morning: Workspace, lastro: Callable, tmp_path: Path
) -> None:
    assert lastro("close-billing", "--date", "2020-02-02").exit_code == 0
    build(morning)
    done = lastro("close-billing", "--date", "2020-02-03")
    assert done.exit_code == 0
    (_, event) = events(morning)
    assert done.stdout == (
        "2020-02-03 closed: 25000 messages, R$ 1000.00\n"
        "notifications 0: offsets 0 to 25001\n"
        "notifications 1: offsets 0 to 2\n"
        f"Event: {event.relative_to(morning.raw)}. The next `dbt build` reads it.\n"
    )
    said = json.loads(event.read_text(encoding="utf-8"))
    written_at = datetime.fromisoformat(said.pop("fechado_em"))
    assert event.parent.name == "dt=2020-02-03"
    assert abs(datetime.now(UTC) - written_at) < timedelta(hours=1)
    assert said == {
        "id_fechamento": "fechamento-2020-02-03",
        "data": "2020-02-03",
        "particoes": [
            {"topico": "notifications", "particao": 0, "de_offset": 0, "ate_offset": 25001},
            {"topico": "notifications", "particao": 1, "de_offset": 0, "ate_offset": 2},
        ],
        "precos": [{"a_partir_de": 1, "preco": "0.04"}],
    }
    before = event.read_bytes()
    again = lastro("close-billing", "--date", "2020-02-03")
    assert again.exit_code == 0 and again.stdout.startswith("2020-02-03 is closed already (")
    flush(morning.raw, 0, 25002, "2020-02-04 09:00:00", messages("c1", "Acme", 5, "2020-02-03 23:00:00"))
    build(morning)
    states = (
        "select data, estado, notificacoes from lastro_mensageria.dias_cobranca_notificacoes order by data"
    )
    assert morning.query(states) == [
        (DAY_BEFORE, "fechada", 3),
        (DAY, "ajustada", 25000),
        (DAY_AFTER, "aberta", 2),
    ]
    done = lastro("export", "billing", "--date", "2020-02-03", "--layout", "published")
    assert done.stderr == "" and (tmp_path / "billing_2020-02-03.txt").read_text(encoding="utf-8") == BILL
    done = lastro("export", "billing", "--date", "2020-02-04", "--layout", "published")
    assert "2 lines" in done.stdout and "7 messages, R$ 0.28" in done.stdout
    assert (tmp_path / "billing_2020-02-04.txt").read_text(encoding="utf-8") == (
        "Relatório de Cobrança\nCliente: Acme\nNotificações Whatsapp: 2\nValor: R$ 0,08\nData: 2020-02-04\n\n"
        "Relatório de Cobrança\nCliente: Acme\nNotificações Whatsapp: 5\nValor: R$ 0,20\nData: 2020-02-04\n"
        "Ajuste de: 2020-02-03\n"
    )
    assert lastro("close-billing", "--date", "2020-02-03").exit_code == 0
    assert event.read_bytes() == before and len(events(morning)) == 2


def test_a_day_that_was_closed_on_another_day_stays_closed(morning: Workspace) -> None:
    change(morning, BETA_IS_CLOSED)
    first = close(morning, now=READY)
    assert first.is_new and first.name == "mensageria/fechamentos/dt=2020-02-03/fechamento-2020-02-03.json"
    assert not close(morning, now=READY + timedelta(days=3)).is_new
    assert len(events(morning)) == 1


def test_a_day_is_not_closed_before_its_grace_is_over(morning: Workspace) -> None:
    change(morning, BETA_IS_CLOSED)
    with pytest.raises(ValueError, match="can be closed from 2020-02-04T06:00:00Z on"):
        close(morning, now=READY - timedelta(seconds=1))
    with pytest.raises(ValueError, match="can be closed from 2020-02-04T08:00:00Z on"):
        close(morning, grace=timedelta(hours=8))
    assert events(morning) == []
    assert close(morning).is_new


def test_a_day_ends_in_the_zone_of_the_bill(tmp_path: Path) -> None:
    (tmp_path / "dbt_project.yml").write_text("vars: {notifications_time_zone: America/Sao_Paulo}")
    assert end_of(date(2018, 11, 3), time_zone(tmp_path)) == datetime(2018, 11, 4, 3, tzinfo=UTC)
    assert end_of(date(2018, 11, 4), time_zone(tmp_path)) == datetime(2018, 11, 5, 2, tzinfo=UTC)
    assert str(time_zone()) == "UTC"


def test_a_day_that_is_not_known_to_its_end_is_closed_only_if_asked(
    afternoon: Workspace, lastro: Callable
) -> None:
    change(afternoon, BETA_IS_CLOSED)
    done = lastro("close-billing", "--date", "2020-02-03")
    assert done.exit_code == 1
    assert "does not know the topic up to the end of 2020-02-03. Run `dbt build`" in done.stderr
    assert events(afternoon) == []
    assert lastro("close-billing", "--date", "2020-02-03", "--even-if-silent").exit_code == 0
    assert len(events(afternoon)) == 1


def test_the_days_of_a_month_close_in_order(morning: Workspace, lastro: Callable) -> None:
    done = lastro("close-billing", "--date", "2020-02-03")
    assert done.exit_code == 1 and "2020-02-02 is open in the build" in done.stderr
    bills = "update lastro_mensageria.relatorio_cobranca_notificacoes"
    # A bill of another month holds it back if late messages stand on it: others of their day may stand on this one.
    change(morning, f"{bills} set data = '2020-01-31', ajuste_de = '2020-01-30' where data = '2020-02-02'")
    done = lastro("close-billing", "--date", "2020-02-03")
    assert done.exit_code == 1 and "2020-01-31 is open in the build" in done.stderr
    change(morning, f"{bills} set ajuste_de = null")
    assert lastro("close-billing", "--date", "2020-02-03").exit_code == 0


@pytest.mark.parametrize(
    ("first", "last", "touches"),
    [
        ("'2020-02-03'", "'2020-02-03'", True),
        ("'2020-02-01'", "'2020-02-04'", True),
        ("null", "'2020-02-03'", True),
        ("'2020-02-03'", "null", True),
        ("null", "null", True),
        ("null", "'2020-02-02'", False),
        ("'2020-02-04'", "null", False),
    ],
)
def test_a_day_with_a_gap_is_closed_only_if_asked(
    morning: Workspace, lastro: Callable, first: str, last: str, touches: bool
) -> None:
    change(
        morning,
        BETA_IS_CLOSED,
        "insert into lastro_mensageria.lacunas_notificacoes"
        f" values ('notifications', 1, 7, 9, 'apagada', {first}, {last})",
    )
    done = lastro("close-billing", "--date", "2020-02-03")
    if touches:
        assert done.exit_code == 1 and events(morning) == []
        assert "no file holds offsets 7 to 9 of notifications 1" in done.stderr
        done = lastro("close-billing", "--date", "2020-02-03", "--despite-gaps")
        assert "Closed in spite of gaps: 1\n" in done.stdout
    assert done.exit_code == 0
    said = json.loads(events(morning)[0].read_text(encoding="utf-8"))
    assert said.get("lacunas") == (1 if touches else None)


def test_a_file_that_is_not_in_the_build_holds_the_day_open(morning: Workspace, lastro: Callable) -> None:
    change(morning, BETA_IS_CLOSED)
    late = flush(
        morning.raw, 0, 25002, "2020-02-04 05:59:00", messages("c1", "Acme", 1, "2020-02-03 23:00:00")
    )
    done = lastro("close-billing", "--date", "2020-02-03")
    assert done.exit_code == 1
    assert f"{late.relative_to(morning.raw)} is not in the build. Run `dbt build` first." in done.stderr
    # What arrives after the grace period is an adjustment, so that a topic that never rests can be closed.
    late.unlink()
    flush(morning.raw, 0, 25002, "2020-02-04 06:00:00", messages("c1", "Acme", 1, "2020-02-03 23:00:00"))
    assert lastro("close-billing", "--date", "2020-02-03").exit_code == 0


def test_what_is_no_build_or_no_day_is_not_closed(
    morning: Workspace, lastro: Callable, tmp_path: Path
) -> None:
    done = lastro("close-billing", "--date", "2020-02-05")
    assert done.exit_code == 1 and "no messages of 2020-02-05: there is nothing to close" in done.stderr
    done = lastro("close-billing", "--date", "2020-02-03", "--database", str(tmp_path / "none.duckdb"))
    assert done.exit_code == 1 and "does not exist" in done.stderr
    other = tmp_path / "other.duckdb"
    duckdb.connect(str(other)).close()
    for command in (
        ["close-billing", "--date", "2020-02-03"],
        ["panel", "--once"],
        ["export", "notifications", "--customer", "c1", "--date", "2020-02-03"],
        ["export", "billing", "--date", "2020-02-03"],
    ):
        done = lastro(*command, "--database", str(other))
        assert done.exit_code == 1 and "is not a finished build of notifications" in done.stderr
    change(morning, "delete from lastro_mensageria.int_mensageria__posicoes")
    done = lastro("close-billing", "--date", "2020-02-03")
    assert done.exit_code == 1 and "the build has no notifications" in done.stderr
    assert lastro("close-billing", "--date", "2020-02-33").exit_code == 2
    assert events(morning) == []


@pytest.fixture
def s3_raw(morning: Workspace, bucket: str) -> Iterator[str]:
    """The raw root of the build in a bucket."""
    root = root_at(f"{bucket}/raw")
    for path in morning.raw.rglob("*.parquet"):
        root.put(str(path.relative_to(morning.raw)), path)
    yield f"{bucket}/raw"


def test_a_day_closes_once_in_a_bucket(morning: Workspace, s3_raw: str, lastro: Callable) -> None:
    change(morning, BETA_IS_CLOSED)
    assert lastro("close-billing", "--date", "2020-02-03", "--raw", s3_raw).exit_code == 0
    root = root_at(s3_raw)
    (event,) = root.entries("mensageria/fechamentos/")
    assert json.loads(root.read(event.name))["data"] == "2020-02-03"
    again = lastro("close-billing", "--date", "2020-02-03", "--raw", s3_raw)
    assert again.exit_code == 0 and "is closed already" in again.stdout
    assert list(root.entries("mensageria/fechamentos/")) == [event]
    assert events(morning) == []


def test_of_two_who_close_at_once_one_does(morning: Workspace, s3_raw: str) -> None:
    change(morning, BETA_IS_CLOSED)
    together, closed = threading.Barrier(2), []

    class Slow:
        """A root whose two users both look before either writes."""

        def __init__(self) -> None:
            self.root = root_at(s3_raw)

        def entries(self, prefix: str) -> Any:
            return self.root.entries(prefix)

        def create(self, name: str, data: bytes) -> str | None:
            together.wait(30)
            return self.root.create(name, data)

    def one(second: int) -> None:
        closed.append(close_day(morning.database, Slow(), DAY, READY + timedelta(seconds=second)))

    threads = [threading.Thread(target=one, args=(second,)) for second in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(closing.is_new for closing in closed) == [False, True]
