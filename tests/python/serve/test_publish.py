"""What `lastro publish` writes: a build, whole, and by itself; and rows judged by it as a build judges them."""

from __future__ import annotations

import shutil
import threading
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from conftest import PROJECT, Workspace
from lastro import publish as publish_module
from lastro.publish import publish
from lastro.receive.gate import Gate
from lastro.receive.places import Places
from lastro.serve.published import Published
from lastro.serve.rehearse import Rehearsal, rehearse

SENT = sorted(path for path in (PROJECT / "data" / "inbox" / "cobranca").rglob("*") if path.is_file())


@pytest.fixture(scope="session")
def published(
    session_workspace: Workspace, kept_sample: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    session_workspace.restore(kept_sample)
    folder = tmp_path_factory.mktemp("published")
    name, is_new = publish(session_workspace.database, folder)
    assert is_new and (folder / "atual").read_text() == name
    return folder


@pytest.fixture
def copied(built_sample: Workspace, tmp_path: Path) -> Path:
    """A database that a test may spoil."""
    return Path(shutil.copyfile(built_sample.database, tmp_path / "lastro.duckdb"))


@pytest.fixture
def no_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compile nothing: it takes seconds, and these tests are about folders."""
    monkeypatch.setattr(publish_module, "_rules", lambda scratch: [])


def note_build(database: Path, number: int) -> None:
    with duckdb.connect(str(database)) as con:
        con.execute(
            f"insert into lastro_qualidade.builds values ('build-{number}', timestamp '2099-01-0{number + 1}', '9', 1)"
        )


def test_it_holds_what_the_build_says(built_sample: Workspace, published: Path) -> None:
    found = Published(published)
    [(build,)] = built_sample.query(
        "select invocation_id from lastro_qualidade.builds order by built_at desc limit 1"
    )
    assert found.build()["build_id"] == build
    rejected = built_sample.query(
        "select id_lote, linha_original, mensagens from lastro_cobranca.dividas_rejeitadas order by 1, 2"
    )
    assert len(rejected) > 60
    batches = sorted({id_lote for id_lote, *_ in rejected})
    assert [
        (id_lote, line, message) for id_lote in batches for line, message in found.wrong(id_lote).items()
    ] == rejected
    lotes = found.lotes([*batches, "nobody-20260701-0001"])
    assert sorted(lotes) == batches
    assert {row["status"] for row in lotes.values()} == {"concluido_com_rejeicoes"}
    whole = found.rejections(batches[0])
    pages = found.rejections(batches[0], limit=4)
    while pages != whole:
        more = found.rejections(batches[0], after=pages[-1]["linha_original"], limit=4)
        assert more
        pages += more
    assert found.lotes([]) == {} and found.rejections("' or true --") == []


def test_publishing_again_changes_nothing(built_sample: Workspace, published: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in published.rglob("*")}
    name, is_new = publish(built_sample.database, published)
    assert not is_new and name == (published / "atual").read_text()
    files = {path for path in before if path.is_file() and path.name != ".lock"}
    assert {path: path.stat().st_mtime_ns for path in files} == {path: before[path] for path in files}


def test_nothing_is_published_yet(tmp_path: Path) -> None:
    found = Published(tmp_path / "none")
    assert found.build() is None and found.rules() == [] and found.lotes(["a-20260101-0001"]) == {}


def test_a_folder_that_is_gone_comes_back(copied: Path, tmp_path: Path, no_rules: None) -> None:
    folder = tmp_path / "o'brien"
    name, _ = publish(copied, folder)
    shutil.rmtree(folder / name)
    assert publish(copied, folder) == (name, True)
    assert Published(folder).build()["build_id"] == name


def test_older_builds_go_but_the_last(copied: Path, tmp_path: Path, no_rules: None) -> None:
    folder = tmp_path / "published"
    names = [publish(copied, folder)[0]]
    (folder / ".publish_killed").mkdir()
    for number in range(3):
        note_build(copied, number)
        names.append(publish(copied, folder)[0])
        assert Published(folder).build()["build_id"] == names[-1]
    assert sorted(
        path.name for path in folder.iterdir() if path.is_dir() and path.name != ".partial"
    ) == sorted(names[-2:])


def test_a_build_that_failed_is_not_published(copied: Path, tmp_path: Path, no_rules: None) -> None:
    with duckdb.connect(str(copied)) as con:
        con.execute("delete from lastro_cobranca.resultado_lotes where id_lote like 'faro%'")
    with pytest.raises(RuntimeError, match=r"half built: faro-.* Run `dbt build`"):
        publish(copied, tmp_path / "published")
    with duckdb.connect(str(copied)) as con:
        con.execute("drop table lastro_recebimento.lotes")
    with pytest.raises(RuntimeError, match="not a finished build"):
        publish(copied, tmp_path / "published")
    assert Published(tmp_path / "published").build() is None


def test_publishing_at_once_and_reading_meanwhile(copied: Path, tmp_path: Path, no_rules: None) -> None:
    folder = tmp_path / "published"
    publish(copied, folder)
    failures: list[BaseException] = []
    is_over = threading.Event()

    def guarded(act: object) -> None:
        try:
            act()
        except BaseException as error:
            failures.append(error)

    def read() -> None:
        while not is_over.is_set():
            assert len(Published(folder).wrong("faro-20260701-0001")) == 11

    def write() -> None:
        for _ in range(3):
            publish(copied, folder)
            # As if a newer build had been published: the next one replaces it.
            (folder / "atual").write_text((folder / "atual").read_text())

    readers = [threading.Thread(target=guarded, args=(read,)) for _ in range(2)]
    writers = [threading.Thread(target=guarded, args=(write,)) for _ in range(3)]
    for thread in readers + writers:
        thread.start()
    for thread in writers:
        thread.join()
    is_over.set()
    for thread in readers:
        thread.join()
    assert failures == []


@pytest.mark.parametrize("path", SENT, ids=lambda path: path.parent.name)
def test_a_file_is_judged_as_a_build_judges_it(
    built_sample: Workspace, published: Path, path: Path, tmp_path: Path
) -> None:
    """The generator sent these files first, on 1 July 2026."""
    client = path.parent.name
    places = Places.at(*(str(tmp_path / name) for name in ("inbox", "received", "quarantine", "raw")))
    found: list[Rehearsal] = []
    name = f"cobranca/{client}/{path.name}"
    judge = lambda accepted: found.append(  # noqa: E731
        rehearse(Published(published), accepted, client, date(2026, 7, 1))
    )
    Gate(places).dry_run(path, name, judge)
    [rehearsal] = found
    id_lote = f"{client}-20260701-0001"
    [(rows, prescribed, rejected)] = built_sample.query(
        "select linhas_recebidas, linhas_prescritas, linhas_rejeitadas"
        f" from lastro_cobranca.resultado_lotes where id_lote = '{id_lote}'"
    )
    assert (rehearsal.rows, rehearsal.prescribed, rehearsal.rejected) == (rows, prescribed, rejected)
    # A later batch may have replaced what this one registered; alone, it does not.
    assert rehearsal.rows == (
        rehearsal.registered + rehearsal.prescribed + rehearsal.again + rehearsal.rejected
    )
    assert rehearsal.amount == Decimal("3276.90")
    columns = "linha_original, motivos, mensagens, id_divida, documento_devedor, valor_divida"
    assert [
        tuple(row[name] for name in columns.split(", ")) for row in rehearsal.rejections
    ] == built_sample.query(
        f"select {columns} from lastro_cobranca.dividas_rejeitadas where id_lote = '{id_lote}'"
        " order by linha_original, line_number"
    )
    assert not (tmp_path / "raw").exists() or not list((tmp_path / "raw").rglob("*.csv"))
