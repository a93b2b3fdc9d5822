"""The boards say what the marts say, name their build, shout when files do not add up, and hide personal answers."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Callable
from decimal import Decimal
from html import unescape
from pathlib import Path

import duckdb
import pytest
import yaml
from conftest import PROJECT
from lastro.boards import find_boards, render_boards
from lastro.panel import shown_names

BOARDS = PROJECT / "boards"
NAMES = [board.name for board in find_boards(BOARDS)]
LASTRO = str(Path(sys.executable).with_name("lastro"))
CHROMIUM = shutil.which("chromium")

# Answers that nobody may see: of a personal question, of few, and of many to a question that asked for none.
SECRETS = ("Zulmira Quixadá", "111.444.777-35", "529.982.247-25", "ana@example.com", "Rua das Flores 12")


class Pages:
    """Rendered boards and the database that they were rendered from."""

    def __init__(self, database: Path, folder: Path) -> None:
        self.database = database
        self.folder = folder

    def text(self, board: str) -> str:
        return (self.folder / f"{board}.html").read_text(encoding="utf-8")

    def chart(self, board: str, name: str) -> str:
        """Return the markup of one chart."""
        (found,) = re.findall(
            rf'<g class="dbt-chart[^"]*" id="chart-{name}"(.*?)(?=<g class="dbt-chart[ "]|<script>)',
            self.text(board),
            re.DOTALL,
        )
        return found

    def rows(self, board: str, name: str) -> list[list[str]]:
        """Return the cells of a table, row by row."""
        rows: list[list[str]] = []
        cells = re.findall(
            r'<text[^>]*data-col="(\d+)"[^>]*>(.*?)</text>', self.chart(board, name), re.DOTALL
        )
        for column, cell in cells:
            if column == cells[0][0]:
                rows.append([])
            rows[-1].append(words(cell))
        return rows

    def number(self, board: str, name: str) -> str:
        """Return what a KPI shows, without its label."""
        (value, *_) = re.findall(r"<text[^>]*>(.*?)</text>", self.chart(board, name), re.DOTALL)
        return words(value)

    def query(self, sql: str) -> list[tuple]:
        with duckdb.connect(str(self.database), read_only=True) as con:
            return con.execute(sql).fetchall()


def words(markup: str) -> str:
    """Return the text of a piece of SVG, its parts separated by one space."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", markup)).split())


def real(amount: Decimal | None) -> str:
    """Return an amount as Brazilians write it, digit by digit."""
    if amount is None:
        return "—"
    whole, cents = f"{abs(amount):.2f}".split(".")
    groups = []
    while whole:
        whole, group = whole[:-3], whole[-3:]
        groups.insert(0, group)
    return f"R$ {'−' if amount < 0 else ''}{'.'.join(groups)},{cents}"


def dots(count: int) -> str:
    """Return a whole number as Brazilians write it."""
    return f"{count:,}".replace(",", ".")


def change(kept_sample: Path, folder: Path, statements: list[str]) -> Path:
    database = folder / "changed.duckdb"
    shutil.copy(kept_sample / "workspace.duckdb", database)
    with duckdb.connect(str(database)) as con:
        for statement in statements:
            con.execute(statement)
    return database


@pytest.fixture(scope="module")
def pages(kept_sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Pages:
    """Every board of the sample, with answers planted that nobody may see."""

    def answers(key: str, value: str, sessions: int) -> str:
        return f"""
            insert into lastro_mensageria.chatbot_answers
            select 'C1', 'F1000', 'planted ' || '{key}{value}' || n, '{key}', '{value}', now()::timestamp, 1, now()::timestamp
            from range({sessions}) as sessions (n)
        """

    folder = tmp_path_factory.mktemp("boards")
    planted = [
        answers("cpf", "111.444.777-35", 7),
        answers("delivery_confirmed", "Zulmira Quixadá", 4),
        answers("delivery_confirmed", "529.982.247-25", 8),
        answers("delivery_confirmed", "ana@example.com", 8),
        answers("name", "Rua das Flores 12", 9),
    ]
    database = change(kept_sample, folder, planted)
    render_boards(database, BOARDS, folder / "pages")
    return Pages(database, folder / "pages")


def test_the_pages_are_all_there_and_nothing_else(pages: Pages) -> None:
    expected = {f"{name}.html" for name in NAMES} | {"index.html"}
    assert {path.name for path in pages.folder.iterdir()} == expected
    assert all(f'href="{name}.html"' in pages.text("index") for name in NAMES)


@pytest.mark.parametrize("board", NAMES)
def test_a_page_names_its_build_and_says_that_all_is_there(pages: Pages, board: str) -> None:
    builds = pages.query("select built_at, invocation_id, project_version from lastro_qualidade.builds")
    built_at, invocation_id, version = max(builds)
    said = dict(pages.rows(board, "page"))
    assert said["Build"] == invocation_id
    assert said["Built at"] == f"{built_at:%Y-%m-%d %H:%M:%S} UTC"
    assert said["Version"] == f"Lastro {version}"
    [(files,)] = pages.query("select count(*) from lastro_qualidade.reconciliacao")
    assert said["Reconciliation"] == f"all differences are zero in {files} files"
    assert "All differences are zero" in pages.chart(board, "adds_up")
    assert "DO NOT USE THESE NUMBERS" not in pages.text(board)


def test_a_page_names_the_last_day_of_its_data(pages: Pages) -> None:
    issued, paid = pages.query(
        "select max(data_emissao) from lastro_cartoes.fct_faturas"
        " union all select max(data_pagamento) from lastro_cartoes.fct_pagamentos where fatura_conhecida"
    )
    [(moved,)] = pages.query("select max(data_movimento)::date from lastro_cooperativa.movimento_flat")
    [(extracted,)] = pages.query(
        "select max(reference_period) from lastro_qualidade.reconciliacao where source_name = 'cooperativa'"
    )
    for board, day in (("portfolio", max(issued, paid)[0]), ("cooperative", max(moved, extracted))):
        assert dict(pages.rows(board, "page"))["Last day of the data"] == f"{day:%-d %b %Y}"


def test_the_portfolio_is_that_of_the_marts(pages: Pages) -> None:
    book = pages.query("select * exclude (input_version) from lastro_cartoes.book_faturas_carteira")
    names = [
        name
        for (name,) in pages.query(
            "select column_name from (describe lastro_cartoes.book_faturas_carteira)"
            " where column_name <> 'input_version'"
        )
    ]
    rows = [dict(zip(names, row, strict=True)) for row in book]
    last = max(row["ref_date"] for row in rows)
    shown = {row[0]: row[2:] for row in pages.rows("portfolio", "last_book")}
    assert shown == {
        row["periodo"]: [
            f"{row['total_clientes']:,}".replace(",", "."),
            f"{row['total_faturas']:,}".replace(",", "."),
            real(row["valor_total_faturas"]),
            real(row["valor_total_pagamentos"]),
            real(row["valor_inadimplente"]),
            str(row["percentual_pagamento_prazo"]).replace(".", ","),
            str(row["percentual_atrasos"]).replace(".", ","),
            str(row["percentual_inadimplencia"]).replace(".", ","),
        ]
        for row in rows
        if row["ref_date"] == last
    }
    owed: defaultdict[str, Decimal] = defaultdict(Decimal)
    for client, amount in pages.query("select id_cliente, saldo_em_aberto from lastro_cartoes.fct_faturas"):
        owed[client] += amount
    most = sorted(owed.items(), key=lambda item: (-item[1], item[0]))[:20]
    assert [row[:2] for row in pages.rows("portfolio", "debtors")] == [
        [f"#{client}", real(amount)] for client, amount in most
    ]
    assert pages.number("portfolio", "open") == real(sum(owed.values()))


def test_the_cooperative_is_that_of_the_marts(pages: Pages) -> None:
    days = pages.query(
        "select data_movimento, vlr_transacao_movimento from lastro_cooperativa.movimento_flat"
    )
    counts = Counter(f"{when:%Y-%m}" for when, _ in days)
    amounts: defaultdict[str, Decimal] = defaultdict(Decimal)
    for when, amount in days:
        amounts[f"{when:%Y-%m}"] += amount
    assert [[row[0], row[1], row[-1]] for row in pages.rows("cooperative", "by_day_table")] == [
        [month, str(counts[month]), real(amounts[month])] for month in sorted(counts)
    ]
    orphans = pages.query(
        "select id_movimentacao, valor_movimentacao from lastro_cooperativa.movimentacoes_orfas"
    )
    assert {(row[1], row[-1]) for row in pages.rows("cooperative", "orphans")} == {
        (f"#{key}", real(amount)) for key, amount in orphans
    }
    assert pages.number("cooperative", "orphan_count") == str(len(orphans))


def test_messaging_is_that_of_the_marts(pages: Pages) -> None:
    averages = pages.query(
        "select reference_month, avg_invoices_last_3_months from lastro_mensageria.account_invoice_averages"
    )
    totals: dict[str, list[Decimal]] = defaultdict(list)
    for month, average in averages:
        totals[f"{month:%Y-%m}"] += [] if average is None else [average]
    assert [[row[0], row[2], row[3]] for row in pages.rows("messaging", "months")] == [
        [month, str(len(found)), real(sum(found) if found else None)]
        for month, found in sorted(totals.items())
    ]
    answered = Counter(pages.query("select flow, answer_key from lastro_mensageria.chatbot_answers"))
    shown = {(row[0], row[2]): row[3] for row in pages.rows("messaging", "reach_table")}
    assert shown == {question: str(sessions) for question, sessions in answered.items()}


def test_notifications_are_those_of_the_marts(pages: Pages) -> None:
    panel = pages.query(
        "select customer_id, customer_name, notificacoes_dia,"
        " strftime(ultima_atualizacao, '%Y-%m-%dT%H:%M:%S+00:00') from lastro_mensageria.painel_notificacoes"
    )
    names = shown_names(row[:2] for row in panel)
    shown = pages.rows("notifications", "panel") if panel else []
    assert sorted(shown) == sorted([names[row[:2]], dots(row[2]), row[3]] for row in panel)
    assert pages.number("notifications", "messages_today") == dots(sum(row[2] for row in panel))
    days = pages.query(
        "select data, estado, notificacoes, valor, notificacoes_ajustadas, valor_ajustado"
        " from lastro_mensageria.dias_cobranca_notificacoes order by data desc limit 31"
    )
    assert (pages.rows("notifications", "days") if days else []) == [
        [f"{day}", state, dots(messages), real(amount), dots(adjusted), real(adjusted_amount)]
        for day, state, messages, amount, adjusted, adjusted_amount in days
    ]


def test_collections_are_those_of_the_marts(pages: Pages) -> None:
    clients: dict[str, list] = {}
    for client, *numbers in pages.query(
        "select id_cliente_credor, 1, linhas_recebidas, linhas_registradas, linhas_prescritas,"
        " linhas_substituidas, linhas_duplicadas, linhas_rejeitadas, valor_recebido, valor_registrado,"
        " valor_rejeitado from lastro_cobranca.resultado_lotes"
    ):
        total = clients.setdefault(client, [0] * len(numbers))
        clients[client] = [sum(pair) for pair in zip(total, numbers, strict=True)]
    assert len(clients) == 7
    assert pages.rows("collections", "by_client") == [
        [client, *map(str, numbers[:7]), *map(real, numbers[7:])]
        for client, numbers in sorted(clients.items())
    ]
    reasons = Counter(
        reason
        for (found,) in pages.query("select motivos from lastro_cobranca.dividas_rejeitadas")
        for reason in found.split(",")
    )
    assert {row[0]: row[1] for row in pages.rows("collections", "reasons")} == {
        reason: str(rows) for reason, rows in reasons.items()
    }
    batches = pages.query(
        "select '#' || id_lote, status from lastro_recebimento.lotes where source_name = 'cobranca'"
    )
    assert sorted(tuple(row[:2]) for row in pages.rows("collections", "batches")) == sorted(batches)
    # Half of the batches take at most as long as the middle one; with one batch a client, that is its time.
    took = pages.query(
        "select id_cliente, epoch(concluido_em) - epoch(recebido_em) from lastro_recebimento.lotes"
        " where source_name = 'cobranca' and concluido_em is not null and status like 'concluido%'"
    )
    assert {row[0]: row[2] for row in pages.rows("collections", "latency")} == {
        client: f"{seconds:.1f}".replace(".", ",") for client, seconds in took
    }


def test_quality_is_that_of_the_marts(pages: Pages) -> None:
    files = pages.query(
        "select source_name || '.' || table_name, reference_period, raw_rows, accepted_rows, raw_amount, accepted_amount"
        " from lastro_qualidade.reconciliacao"
    )
    sums: dict[tuple[str, str], list] = {}
    for table, period, *numbers in files:
        total = sums.setdefault((table, f"{period:%Y-%m}" if period else "no period"), [0, 0, None, None])
        for place, number in enumerate(numbers):
            if number is not None:
                total[place] = (total[place] or 0) + number
    assert {(row[0], row[1]): [*row[2:4], *row[6:8]] for row in pages.rows("quality", "by_month")} == {
        place: [f"{raw:,}".replace(",", "."), f"{kept:,}".replace(",", "."), real(amount), real(kept_amount)]
        for place, (raw, kept, amount, kept_amount) in sums.items()
    }
    reasons = Counter(
        reason.partition(":")[2]
        for (found,) in pages.query("select reasons from lastro_qualidade.quarentena")
        for reason in found.split(",")
    )
    explained = {
        reason: said
        for reason, *said in pages.query(
            "select reason, meaning, remedy from lastro_qualidade.rejection_reasons"
        )
    }
    assert {row[0]: [row[2], *row[5:]] for row in pages.rows("quality", "reasons")} == {
        reason: [str(rows), *explained[reason]] for reason, rows in reasons.items()
    }
    extra = pages.query(
        "select source_file, extra_columns from lastro_qualidade.reconciliacao where extra_columns is not null"
    )
    assert sorted(row[:2] for row in pages.rows("quality", "extra_columns")) == sorted(map(list, extra))


def test_personal_answers_do_not_appear(pages: Pages) -> None:
    for board in NAMES:
        # As written, and as drawn: a long text is drawn in parts.
        for text in (unescape(pages.text(board)), words(pages.text(board))):
            assert [secret for secret in SECRETS if secret in text] == []
    shown = pages.rows("messaging", "answers")
    assert {row[3] for row in shown if row[2] in ("name", "cpf")} == {"(personal)"}
    for flow, _, question, answer, sessions in shown:
        if answer not in ("(personal)", "(fewer than 5)"):
            [(gave,)] = pages.query(
                "select count(distinct (customer, session)) from lastro_mensageria.chatbot_answers"
                f" where (flow, answer_key, '“' || answer_value || '”') = ('{flow}', '{question}', '{answer}')"
            )
            assert gave == int(sessions) >= 5
    # Masked or not, every answer is counted.
    [(answers,)] = pages.query("select count(*) from lastro_mensageria.chatbot_answers")
    assert sum(int(row[4]) for row in shown) == answers


def some_boards(folder: Path, **boards: str) -> Path:
    """Return a folder with these boards and what every board needs."""
    folder.mkdir()
    for name in ("_page.yml", "dbt_charts.yml"):
        shutil.copy(BOARDS / name, folder)
    for name, text in boards.items():
        (folder / f"{name}.yml").write_text(text, encoding="utf-8")
    return folder


def test_a_difference_is_said_loudly(kept_sample: Path, tmp_path: Path) -> None:
    database = change(
        kept_sample,
        tmp_path,
        [
            "update lastro_cartoes.int_cartoes__reconciliacao set difference_amount = 0.01"
            " where source_file like '%tb_faturas_202305.csv'"
        ],
    )
    boards = some_boards(tmp_path / "boards", quality=(BOARDS / "quality.yml").read_text(encoding="utf-8"))
    render_boards(database, boards, tmp_path / "pages")
    pages = Pages(database, tmp_path / "pages")
    assert "DO NOT USE THESE NUMBERS" in pages.chart("quality", "does_not_add_up")
    assert "All differences are zero" not in pages.text("quality")
    assert "DO NOT ADD UP" in dict(pages.rows("quality", "page"))["Reconciliation"]
    assert [row[0] for row in pages.rows("quality", "differences")] == [
        "cartoes/tb_faturas/tb_faturas_202305.csv"
    ]


def test_a_board_that_fails_leaves_nothing_and_is_named(kept_sample: Path, tmp_path: Path) -> None:
    broken = yaml.safe_dump(
        {
            "source": "lastro",
            "title": "Broken",
            "queries": {"typo": "select ref_dat from lastro_cartoes.book_faturas_carteira"},
            "charts": {"typo": {"query": "typo", "type": "table"}},
            "rows": ["typo"],
        }
    )
    whole = broken.replace("ref_dat ", "ref_date ")
    to = tmp_path / "pages"
    to.mkdir()
    (to / "whole.html").write_text("of the last build", encoding="utf-8")
    boards = some_boards(tmp_path / "boards", whole=whole, broken=broken)
    with pytest.raises(
        RuntimeError, match=r"^board broken, query typo: Binder Error.*ref_dat.*No page was written\.$"
    ):
        render_boards(kept_sample / "workspace.duckdb", boards, to)
    assert [path.name for path in to.iterdir()] == ["whole.html"]
    assert (to / "whole.html").read_text(encoding="utf-8") == "of the last build"


def test_a_database_that_is_being_written_is_named(kept_sample: Path, tmp_path: Path) -> None:
    database = change(kept_sample, tmp_path, [])
    with duckdb.connect(str(database)) as con:
        con.execute("create table being_written as select 1 as a")
        done = subprocess.run(
            [LASTRO, "boards", "--database", str(database), "--to", str(tmp_path / "pages")],
            cwd=PROJECT,
            env=os.environ | {"COLUMNS": "80"},
            capture_output=True,
            text=True,
            check=False,
        )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"lastro boards: {database} is open in another process. Wait until it finishes.\n"
    assert list((tmp_path / "pages").iterdir()) == []


@pytest.fixture(scope="module")
def look() -> Callable:
    """Return a function that opens a page in Chromium and returns what it asked for, said and violates."""
    if CHROMIUM is None:
        pytest.skip("there is no chromium on the PATH (apt install chromium)")
    sync_api = pytest.importorskip("playwright.sync_api")
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")

    def look(paths: list[Path]) -> dict[str, tuple[list[str], list[str], str, list[str]]]:
        seen = {}
        with sync_api.sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            for path in paths:
                page = browser.new_page()
                asked: list[str] = []
                said: list[str] = []
                page.on("request", lambda request, asked=asked: asked.append(request.url))
                page.on("console", lambda message, said=said: said.append(message.text))
                page.on("pageerror", lambda error, said=said: said.append(str(error)))
                page.goto(path.as_uri())
                violations = axe.Axe().run(page).response["violations"]
                grave = [found["id"] for found in violations if found["impact"] in ("serious", "critical")]
                seen[path.stem] = (asked, said, page.locator("body").text_content() or "", grave)
            browser.close()
        return seen

    return look


def test_a_browser_opens_the_pages_from_disk(pages: Pages, look: Callable) -> None:
    seen = look(sorted(pages.folder.glob("*.html")))
    for name, (asked, said, text, grave) in seen.items():
        # Fonts and pictures that a page carries within itself are no requests to anyone.
        assert [url for url in asked if not url.startswith(("file://", "data:"))] == [], name
        assert (said, grave) == ([], []), name
        if name != "index":
            assert "All differences are zero" in text
    assert "The twenty clients who owe most" in seen["portfolio"][2]


@pytest.mark.parametrize("board", NAMES)
def test_a_page_names_no_other_place(pages: Pages, board: str) -> None:
    places = set(
        re.findall(
            r"(?:https?:)?//[\w.-]+\.\w+[^\s\"'<)]*", re.sub(r"base64,[\w+/=]+", "", pages.text(board))
        )
    )
    assert {place for place in places if "www.w3.org" not in place} == set()


@pytest.mark.parametrize("board", NAMES)
def test_a_board_is_an_exposure_of_what_it_reads(board: str) -> None:
    exposures = yaml.safe_load((PROJECT / "models" / "exposures.yml").read_text(encoding="utf-8"))[
        "exposures"
    ]
    (exposure,) = [found for found in exposures if found["name"] == f"board_{board}"]
    assert exposure["url"] == f"boards/{board}.yml"
    text = "".join((BOARDS / f"{name}.yml").read_text(encoding="utf-8") for name in ("_page", board))
    read = set(
        re.findall(r"\blastro_(?:cartoes|cobranca|cooperativa|mensageria|qualidade|recebimento)\.(\w+)", text)
    )
    assert set(exposure["depends_on"]) == {f"ref('{name}')" for name in read}
