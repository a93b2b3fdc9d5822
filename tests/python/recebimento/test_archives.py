"""Archives: of many files, of dangerous ones, and cut off anywhere."""

from __future__ import annotations

import gzip
import io
import warnings
import zipfile
from pathlib import Path

import pytest
from conftest import examples
from hypothesis import given
from hypothesis import strategies as st
from lastro.receive import containers
from throwaway import House, project_table, table_of

HEADER = "id,nome\n"
FILES = {"jan.csv": f"{HEADER}1,Ana\n", "fev.csv": f"{HEADER}2,Bia\n3,Caio\n", "mar.csv": f"{HEADER}4,Davi\n"}


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path, table_of(["id", "nome"]))


def zipped(members: dict[str, str | bytes] | list[tuple[str, str | bytes]], method: int = 8) -> bytes:
    out = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(out, "w", method) as archive:
        warnings.simplefilter("ignore")
        for name, content in members.items() if isinstance(members, dict) else members:
            archive.writestr(name, content)
    return out.getvalue()


def nothing_waits(house: House) -> bool:
    return not [path for path in house.inbox.rglob("*") if path.is_file() and path.name != ".lock"]


def test_each_file_of_an_archive_is_a_batch_and_the_archive_ends_last(house: House) -> None:
    content = zipped(FILES | {"ruim.csv": "nome\nx\n"})
    house.put("x/trimestre.zip", content)
    container, *members = house.receive()
    assert (container.id_lote, container.status) == ("x-20240205-0001", "concluido")
    assert house.story(container.id_lote) == ["recebido", "em_validacao", "aceito", "concluido"]
    assert house.said(container.id_lote)["lotes"].split() == [member.id_lote for member in members]
    assert house.kept(container.id_lote) == {"trimestre.zip": content}
    assert [(member.name, member.status, member.rows) for member in members] == [
        ("x/trimestre.zip/jan.csv", "aceito", 1),
        ("x/trimestre.zip/fev.csv", "aceito", 2),
        ("x/trimestre.zip/mar.csv", "aceito", 1),
        ("x/trimestre.zip/ruim.csv", "recusado", None),
    ]
    inside = FILES | {"ruim.csv": "nome\nx\n"}
    for member, (name, text) in zip(members, inside.items(), strict=True):
        assert house.kept(member.id_lote) == {name: text.encode()}
        assert house.said(member.id_lote)["conteiner"] == container.id_lote
        assert house.story(member.id_lote)[:2] == ["recebido", "em_validacao"]
    assert house.published() == {f"x/t/{name}": text.encode() for name, text in FILES.items()}
    last = max(event["ocorrido_em"] for member in members for event in house.events(member.id_lote))
    assert house.events(container.id_lote)[-1]["ocorrido_em"] > last
    assert nothing_waits(house)


def test_a_second_archive_brings_what_is_new(house: House) -> None:
    house.put("x/a.zip", zipped(FILES))
    first = house.receive()
    house.put("x/b.zip", zipped(FILES | {"jan.csv": f"{HEADER}1,Ana\n", "abr.csv": f"{HEADER}5,Eva\n"}))
    outcomes = house.receive()
    assert [outcome.status for outcome in outcomes] == [
        "concluido",
        "duplicado",
        "duplicado",
        "duplicado",
        "aceito",
    ]
    assert outcomes[1].message == f"batch {first[1].id_lote} has the same content."


def test_the_only_file_takes_the_name_that_says_more(tmp_path: Path) -> None:
    house = House(tmp_path, project_table("tb_pagamentos"))
    text = "id_pagamento,id_fatura,id_cliente,data_pagamento,valor_pagamento\n1,1,1,2024-01-01,1.00\n"
    for archive, member, period in [
        ("tb_pagamentos_202401", "export.csv", "202401"),
        ("export", "tb_pagamentos_202402.csv", "202402"),
        ("tb_pagamentos_202405", "tb_pagamentos_202403.csv", "202403"),
    ]:
        text += f"{period},1,1,2024-01-01,1.00\n"
        outcome = house.send(f"cartoes/{archive}.zip", zipped({member: text}))
        destination = house.said(outcome.id_lote)["destino"]
        assert destination == f"cartoes/tb_pagamentos/tb_pagamentos_{period}.csv"


def test_of_several_files_none_takes_the_name_of_the_archive(tmp_path: Path) -> None:
    """Else the last one would replace the others."""
    house = House(tmp_path, project_table("tb_pagamentos"))
    text = "id_pagamento,id_fatura,id_cliente,data_pagamento,valor_pagamento\n{},1,1,2024-01-01,1.00\n"
    parts = {f"part{n}.csv": text.format(n) for n in (1, 2)}
    house.put("cartoes/tb_pagamentos_202401.zip", zipped(parts))
    outcomes = house.receive()
    assert [(outcome.status, outcome.code) for outcome in outcomes[1:]] == [
        ("recusado", "arquivo_sem_destino")
    ] * 2
    assert house.published() == {}


@pytest.mark.parametrize(
    "name",
    [
        "../a.csv",
        "/etc/a.csv",
        "b/../../a.csv",
        "..\\a.csv",
        "C:\\a.csv",
        "C:a.csv",
        "\\\\host\\a.csv",
        "b/..",
    ],
)
def test_a_path_out_of_the_archive_is_refused(house: House, tmp_path: Path, name: str) -> None:
    before = set(tmp_path.rglob("a.csv"))
    house.put("x/a.zip", zipped([("ok.csv", FILES["jan.csv"]), (name, FILES["fev.csv"])]))
    [outcome] = house.receive()
    assert (outcome.status, outcome.code) == ("recusado", "caminho_inseguro")
    assert set(tmp_path.rglob("a.csv")) == before
    assert house.published() == {}


def test_a_symbolic_link_is_a_file_with_its_text(house: House) -> None:
    link = zipfile.ZipInfo("a.csv")
    link.create_system, link.external_attr = 3, 0o120777 << 16
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(link, "/etc/passwd")
    outcome = house.send("x/a.zip", out.getvalue())
    assert (outcome.code, "required column id, nome" in outcome.message) == ("coluna_ausente", True)


@pytest.mark.parametrize("names", [("a.csv", "a.csv"), ("a.csv", "b/a.csv"), ("b/a.csv", "c/A.CSV")])
def test_two_files_of_one_name_would_be_one_raw_file(house: House, names: tuple[str, str]) -> None:
    members = list(zip(names, [FILES["jan.csv"], FILES["fev.csv"]], strict=True))
    outcome = house.send("x/a.zip", zipped(members))
    assert (outcome.code, house.published()) == ("membro_repetido", {})


def test_names_that_are_the_gates_own_are_kept_beside_them(house: House) -> None:
    members = {".lote.json": "secret", "motivo.json": "reason", "a.csv": FILES["jan.csv"]}
    house.put("x/a.zip", zipped(members))
    _, *outcomes = house.receive()
    assert [outcome.status for outcome in outcomes] == ["recusado", "recusado", "aceito"]
    for outcome, name in zip(outcomes[:2], members, strict=False):
        assert house.kept(outcome.id_lote)[f"_{name}"] == members[name].encode()
        assert (house.quarantine / outcome.id_lote / f"_{name}").read_bytes() == members[name].encode()
        assert (
            b'"motivo": "coluna_ausente"' in (house.quarantine / outcome.id_lote / "motivo.json").read_bytes()
        )


def test_a_bomb_is_stopped_before_it_fills_the_disk(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(containers, "_SMALL", 10_000)
    monkeypatch.setattr(containers, "_BLOCK", 4096)
    written = []
    spend = containers._Budget.spend
    monkeypatch.setattr(
        containers._Budget, "spend", lambda self, size: (spend(self, size), written.append(size))
    )
    text = HEADER.encode() + b"1,a\n" * 1_000_000
    for name, content in {"a.zip": zipped({"a.csv": text}), "a.gz": gzip.compress(text)}.items():
        ratio = len(text) / len(content)
        assert ratio > containers.MAX_RATIO
        outcome = house.send(f"x/{name}", content)
        assert outcome.code == "arquivo_grande_demais"
        # 200 times what came in, and a block.
        assert sum(written) < len(content) * containers.MAX_RATIO + 200_000
        written.clear()


def test_an_honest_archive_that_packs_well_is_no_bomb(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(containers, "_SMALL", 10_000)
    rows = "".join(f"{n},Cliente {n * 7919 % 1000}\n" for n in range(5000))
    assert house.send("x/a.zip", zipped({"a.csv": HEADER + rows})).rows == 5000


def test_all_files_together_may_not_be_too_large(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(containers, "MAX_BYTES", 40)
    assert house.send("x/a.zip", zipped(FILES)).code == "arquivo_grande_demais"
    assert house.send("x/b.zip", zipped({"a.csv": FILES["jan.csv"]})).status == "aceito"


def test_a_thousand_files_are_not_too_many_and_one_more_is(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(containers, "MAX_MEMBERS", 3)
    assert house.send("x/a.zip", zipped(FILES | {"abr.csv": HEADER})).code == "arquivo_grande_demais"
    house.put("x/b.zip", zipped({"folder/": ""} | FILES))
    assert [outcome.status for outcome in house.receive()] == ["concluido", *["aceito"] * 3]


def test_an_archive_cut_off_anywhere_is_refused_or_whole(house: House) -> None:
    """The list at a zip's end repeats what its files say, so a cut in it loses nothing."""
    rows = "".join(f"{n},Cliente {n * 7919 % 1000}\n" for n in range(15))
    text = (HEADER + rows).encode()
    packed = zipped({"a.csv": text})
    end_of_data = packed.index(b"PK\x01\x02")
    for at, size in enumerate(range(5, len(packed), 10)):
        house.put(f"x/{at}.zip", packed[:size])
    for at, size in enumerate(range(5, len(gzip.compress(text)), 10)):
        house.put(f"x/g{at}.gz", gzip.compress(text)[:size])
    outcomes = house.receive()
    for outcome in outcomes:
        [(_, kept)] = house.kept(outcome.id_lote).items()
        if outcome.status == "recusado":
            # The first bytes may not show yet that it is an archive, but never make a table.
            assert outcome.code in ("arquivo_truncado", "coluna_ausente", "byte_nulo", "codificacao_invalida")
            assert outcome.name.endswith(".gz") or len(kept) < end_of_data + 4
        else:
            assert outcome.status in ("aceito", "duplicado"), outcome
            assert outcome.name.endswith("zip") and len(kept) >= end_of_data
    assert sum(outcome.status == "aceito" for outcome in outcomes) <= 1
    assert set(house.published().values()) <= {text}


names = st.text(
    st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=12
) | st.sampled_from(
    [
        ".",
        "..",
        "a/..",
        "a//b",
        "/",
        " ",
        "a/.",
        "con",
        ".part",
        "a.csv",
        "é.csv",
        "a\nb.csv",
        "~",
        "-rf",
        "*",
        "a?.csv",
    ]
)


@examples(60)
@given(members=st.lists(names, min_size=1, max_size=4))
def test_any_name_in_an_archive_is_safe(tmp_path_factory: pytest.TempPathFactory, members: list[str]) -> None:
    """Whatever its members are called, the archive ends, and nothing is written outside the gate's own folders."""
    folder = tmp_path_factory.mktemp("any")
    house = House(folder / "gate", table_of(["id", "nome"]))
    house.put("x/a.zip", zipped([(name, f"{HEADER}{at},x\n") for at, name in enumerate(members)]))
    outcomes = house.receive()
    assert outcomes and nothing_waits(house)
    ends = ("aceito", "recusado", "concluido", "duplicado")
    assert all(outcome.status in ends for outcome in outcomes)
    assert [path.name for path in folder.iterdir()] == ["gate"]
    assert {path.name for path in (folder / "gate").iterdir()} <= {"inbox", "received", "quarantine", "raw"}
    accepted = sum(outcome.status == "aceito" for outcome in outcomes)
    assert len(house.published()) == accepted
