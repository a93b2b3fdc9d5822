"""Roots and claims: the few atomic operations on which the gate relies, in a folder and in a bucket alike."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import TypeVar

import pytest
from botocore.exceptions import ClientError
from faults import MemoryS3
from lastro.receive import roots as roots_module
from lastro.receive.claims import Claim, Claims, LostClaim
from lastro.receive.inbox import Inbox
from lastro.receive.roots import Bucket, Folder, Root, root_at

Result = TypeVar("Result")


@pytest.fixture(params=["folder", "bucket", "memory"])
def root(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder | Bucket:
    """A folder, a bucket, and a bucket of the S3 in memory that the tests of kills use: they must agree."""
    if request.param == "folder":
        return Folder(tmp_path / "root")
    if request.param == "memory":
        s3 = MemoryS3()
        monkeypatch.setattr(roots_module, "boto3", SimpleNamespace(client=lambda *_, **__: s3))
        return Bucket("s3://lastro/some/prefix")
    return root_at(f"{request.getfixturevalue('bucket')}/some/prefix")


def at_once(count: int, act: Callable[[int], Result]) -> list[Result]:
    """Return what so many threads returned that began at the same moment."""
    barrier = threading.Barrier(count)

    def begin(number: int) -> Result:
        barrier.wait()
        return act(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(begin, range(count)))


def names(root: Root, prefix: str = "") -> list[str]:
    return [entry.name for entry in root.entries(prefix)]


def test_one_of_many_creates_a_name(root: Folder | Bucket) -> None:
    for attempt in range(10):
        name = f"a/{attempt}.json"
        created = at_once(8, lambda number, name=name: root.create(name, b"%d" % number))
        winners = [number for number, version in enumerate(created) if version]
        assert len(winners) == 1, created
        entry = root.entry(name)
        assert root.read(name) == b"%d" % winners[0]
        assert entry and entry.version == created[winners[0]]


def test_creating_the_same_again_is_no_loss(root: Folder | Bucket) -> None:
    """A request whose answer was lost is repeated."""
    version = root.create("a.json", b"same")
    assert version and root.create("a.json", b"same") == version
    assert root.create("a.json", b"other") is None and root.read("a.json") == b"same"


def test_one_of_many_replaces_a_version(root: Folder | Bucket) -> None:
    version = root.create("a.json", b"first")
    assert version
    for attempt in range(10):
        data = [b"%d-%d" % (attempt, number) for number in range(8)]
        replaced = at_once(
            8, lambda number, data=data, old=version: root.replace("a.json", data[number], old)
        )
        [winner] = [number for number, found in enumerate(replaced) if found]
        assert root.read_version("a.json") == (data[winner], replaced[winner])
        version = replaced[winner]
    assert root.replace("missing.json", b"x", version) is None and root.read("missing.json") is None


def test_a_version_that_is_gone_is_neither_replaced_nor_deleted(root: Folder | Bucket) -> None:
    old = root.create("a.json", b"first")
    assert old
    new = root.replace("a.json", b"second", old)
    assert new and new != old
    assert root.replace("a.json", b"third", old) is None
    assert root.delete("a.json", old) is False and root.read("a.json") == b"second"
    assert root.delete("a.json", new) is True and root.entry("a.json") is None
    # Gone is gone, whoever removed it.
    assert root.delete("a.json", new) is True and root.delete("a.json") is True


def test_a_file_is_put_only_over_the_version_that_was_seen(root: Folder | Bucket, tmp_path: Path) -> None:
    (tmp_path / "one").write_bytes(b"one")
    (tmp_path / "two").write_bytes(b"two")
    assert root.put_over("t/a.csv", tmp_path / "one", None)
    assert not root.put_over("t/a.csv", tmp_path / "two", None)
    seen = root.entry("t/a.csv")
    assert seen and root.put_over("t/a.csv", tmp_path / "two", seen.version)
    assert not root.put_over("t/a.csv", tmp_path / "one", seen.version)
    assert not root.put_over("t/b.csv", tmp_path / "one", seen.version)
    assert root.read("t/a.csv") == b"two" and root.read("t/b.csv") is None


def test_entries_and_folders_hide_what_is_hidden(root: Folder | Bucket, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"12345")
    for name in ("b/one.csv", "b/c/two.csv", "a.csv", "ç ã/três.csv", "b.csv", ".hidden/x", "b/.lote.json"):
        root.put(name, tmp_path / "x")
    assert sorted(names(root)) == ["a.csv", "b.csv", "b/c/two.csv", "b/one.csv", "ç ã/três.csv"]
    assert sorted(names(root, "b/")) == ["b/c/two.csv", "b/one.csv"]
    assert sorted(names(root, "b")) == ["b.csv", "b/c/two.csv", "b/one.csv"]
    assert names(root, ".hidden/") == [".hidden/x"]
    assert names(root, "missing/") == [] and root.folders("missing/") == []
    assert root.folders("b/") == ["c"]
    assert {entry.size for entry in root.entries()} == {5}
    assert all(abs(entry.seconds - time.time()) < 60 for entry in root.entries())
    hidden = root.entry("b/.lote.json")
    assert hidden and hidden.size == 5 and root.read("b/.lote.json") == b"12345"
    assert root.entry("missing") is None and root.read("missing") is None
    assert root.read_version("missing") is None


def test_a_reader_never_sees_half_a_file(root: Folder | Bucket, tmp_path: Path) -> None:
    contents = [bytes([number]) * 2_000_000 for number in range(1, 4)]
    for number, content in enumerate(contents):
        (tmp_path / str(number)).write_bytes(content)
    root.put("a/big.csv", tmp_path / "0")
    ended = threading.Event()

    def write() -> None:
        for turn in range(12):
            act = [root.put, lambda name, path: root.write(name, path.read_bytes())][turn % 2]
            act("a/big.csv", tmp_path / str(turn % 3))
        ended.set()

    writer = threading.Thread(target=write)
    writer.start()
    seen = set()
    while not ended.is_set():
        data = root.read("a/big.csv")
        assert data in contents
        seen.add(data)
    writer.join()
    assert len(seen) > 1 and names(root) == ["a/big.csv"]


def test_local_gives_the_bytes_or_says_that_there_is_no_file(root: Folder | Bucket, tmp_path: Path) -> None:
    root.write("a/b c.csv", b"bytes")
    assert root.local("a/b c.csv", tmp_path).read_bytes() == b"bytes"
    with pytest.raises(FileNotFoundError):
        root.local("a/missing.csv", tmp_path)


def test_deletions_do_not_disturb_writers(root: Folder | Bucket) -> None:
    """A folder that a deletion empties stays: another writer may be about to use it."""

    def work(number: int) -> None:
        for turn in range(60):
            root.write(f"q/{turn % 3}/{number}", b"x")
            version = root.create(f".claims/{number}", b"x")
            assert root.delete(f"q/{turn % 3}/{number}") and root.delete(f".claims/{number}", version)

    at_once(4, work)
    assert names(root) == []


def test_the_sweep_spares_the_living(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".partial").mkdir()
    for name in ("dead", "living", "ending"):
        (tmp_path / ".partial" / name).write_bytes(b"half")
    os.utime(tmp_path / ".partial" / "dead", (1_700_000_000, 1_700_000_000))
    found = sorted((tmp_path / ".partial").iterdir())
    (tmp_path / ".partial" / "ending").unlink()
    # One writer ended between the listing and the look at its file.
    monkeypatch.setattr(Path, "glob", lambda *_: iter(found))
    Folder(tmp_path).sweep()
    assert [path.name for path in (tmp_path / ".partial").iterdir()] == ["living"]


def test_a_bucket_that_does_not_exist_is_no_empty_one(bucket: str, tmp_path: Path) -> None:
    root = root_at("s3://lastro-nowhere/x")
    (tmp_path / "x").write_bytes(b"x")
    for act in (
        lambda: list(root.entries()),
        lambda: root.read("a"),
        lambda: root.create("a", b"x"),
        lambda: root.replace("a", b"x", '"x"'),
        lambda: root.put_over("a", tmp_path / "x", None),
        lambda: root.delete("a"),
    ):
        with pytest.raises(ClientError, match="NoSuchBucket"):
            act()


def test_an_object_is_copied_only_in_the_version_that_was_seen(bucket: str, tmp_path: Path) -> None:
    inbox, other = Bucket(f"{bucket}/in"), Bucket(f"{bucket}/out")
    for target in (other, Folder(tmp_path / "out")):
        inbox.write("a.csv", b"first")
        seen = inbox.entry("a.csv")
        inbox.write("a.csv", b"second")
        now = inbox.entry("a.csv")
        assert seen and now
        assert not inbox.copy_to("a.csv", seen.version, target, "x/a.csv", tmp_path)
        assert target.entry("x/a.csv") is None
        assert inbox.copy_to("a.csv", now.version, target, "x/a.csv", tmp_path)
        assert target.read("x/a.csv") == b"second"
        assert not inbox.copy_to("missing", now.version, target, "x/b.csv", tmp_path)


# Claims


def test_a_living_gate_keeps_its_claim(root: Folder | Bucket) -> None:
    one, two = Claims(root, 60), Claims(root, 60)
    with one.claim("a.csv") as mine:
        assert mine
        with one.claim("a.csv") as again, two.claim("a.csv") as theirs, two.claim("b.csv") as other:
            assert again is None and theirs is None and other is not None
            two.release(other)
        assert list(two.abandoned()) == []
        one.release(mine)
    with two.claim("a.csv") as theirs:
        assert theirs and theirs.facts == {}
        two.release(theirs)
    assert names(root, ".claims/") == []


def test_one_of_many_claims(root: Folder | Bucket) -> None:
    for attempt in range(5):
        gates = [Claims(root, 60) for _ in range(8)]
        together = threading.Barrier(8)

        def take(
            number: int, gates: list[Claims] = gates, name: str = f"{attempt}.csv", end=together
        ) -> bool:
            with gates[number].claim(name) as claim:
                end.wait()
                return claim is not None

        assert sum(at_once(8, take)) == 1


def test_a_claim_outlives_its_lease_for_no_one(root: Folder | Bucket) -> None:
    dead = Claims(root, 1)
    claim = dead._take("a.csv")
    assert claim
    dead.note(claim, id_lote="x-20240101-0001")
    heirs = [Claims(root, 1) for _ in range(8)]
    assert [heir._take("a.csv") for heir in heirs] == [None] * 8 and list(heirs[0].abandoned()) == []
    time.sleep(2.1)
    assert list(heirs[0].abandoned()) == ["a.csv"]
    taken = at_once(8, lambda number: heirs[number]._take("a.csv"))
    [(number, heir)] = [(number, found) for number, found in enumerate(taken) if found]
    assert heir.facts == {"id_lote": "x-20240101-0001"}
    # The dead gate was only asleep: it learns so, and changes nothing.
    with pytest.raises(LostClaim):
        dead.note(claim)
    dead.release(claim)
    heirs[number].note(heir)
    heirs[number].release(heir)
    assert names(root, ".claims/") == []


def test_one_of_many_threads_is_the_heir(root: Folder | Bucket) -> None:
    dead = Claims(root, 60)
    claim = dead._take("a.csv")
    assert claim
    dead.note(claim, id_lote="x-20240101-0001", is_abandoned=True)
    heirs = [Claims(root, 60) for _ in range(8)]
    taken = at_once(8, lambda number: heirs[number]._take("a.csv"))
    [heir] = [found for found in taken if found]
    assert heir.facts == {"id_lote": "x-20240101-0001"}
    with pytest.raises(LostClaim):
        dead.note(claim)


def test_a_gate_that_fails_leaves_its_claim_at_once(root: Folder | Bucket) -> None:
    one, two = Claims(root, 3600), Claims(root, 3600)
    with pytest.raises(OSError, match="disk"), one.claim("a.csv") as claim:
        assert claim
        one.note(claim, id_lote="x-20240101-0001")
        raise OSError("disk")
    assert list(two.abandoned()) == ["a.csv"]
    with two.claim("a.csv") as theirs:
        assert theirs and theirs.facts == {"id_lote": "x-20240101-0001"}
        two.release(theirs)
    assert list(two.abandoned()) == []


def test_renewal_keeps_a_claim_for_longer_than_its_lease(
    root: Folder | Bucket,
) -> None:
    one, two = Claims(root, 0.5), Claims(root, 0.5)
    with one.claim("a.csv") as mine:
        assert mine
        until = time.time() + 3
        while time.time() < until:
            assert list(two.abandoned()) == []
            with two.claim("a.csv") as theirs:
                assert theirs is None
            time.sleep(0.1)
        one.note(mine, still="mine")
        one.release(mine)
    assert names(root, ".claims/") == []


def test_a_gate_that_waits_gets_the_claim_when_it_ends(root: Folder | Bucket) -> None:
    claims = [Claims(root, 60) for _ in range(3)]
    inside, most, total = [0], [0], [0]

    def work(number: int) -> None:
        for _ in range(3):
            with claims[number % 3].claim("t/a.csv", wait=True) as claim:
                assert claim
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                time.sleep(0.005)
                inside[0] -= 1
                total[0] += 1
                claims[number % 3].release(claim)

    at_once(6, work)
    assert (most[0], total[0]) == (1, 18)


def test_an_outage_while_claiming_does_not_hold_up_the_others(
    root: Folder | Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A claim that could not be made is not held, or another thread of the gate would wait for it for ever."""
    claims = Claims(root, 60)

    def fails(*_: object) -> None:
        raise OSError("disk")

    with monkeypatch.context() as patch:
        patch.setattr(root, "create", fails)
        with pytest.raises(OSError, match="disk"), claims.claim("a.csv", wait=True):
            pass
    with claims.claim("a.csv", wait=True) as claim:
        assert claim
        claims.release(claim)


def test_a_renewal_whose_answer_was_lost_loses_no_claim(
    root: Folder | Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    claims = Claims(root, 60)
    with claims.claim("a.csv") as claim:
        assert claim
        replace = root.replace

        def loses(*args: object) -> None:
            replace(*args)
            raise ConnectionError("cut")

        with monkeypatch.context() as patch:
            patch.setattr(root, "replace", loses)
            with pytest.raises(ConnectionError):
                claims.note(claim, first="1")
        claims.note(claim, second="2")
        claims.release(claim)
    assert names(root, ".claims/") == []


# A gate that was suspended for longer than its lease, and wakes up


def test_a_late_gate_does_not_move_a_newer_file_over_the_one_it_claimed(
    root: Folder | Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Suspended between its last look at the claim and the move, it wakes up when the next version is there."""
    received = (
        Folder(tmp_path / "received") if isinstance(root, Folder) else Bucket(f"{root.address}-received")
    )
    late, heir = Claims(root, 60), Claims(root, 60)
    root.write("x.csv", b"first")
    claim = late._take("x.csv")
    assert claim
    late.note(claim, id_lote="x-20240101-0001")
    move = "_take_object" if isinstance(root, Bucket) else "move_to"
    owner = Inbox if isinstance(root, Bucket) else Folder
    original = getattr(owner, move)

    def suspended(*args: object) -> object:
        monkeypatch.setattr(owner, move, original)
        root.write(names(root, ".claims/")[0], heir._text(Claim("x.csv", dict(claim.facts))))
        theirs = Claim("x.csv", dict(claim.facts), root.entry(names(root, ".claims/")[0]).version)
        assert Inbox(root, []).take("x.csv", received, "x-20240101-0001/x.csv", heir, theirs)
        heir.release(theirs)
        root.write("x.csv", b"second")
        return original(*args)

    monkeypatch.setattr(owner, move, suspended)
    try:
        took = Inbox(root, []).take("x.csv", received, "x-20240101-0001/x.csv", late, claim)
    except LostClaim:
        took = None
    # In a bucket it finds that the work is done; in a folder, that its claim is lost.
    assert took is (True if isinstance(root, Bucket) else None)
    assert received.read("x-20240101-0001/x.csv") == b"first"
    assert root.read("x.csv") == b"second"


def test_a_copy_to_another_disk_is_repeated_and_never_mixed_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox, received = Folder(tmp_path / "inbox"), Folder(tmp_path / "received")
    move_to = Folder.move_to

    def other_disk(self: Folder, name: str, other: Root, *args: object) -> bool:
        return move_to(self, name, other, *args) if other is self else False

    monkeypatch.setattr(Folder, "move_to", other_disk)
    claims = Claims(inbox, 60)
    inbox.write("a.csv", b"first")
    with pytest.raises(OSError, match="full"), claims.claim("a.csv") as claim:
        assert claim
        with monkeypatch.context() as patch:
            patch.setattr(received, "put", _full)
            Inbox(inbox, []).take("a.csv", received, "x-0001/a.csv", claims, claim)
    # It is aside now, where no one changes it, and the next gate finds it; scans of claims do not.
    inbox.write("a.csv", b"second")
    assert list(Claims(inbox, 60).abandoned()) == ["a.csv"] and names(inbox) == ["a.csv"]
    with claims.claim("a.csv") as claim:
        assert claim and Inbox(inbox, []).take("a.csv", received, "x-0001/a.csv", claims, claim)
        claims.release(claim)
    assert received.read("x-0001/a.csv") == b"first" and inbox.read("a.csv") == b"second"
    with claims.claim("a.csv") as claim:
        assert claim and Inbox(inbox, []).take("a.csv", received, "x-0002/a.csv", claims, claim)
        claims.release(claim)
    assert received.read("x-0002/a.csv") == b"second"
    assert [path.name for path in (tmp_path / "inbox").rglob("*") if path.is_file()] == [".lock"]


def test_a_late_copy_does_not_take_the_next_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It wakes up before its copy to another disk, when the next file of the name waits for its own."""
    inbox, received = Folder(tmp_path / "inbox"), Folder(tmp_path / "received")
    move_to, local = Folder.move_to, Folder.local
    monkeypatch.setattr(
        Folder,
        "move_to",
        lambda self, name, other, *rest: other is self and move_to(self, name, other, *rest),
    )
    late, heir = Claims(inbox, 60), Claims(inbox, 60)
    inbox.write("a.csv", b"first")
    claim = late._take("a.csv")
    assert claim

    def take(batch: str, claims: Claims, held: Claim) -> bool:
        return Inbox(inbox, []).take("a.csv", received, f"{batch}/a.csv", claims, held)

    def asleep(self: Folder, name: str, scratch: Path) -> Path:
        monkeypatch.setattr(Folder, "local", local)
        [path] = names(inbox, ".claims/")
        inbox.write(path, heir._text(Claim("a.csv", {"is_abandoned": True})))
        with heir.claim("a.csv") as theirs:
            assert theirs and take("x-0001", heir, theirs)
            heir.release(theirs)
        inbox.write("a.csv", b"second")
        with (
            monkeypatch.context() as patch,
            pytest.raises(OSError, match="full"),
            heir.claim("a.csv") as following,
        ):
            patch.setattr(received, "put", _full)
            take("x-0002", heir, following)
        return local(self, name, scratch)

    monkeypatch.setattr(Folder, "local", asleep)
    assert take("x-0001", late, claim) and received.read("x-0001/a.csv") == b"first"
    with heir.claim("a.csv") as following:
        assert following and take("x-0002", heir, following)
    assert received.read("x-0002/a.csv") == b"second"


def _full(*_: object) -> None:
    raise OSError("full")


@pytest.mark.skipif(
    not Path("/dev/shm").is_dir() or Path("/dev/shm").stat().st_dev == Path("/tmp").stat().st_dev,
    reason="needs two disks",
)
def test_two_disks(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    other = Path(tempfile.mkdtemp(dir="/dev/shm"))
    request.addfinalizer(partial(shutil.rmtree, other))
    inbox, received = Folder(tmp_path / "inbox"), Folder(other / "received")
    inbox.write("a.csv", b"first")
    claims = Claims(inbox, 60)
    with claims.claim("a.csv") as claim:
        assert claim and Inbox(inbox, []).take("a.csv", received, "x-0001/a.csv", claims, claim)
        claims.release(claim)
    assert received.read("x-0001/a.csv") == b"first" and inbox.entry("a.csv") is None


def test_a_file_that_changed_since_the_scan_waits(tmp_path: Path) -> None:
    """Another gate took the file, and its sender is writing the next of the same name."""
    root, received = Folder(tmp_path / "inbox"), Folder(tmp_path / "received")
    root.write("a.csv", b"first")
    inbox, claims = Inbox(root, []), Claims(root, 60)
    assert inbox.complete(0) == ["a.csv"] and inbox.is_as_seen("a.csv")
    (tmp_path / "inbox" / "a.csv").write_bytes(b"half of the ne")
    assert not inbox.is_as_seen("a.csv")
    with claims.claim("a.csv") as claim:
        assert claim and not inbox.take("a.csv", received, "x-0001/a.csv", claims, claim)
        claims.release(claim)
    assert names(received) == [] and names(root) == ["a.csv"]


def test_a_conflict_is_asked_again(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """409 says that another request for the name is under way, not how that ends."""
    root = Bucket(bucket)
    put, answers = root.client.put_object, [409, 409]

    def conflicts(**request: object) -> object:
        if answers:
            said = {"Error": {"Code": "ConditionalRequestConflict"}}
            raise ClientError(said | {"ResponseMetadata": {"HTTPStatusCode": answers.pop()}}, "PutObject")
        return put(**request)

    monkeypatch.setattr(root.client, "put_object", conflicts)
    monkeypatch.setattr(roots_module.time, "sleep", lambda _: None)
    assert root.create("a", b"x") and root.read("a") == b"x" and not answers
