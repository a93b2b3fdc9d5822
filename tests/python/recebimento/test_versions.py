"""The same file again, another one of its name, and files that are not to be taken yet."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from lastro.receive.gate import Outcome
from throwaway import House, files_under, project_table, table_of

HEADER = "id,nome\n"
A, B, C = (f"{HEADER}{n},{name}\n" for n, name in enumerate(["Ana", "Bia", "Caio"]))
RAW = "x/t/a.csv"


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path, table_of(["id", "nome"]))


def test_the_same_content_is_a_duplicate_under_any_name(house: House) -> None:
    first = house.send("x/a.csv", A)
    for name in ("x/a.csv", "x/b.csv", "x/a.txt"):
        again = house.send(name, A)
        assert (again.status, again.code) == ("duplicado", "arquivo_duplicado")
        assert again.message == f"batch {first.id_lote} has the same content."
        assert house.said(again.id_lote)["lote_original"] == first.id_lote
        assert house.story(again.id_lote) == ["recebido", "em_validacao", "duplicado"]
        # What came is kept even so, and nothing is in quarantine.
        assert list(house.kept(again.id_lote).values()) == [A.encode()]
    assert house.published() == {RAW: A.encode()}
    assert not list(house.quarantine.rglob("*"))


def test_other_content_of_the_same_name_is_a_new_version(house: House) -> None:
    first, second = house.send("x/a.csv", A), house.send("x/a.csv", B)
    assert (second.status, house.said(second.id_lote)["substitui"]) == ("aceito", first.id_lote)
    assert "substitui" not in house.said(first.id_lote)
    assert house.published() == {RAW: B.encode()}
    assert [house.kept(each.id_lote)["a.csv"] for each in (first, second)] == [A.encode(), B.encode()]


def test_going_back_to_the_first_content_is_a_version_too(house: House) -> None:
    outcomes = [house.send("x/a.csv", content) for content in (A, B, A)]
    assert [outcome.status for outcome in outcomes] == ["aceito"] * 3
    assert house.said(outcomes[2].id_lote)["substitui"] == outcomes[1].id_lote
    assert house.published() == {RAW: A.encode()}
    # And now it is a duplicate of the third, not of the first.
    assert house.said(house.send("x/a.csv", A).id_lote)["lote_original"] == outcomes[2].id_lote
    # What was replaced is no longer there to be a duplicate of.
    assert house.send("x/a.csv", B).status == "aceito"


def test_the_content_of_another_file_that_is_still_there_is_a_duplicate(house: House) -> None:
    house.send("x/a.csv", A)
    other = house.send("x/b.csv", B)
    again = house.send("x/a.csv", B)
    assert (again.status, house.said(again.id_lote)["lote_original"]) == ("duplicado", other.id_lote)
    assert house.published() == {RAW: A.encode(), "x/t/b.csv": B.encode()}


def test_months_without_rows_are_no_duplicates(tmp_path: Path) -> None:
    house = House(tmp_path, project_table("tb_pagamentos"))
    header = "id_pagamento,id_fatura,id_cliente,data_pagamento,valor_pagamento\n"
    for month in ("202401", "202402"):
        assert house.send(f"cartoes/tb_pagamentos_{month}.csv", header).status == "aceito"
    assert len(house.published()) == 2
    # The same month once more is one.
    assert house.send("cartoes/tb_pagamentos_202402.csv", header).status == "duplicado"


def test_the_same_bytes_for_two_tables_are_two_files(tmp_path: Path) -> None:
    house = House(tmp_path, table_of(["id", "nome"]), table_of(["id", "nome"], source="y"))
    assert [house.send(name, A).status for name in ("x/a.csv", "y/a.csv")] == ["aceito"] * 2
    assert house.published() == {"x/t/a.csv": A.encode(), "y/t/a.csv": A.encode()}


def test_names_that_differ_before_their_ending_are_two_files(house: House) -> None:
    for name, content in {"acme.jan.csv": A, "acme.fev.csv": B, "acme.csv": C}.items():
        assert "substitui" not in house.said(house.send(f"x/{name}", content).id_lote)
    assert len(house.published()) == 3


def test_a_raw_file_that_the_gate_did_not_bring_is_kept(house: House) -> None:
    path = house.raw / RAW
    path.parent.mkdir(parents=True)
    path.write_text(B)
    outcome = house.send("x/a.csv", A)
    assert (outcome.status, house.published()) == ("aceito", {RAW: A.encode()})
    kept = [path.read_text() for path in (house.received / "sem_lote").rglob("a.csv")]
    assert kept == [B]


def test_an_older_batch_that_is_judged_later_does_not_hide_a_newer_one(house: House) -> None:
    """Refused in the morning, corrected at noon by another file, judged again in the evening."""
    refused = house.send("x/a.csv", "nome\nAna\n")
    newer = house.send("x/a.csv", B)
    # The format of the table is corrected: the column is optional now.
    house.gate.inbox.tables = [table_of(["nome"])]
    retried: Outcome = house.gate.retry(refused.id_lote)
    assert retried.status == "aceito"
    assert house.published() == {RAW: B.encode()}
    # And the newer one is what the raw root has, so the same content again is a duplicate of it.
    house.gate.inbox.tables = [table_of(["id", "nome"])]
    assert house.said(house.send("x/b.csv", B).id_lote)["lote_original"] == newer.id_lote


def test_a_batch_that_is_judged_again_leaves_the_quarantine(house: House) -> None:
    refused = house.send("x/a.csv", "nome\nAna\n")
    kept = {f"{refused.id_lote}/a.csv", f"{refused.id_lote}/motivo.json"}
    assert {name for name, _ in files_under(house.quarantine)} == kept
    assert house.gate.retry(refused.id_lote).status == "recusado"
    house.gate.inbox.tables = [table_of(["nome"])]
    assert house.gate.retry(refused.id_lote).status == "aceito"
    assert not list(files_under(house.quarantine))
    assert house.story(refused.id_lote) == [
        "recebido",
        "em_validacao",
        "recusado",
        "retomado",
        "recusado",
        "retomado",
        "aceito",
    ]
    with pytest.raises(ValueError, match="is aceito"):
        house.gate.retry(refused.id_lote)


# --- Names, and files that are not complete ---


@pytest.mark.parametrize(
    "name",
    [
        "a.csv.part",
        "a.csv.PART",
        "a.tmp",
        "a.csv.filepart",
        "a.csv.crdownload",
        ".a.csv",
        ".hidden/a.csv",
        "a.csv.swp",
    ],
)
def test_what_is_not_finished_waits(house: House, name: str) -> None:
    path = house.put(f"x/{name}", A)
    assert (house.receive(), path.read_text()) == ([], A)
    path.rename(house.inbox / "x" / "done.csv")
    assert [outcome.name for outcome in house.receive()] == ["x/done.csv"]


def test_a_symbolic_link_is_not_followed(house: House, tmp_path: Path) -> None:
    outside = tmp_path / "secret.csv"
    outside.write_text(A)
    (house.inbox / "x").mkdir()
    (house.inbox / "x" / "a.csv").symlink_to(outside)
    assert house.receive() == []
    assert outside.read_text() == A


def test_a_file_that_still_grows_waits(house: House) -> None:
    growing, done = house.put("x/a.csv", HEADER), house.put("x/b.csv", B)
    pauses = []

    def write_on(seconds: float) -> None:
        pauses.append(seconds)
        with growing.open("a") as file:
            file.write(f"{len(pauses)},Ana\n")

    assert [outcome.name for outcome in house.receive(7, write_on)] == ["x/b.csv"]
    assert house.receive(7, write_on) == []
    assert pauses == [7, 7]
    [outcome] = house.receive(7, pauses.append)
    assert (outcome.name, outcome.rows) == ("x/a.csv", 2)
    assert not done.exists()


def test_a_file_that_changes_without_growing_waits(house: House) -> None:
    path = house.put("x/a.csv", A)

    def replace(seconds: float) -> None:
        path.write_text(A.replace("Ana", "Eva"))
        os.utime(path, (1_800_000_000, 1_800_000_000))

    assert house.receive(1, replace) == []


def test_a_file_that_is_withdrawn_is_no_batch(house: House) -> None:
    """Its number is given back, so that no batch is missing from the series."""
    path = house.put("x/a.csv", A)
    names = house.gate.waiting(0)
    path.unlink()
    assert house.gate.run(names) == []
    assert house.send("x/b.csv", B).id_lote == "x-20240205-0001"


def test_a_name_in_windows_1252_is_mended(house: House) -> None:
    """Old systems write names in it, and no event could tell of one: it is no text."""
    (house.inbox / "x").mkdir()
    for name, content in {b"caf\xe9.csv": A, b"a\xe7\xe3o.csv.part": B}.items():
        with open(os.fsencode(house.inbox) + b"/x/" + name, "w") as file:  # noqa: PTH123
            file.write(content)
    outcomes = house.receive()
    assert [(outcome.name, outcome.status) for outcome in outcomes] == [("x/café.csv", "aceito")]
    assert list(house.published()) == ["x/t/café.csv"]
    # A file that is still being written keeps its name.
    assert [os.fsencode(path.name) for path in (house.inbox / "x").iterdir()] == [b"a\xe7\xe3o.csv.part"]


def test_names_that_are_hard_for_a_shell_or_a_query(house: House) -> None:
    for at, name in enumerate(
        ["a b", "it's", 'say "hi"', "a*b?", "[x]", "-rf", "a;b", "$(id)", "a\tb", "ação", "a&b=c"]
    ):
        outcome = house.send(f"x/{name}.csv", f"{HEADER}{at},x\n")
        assert (outcome.status, outcome.rows, outcome.name) == ("aceito", 1, f"x/{name}.csv")
        assert house.rows(outcome)[0].cells == [str(at), "x"]
