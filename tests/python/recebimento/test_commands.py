"""The day of the gate: receive, build, settle, expect; and what people ask of a batch. All through the command line."""

from __future__ import annotations

import csv
import filecmp
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import PAGAMENTOS_HEADER, PROJECT, Workspace

LASTRO = str(Path(sys.executable).with_name("lastro"))
INVOICES = b"""id_fatura,id_cliente,data_emissao,data_vencimento,valor_fatura,valor_pagamento_minimo
F1,C1,2024-01-05,2024-01-25,100.00,10.00
F2,C2,2024-01-06,ontem,50.00,5.00
F1,C1,2024-01-05,2024-01-25,100.00,10.00
F3,C3,2024-01-07,2024-01-27,1.50,
"""
PAYMENTS = b"P1;F1;C1;20/01/2024;100,00\nP2;F3;C3;21/01/2024;0,50\n"


@pytest.fixture
def desk(workspace: Workspace, tmp_path: Path) -> Desk:
    return Desk(workspace, tmp_path)


class Desk:
    """A terminal with the roots of a gate and a folder for notifications; the raw root is the workspace's."""

    def __init__(self, workspace: Workspace, folder: Path) -> None:
        self.workspace, self.folder = workspace, folder
        notify = folder / "notify.toml"
        notify.write_text('[[sender]]\nkind = "folder"\npath = "told"\n')
        self.environment = workspace.variables() | {
            "LASTRO_INBOX": str(folder / "inbox"),
            "LASTRO_RECEIVED": str(folder / "received"),
            "LASTRO_QUARANTINE": str(folder / "quarantine"),
            "LASTRO_NOTIFY": str(notify),
            "COLUMNS": "250",
            "PYTHONPATH": str(PROJECT / "scripts"),
        }

    def put(self, name: str, content: bytes) -> None:
        path = self.folder / "inbox" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def run(self, *args: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [LASTRO, *args], env=os.environ | self.environment, capture_output=True, text=True, cwd=PROJECT
        )

    def said(self, *args: str, code: int = 0) -> str:
        done = self.run(*args)
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout + done.stderr

    def receive(self, code: int = 0) -> dict[str, str]:
        """Receive what waits, and return the batch of each file."""
        lines = self.said("receive", "--settle-seconds", "0", "--jobs", "1", code=code).splitlines()
        named = [line.split(" ") for line in lines if " cartoes/" in line or " mensageria/" in line]
        return {words[2].rstrip(":"): words[0] for words in named}

    def events(self, id_lote: str) -> list[dict]:
        paths = sorted(
            (self.workspace.raw / "recebimento/eventos_lote").rglob(f"{id_lote}-*.json"), key=lambda p: p.name
        )
        return [json.loads(path.read_text()) for path in paths]

    def told(self) -> dict[str, dict]:
        return {path.stem: json.loads(path.read_text()) for path in (self.folder / "told").glob("*.json")}


def test_a_day_of_the_gate(desk: Desk) -> None:
    desk.put("cartoes/tb_faturas_202401.csv", INVOICES)
    desk.put("cartoes/tb_pagamentos_202401.txt", ";".join(PAGAMENTOS_HEADER).encode() + b"\n" + PAYMENTS)
    desk.put("cartoes/tb_pagamentos_202402.csv", b"id_pagamento,id_fatura\nP3,F1\n")
    batches = desk.receive(code=1)
    invoices, payments, refused = (
        batches[f"cartoes/{name}"]
        for name in ("tb_faturas_202401.csv", "tb_pagamentos_202401.txt", "tb_pagamentos_202402.csv")
    )
    # The sender of a refused file is told at once, in Portuguese and with the code.
    [told] = desk.told().values()
    assert (told["id_lote"], told["evento"], told["motivo"]) == (refused, "recusado", "coluna_ausente")
    assert "coluna" in told["significado"]

    desk.workspace.build("--select", "+lotes", "+quarentena", "+builds", "+dim_data", "+metricas_lotes")
    lotes = {
        row["id_lote"]: row
        for row in desk.workspace.records("select * from lastro_recebimento.lotes order by id_lote")
    }
    # By hand: of four invoices one has no due date, and one comes twice; both payments are good.
    assert [
        (lotes[name]["status"], lotes[name]["linhas_recebidas"], lotes[name]["linhas_processadas"])
        + (lotes[name]["linhas_com_falha"], str(lotes[name]["valor_recebido"]))
        + (str(lotes[name]["valor_processado"]), lotes[name]["concluido_em"])
        for name in (invoices, payments)
    ] == [
        ("concluido_com_rejeicoes", 4, 3, 1, "251.50", "201.50", None),
        ("concluido", 2, 2, 0, "100.50", "100.50", None),
    ]
    assert (lotes[refused]["status"], lotes[refused]["linhas_recebidas"]) == ("recusado", None)

    # The command line knows from the build what no event says yet, and can explain a line.
    listed = desk.said("batch", "list")
    assert "concluido_com_rejeicoes" in listed and "1 rows rejected" in listed
    assert "data_vencimento: " in (why := desk.said("batch", "why", invoices, "--line", "3"))
    assert "not a date" in why
    assert "not in quarantine" in desk.said("batch", "why", invoices, "--line", "2")
    assert "is concluido" in desk.said("batch", "cancel", payments, code=1)

    assert "2 batches settled" in desk.said("settle")
    closing = desk.events(invoices)[-2:]
    assert [event["evento"] for event in closing] == ["concluido_com_rejeicoes", "notificado"]
    assert closing[0]["dados"] == {
        "linhas_recebidas": "4",
        "linhas_processadas": "3",
        "linhas_com_falha": "1",
        "valor_recebido": "251.50",
        "valor_processado": "201.50",
        "origem": "lastro settle",
    }
    assert len(desk.told()) == 3
    # A second time there is nothing to do, and nobody is told again.
    before = desk.told()
    assert "0 batches settled" in desk.said("settle")
    assert desk.told() == before
    desk.workspace.build("--select", "+lotes")
    assert desk.workspace.query(
        "select count(*) from lastro_recebimento.lotes where concluido_em is not null"
    ) == [(2,)]


def test_the_sender_of_too_many_rejected_rows_is_warned(desk: Desk) -> None:
    header, good = INVOICES.split(b"\n")[:2]
    bad = b"F%d,C1,ontem,2024-01-25,1.00,\n"
    rows = b"".join(bad % number for number in range(30))
    rows += b"".join(good.replace(b"F1", b"G%d" % number) + b"\n" for number in range(80))
    desk.put("cartoes/tb_faturas_202401.csv", header + b"\n" + rows)
    [batch] = desk.receive().values()
    desk.workspace.build("--select", "+lotes")
    desk.said("settle")
    [told] = desk.told().values()
    # 30 of 110 rows are more than the 20 % that a table allows by default.
    assert (told["id_lote"], told["linhas_com_falha"]) == (batch, 30)
    assert "20 %" in told["acima_do_limite"]


def test_a_line_of_a_spreadsheet_is_the_row_that_people_see(desk: Desk) -> None:
    from openpyxl import Workbook

    book = Workbook()
    for row in csv.reader(INVOICES.decode().splitlines()):
        book.active.append(row)
    book.active.insert_rows(3)
    path = desk.folder / "sheet.xlsx"
    book.save(path)
    desk.put("cartoes/tb_faturas_202401.xlsx", path.read_bytes())
    [batch] = desk.receive().values()
    desk.workspace.build("--select", "+quarentena", "+lotes", "+builds")
    # An empty row was put before the faulty one, which is therefore in row 4.
    assert "not a date" in desk.said("batch", "why", batch, "--line", "4")
    assert "not in quarantine" in desk.said("batch", "why", batch, "--line", "3")


def test_expect_finds_what_is_late_and_what_nobody_expects(desk: Desk) -> None:
    for period in ("202311", "202401", "202402"):
        desk.put(f"cartoes/tb_faturas_{period}.csv", INVOICES)
        desk.receive()
    # The same content for another period is a duplicate, so these get their own.
    assert not list((desk.workspace.raw / "cartoes/tb_faturas").glob("*202401*"))
    for period, client in (("202401", b"C8"), ("202402", b"C9")):
        desk.put(f"cartoes/tb_faturas_{period}.csv", INVOICES.replace(b"C1", client))
        desk.receive()
    desk.workspace.build("--select", "+dim_data", "+arquivos_esperados")
    late = desk.said("expect", "--as-of", "2024-02-02", code=3)
    # December is due on 8 January: the 1st is a holiday, and business days are 2, 3, 4, 5 and 8. January came. February
    # has not ended.
    assert "atrasado cartoes.tb_faturas 2023-12-01, due 2024-01-08" in late
    assert "inesperado cartoes.tb_faturas 2024-02-01: cartoes/tb_faturas/tb_faturas_202402.csv" in late
    assert "1 late" not in late.replace("1 late.", "")
    # Payments never came at all, so the month before is expected; January's are due on 7 February.
    assert "pendente cartoes.tb_pagamentos 2024-01-01, due 2024-02-07" in late
    # On the last day the file is not late; on the next it is.
    assert "pendente cartoes.tb_faturas 2023-12-01" in desk.said("expect", "--as-of", "2024-01-08")
    desk.said("expect", "--as-of", "2024-01-09", code=3)
    desk.workspace.build("--select", "+arquivos_esperados")
    assert desk.workspace.query(
        "select situacao, verificado_em::varchar, vence_em::varchar from lastro_recebimento.arquivos_esperados"
        " where table_name = 'tb_faturas' and periodo = '2023-12-01'"
    ) == [("atrasado", "2024-02-02", "2024-01-08")]


def test_a_cancelled_batch_leaves_no_rows(desk: Desk) -> None:
    desk.put("cartoes/tb_faturas_202401.csv", INVOICES)
    [batch] = desk.receive().values()
    raw = desk.workspace.raw / "cartoes/tb_faturas/tb_faturas_202401.csv"
    assert raw.exists()
    assert "no longer in the raw root" in desk.said("batch", "cancel", batch, "--reason", "wrong month")
    assert not raw.exists()
    assert desk.said("batch", "status", batch).startswith(f"{batch} cancelado")
    assert desk.told()[f"{batch}-04-cancelado"]["motivo"] == "wrong month"
    # It may come again: it is no duplicate of what was cancelled.
    desk.put("cartoes/tb_faturas_202401.csv", INVOICES)
    [again] = desk.receive().values()
    assert again != batch and raw.read_bytes() == INVOICES
    # A batch whose file has not come can be cancelled, and its number is not given to another.
    coming = again[:-4] + f"{int(again[-4:]) + 1:04}"
    desk.said("batch", "cancel", coming)
    desk.put("cartoes/tb_faturas_202402.csv", INVOICES.replace(b"F1", b"H1"))
    [other] = desk.receive().values()
    assert other not in (again, coming)
    assert desk.said("batch", "status", coming).startswith(f"{coming} cancelado")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("batch", "why", "cartoes-20240205-0001"), 1, "there is no batch"),
        (("batch", "status", "cartoes"), 1, "is not the id of a batch"),
        (("batch", "cancel", "cartoes-20241301-0001"), 1, "is not the id of a batch"),
        (("batch", "retry", "cartoes-20240205-0001"), 1, "there is no batch"),
        (("settle",), 1, "Run `make build` first"),
        (("expect", "--as-of", "2024-01-01"), 1, "Run `make build` first"),
        (("receive", "--dry-run", "nothing.csv"), 1, "no such file"),
        (("receive", "--jobs", "0"), 2, "--jobs"),
    ],
)
def test_every_mistake_ends_in_one_sentence(desk: Desk, arguments: tuple, code: int, words: str) -> None:
    desk.workspace.forget_tables()
    assert words in desk.said(*arguments, code=code)


def test_received_files_expire_with_an_event(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace
    from datetime import UTC, datetime

    from lastro.contract import read_contract
    from lastro.receive.gate import Gate
    from lastro.receive.manage import expire
    from lastro.receive.places import Places

    desk.put("cartoes/tb_faturas_202401.csv", INVOICES)
    desk.put("cartoes/tb_faturas_202402.csv", b"")
    tables = [
        replace(table, inbox=replace(table.inbox, days_kept=30)) if table.inbox else table
        for table in read_contract()
    ]
    places = Places.at(
        *(str(desk.folder / name) for name in ("inbox", "received", "quarantine")), str(desk.workspace.raw)
    )
    gate = Gate(places, tables=tables, now=lambda: datetime(2024, 2, 5, tzinfo=UTC))
    accepted, refused = gate.run(gate.waiting(0))
    kept = desk.folder / "received" / accepted.id_lote / "tb_faturas_202401.csv"
    # Only a batch that is done, and only when its days are over.
    assert expire(gate, datetime(2030, 1, 1).date()) == []
    gate.batches.end(accepted.id_lote, "concluido", {})
    assert expire(gate, datetime(2024, 3, 6).date()) == [] and kept.exists()
    assert expire(gate, datetime(2024, 3, 7).date()) == [accepted.id_lote] and not kept.exists()
    assert desk.events(accepted.id_lote)[-1]["evento"] == "expirado"
    assert (desk.folder / "received" / refused.id_lote / "tb_faturas_202402.csv").exists()
    assert expire(gate, datetime(2024, 3, 7).date()) == []


def test_the_committed_inbox_shows_one_of_everything(desk: Desk, tmp_path: Path) -> None:
    """Its files are what the generator writes, and end as the generator's comments say."""
    committed = PROJECT / "data" / "inbox"
    desk.said("sample", "--inbox", "--to", str(tmp_path / "again"))
    names = sorted(str(path.relative_to(committed)) for path in committed.rglob("*.*"))
    assert names == sorted(str(p.relative_to(tmp_path / "again")) for p in (tmp_path / "again").rglob("*.*"))
    assert filecmp.cmpfiles(committed, tmp_path / "again", names, shallow=False)[0] == names
    for name in names:
        desk.put(name, (committed / name).read_bytes())
    lines = desk.said("receive", "--settle-seconds", "0", "--jobs", "1", code=1).splitlines()
    seen = sorted(line.split("(")[-1].split(")")[0] for line in lines if " recusado " in line)
    assert seen == sorted(
        ["aspas_abertas", "total_divergente", "codificacao_misturada", "coluna_ausente", "arquivo_truncado"]
        + ["arquivo_vazio", "arquivo_sem_destino", "tipo_desconhecido", "caminho_inseguro"]
    )
    # Nine of the other domains, and one file of debts from each of seven clients.
    assert sum(" aceito " in line for line in lines) == 9 + 7
    assert sum(" duplicado " in line for line in lines) == 1
    assert "  waits: mensageria/invoices/fevereiro.csv.part" in lines
