"""A gate that is killed, suspended, or cut off at any step leaves nothing lost, doubled or half done."""

from __future__ import annotations

import dataclasses
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest
from conftest import PROJECT, Workspace
from faults import BadNetwork, Killed, MemoryS3, OwnDisk, SteppedFolder, Steps
from lastro.receive import claims as claims_module
from lastro.receive import gate as gate_module
from lastro.receive import roots as roots_module
from lastro.receive.gate import Gate
from lastro.receive.judge import judge
from lastro.receive.manage import cancel
from lastro.receive.places import Outage, Places
from lastro.receive.refusal import Refused
from lastro.receive.roots import Bucket
from lastro.receive.tell import tell_senders
from submissions import gzipped, invoices, payments, refused, sha, state, tables_with_companions, zipped

TABLES = tables_with_companions()
LASTRO = str(Path(sys.executable).with_name("lastro"))
IS_THOROUGH = int(os.environ.get("LASTRO_EXAMPLES", "100")) >= 1000
NAMES = ("inbox", "received", "quarantine", "raw")
A = "cartoes/tb_faturas_202401.csv"

# What was received before, and what is under way when the fault comes.
SCENARIOS: dict[str, tuple[dict[str, bytes], dict[str, bytes]]] = {
    "a plain file": ({}, {A: invoices("202401", 3)}),
    "a gzip file": ({}, {"cartoes/tb_faturas_202402.csv.gz": gzipped(invoices("202402", 2))}),
    "a zip of three, one refused": (
        {},
        {
            "cartoes/jan.zip": zipped(
                {
                    "tb_faturas_202405.csv": invoices("202405", 2),
                    "tb_faturas_202406.csv": refused("202406"),
                    "x/tb_faturas_202407.csv": invoices("202407", 1),
                }
            )
        },
    ),
    "a refused file": ({}, {"cartoes/tb_faturas_202408.csv": refused("202408")}),
    "a file for no table": ({}, {"cartoes/unknown.csv": b"a,b\n1,2\n"}),
    "a duplicate": ({A: invoices("202401", 3)}, {"cartoes/tb_faturas_202409.txt": invoices("202401", 3)}),
    "the same again": ({A: invoices("202401", 3)}, {A: invoices("202401", 3)}),
    "a new version": ({A: invoices("202401", 3)}, {A: invoices("202401", 5)}),
    "a file with control and marker": (
        {},
        {
            "cartoes/tb_pagamentos_202401.csv": payments("202401", 4),
            "cartoes/tb_pagamentos_202401.csv.ctl": b"linhas=4\nvalor=10.00\n",
            "cartoes/tb_pagamentos_202401.csv.ok": b"",
        },
    ),
    "a file for a batch that was opened before": (
        {},
        {"cartoes/cartoes-20260105-0007~tb_faturas_202401.csv": invoices("202401", 3)},
    ),
    "two files": ({}, {A: invoices("202401", 3), "cartoes/tb_faturas_202408.csv": refused("202408")}),
}


class Clock:
    """The clock by which claims are judged: every claim is old in the future."""

    def __init__(self) -> None:
        self.shift = 0.0
        self.sleep = time.sleep

    def time(self) -> float:
        return time.time() + self.shift


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(claims_module, "time", clock)
    return clock


@pytest.fixture(autouse=True)
def judged(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Judge each content once, and do not wait for the disk: there are hundreds of runs."""
    if "site" not in request.fixturenames:
        return
    known: dict[tuple[bytes, str], Any] = {}

    def recalled(path: Path, *args: Any) -> Any:
        key = (path.read_bytes(), args[3])
        if key not in known:
            try:
                known[key] = judge(path, *args)
            except Refused as error:
                known[key] = error
        if isinstance(known[key], Refused):
            raise known[key]
        return dataclasses.replace(known[key], path=path)

    monkeypatch.setattr(gate_module, "judge", recalled)
    monkeypatch.setattr(roots_module, "_sync", lambda path: path.stat())


class Site:
    """Four roots, in folders or in an S3 in memory, that can be copied to begin anew."""

    def __init__(self, kind: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.kind, self.folder, self.monkeypatch = kind, folder, monkeypatch
        self.objects: dict[Any, Any] = {}
        self.kept: Any = None
        self.count = 0

    def places(self, steps: Steps | None = None) -> Places:
        """Return the roots, whose operations are steps if asked."""
        steps = steps or Steps()
        if self.kind != "bucket":
            folder = OwnDisk if self.kind == "disks" else SteppedFolder
            return Places(*(folder(self.folder / "now" / name, steps) for name in NAMES))
        with self.monkeypatch.context() as patch:
            s3 = MemoryS3(steps, self.objects)
            patch.setattr(roots_module, "boto3", SimpleNamespace(client=lambda *_, **__: s3))
            return Places(*(Bucket(f"s3://lastro/{name}") for name in NAMES))

    def send(self, files: dict[str, bytes]) -> None:
        """Put whole files into the inbox; one with a tilde as the front door does."""
        places = self.places()
        for name, data in files.items():
            folder, _, own = name.rpartition("/")
            id_lote, tilde, rest = own.partition("~")
            if tilde:
                sent = {"canal": "api_csv", "arquivo": f"{folder}/{rest}", "nome": f"{folder}/{rest}"}
                places.received.write(
                    f"{id_lote}/.lote.json", b'{"recebido_em": "2026-01-05T00:00:00+00:00"}'
                )
                places.received.write(f"{id_lote}/.envio.json", json.dumps(sent).encode())
            places.inbox.write(name, data)

    def gate(self, steps: Steps | None = None) -> Gate:
        return Gate(self.places(steps), tables=TABLES, formats=[], lease_seconds=600)

    def run(self, steps: Steps | None = None) -> None:
        gate = self.gate(steps)
        gate.run(gate.waiting(0))

    def finish(self, clock: Clock, is_cancelled: bool = False) -> dict[str, Any]:
        """Let a new gate end what is left, and return what stands then."""
        clock.shift += 3600
        for _ in range(4):
            gate = self.gate()
            waiting = gate.waiting(0)
            gate.run(waiting)
            if not waiting:
                break
        assert waiting == []
        return state(self.places(), is_cancelled)

    def keep(self) -> None:
        """Remember what is there."""
        self.kept = deepcopy(self.objects)
        if (self.folder / "now").exists():
            shutil.copytree(self.folder / "now", self.folder / "kept", dirs_exist_ok=True)

    def again(self, clock: Clock) -> None:
        """Go back to what was remembered, and to the present."""
        clock.shift = 0.0
        self.objects = deepcopy(self.kept)
        shutil.rmtree(self.folder / "now", ignore_errors=True)
        if (self.folder / "kept").exists():
            shutil.copytree(self.folder / "kept", self.folder / "now")


@pytest.fixture(params=["folder", "bucket"])
def site(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    # In memory, if there is such a place: these are hundreds of runs, and no disk fails.
    folder = Path(tempfile.mkdtemp(dir="/dev/shm" if Path("/dev/shm").is_dir() else tmp_path))
    yield Site(request.param, folder, monkeypatch)
    shutil.rmtree(folder)


def prepared(site: Site, scenario: str, clock: Clock) -> dict[str, Any]:
    """Receive what came before, send what is under way, and return what a calm run makes of it."""
    before, now = SCENARIOS[scenario]
    site.send(before)
    site.run()
    site.send(now)
    site.keep()
    calm = site.finish(clock)
    assert calm["inbox"] == {} and calm["inbox, hidden"] == {} and calm["raw, claims"] == {}
    return calm


def at_every_step(site: Site, clock: Clock, when: str = "before", scenario: str = "") -> Iterator[Steps]:
    """Yield steps with a fault at the first, the second, … until a run ends without.

    That of a plain file has a hundred steps, and all are tried. Of the others, which repeat most of them, every
    fifth is, from another one on for each; `make thorough` tries all.
    """
    stride = 1 if IS_THOROUGH or scenario in ("", "a plain file") else 5
    for at in range(1 + len(scenario) % stride, 10_000, stride):
        site.again(clock)
        steps = Steps(at, when=when)
        yield steps
        if not steps.fired:
            # It must have been a run, and not one or two steps.
            assert at > 20
            return


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_kill_at_any_step_changes_nothing(site: Site, scenario: str, clock: Clock) -> None:
    calm = prepared(site, scenario, clock)
    for steps in at_every_step(site, clock, scenario=scenario):
        with suppress(Killed):
            site.run(steps)
        assert site.finish(clock) == calm, steps.at


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_lost_answer_at_any_request_changes_nothing(site: Site, scenario: str, clock: Clock) -> None:
    """The request did its work, but all its repetitions got no answer: an outage for the gate."""
    calm = prepared(site, scenario, clock)
    for steps in at_every_step(site, clock, "lost", scenario):
        with suppress(Outage):
            site.run(steps)
        assert site.finish(clock) == calm, steps.at


@pytest.mark.parametrize("scenario", ["a plain file", "a duplicate", "a zip of three, one refused"])
def test_an_outage_is_over_at_once_for_the_next_gate(site: Site, scenario: str, clock: Clock) -> None:
    """A gate that stopped for an outage keeps no one waiting for its lease."""
    calm = prepared(site, scenario, clock)
    for steps in at_every_step(site, clock, "lost", scenario):
        with suppress(Outage):
            site.run(steps)
        site.run()
        assert state(site.places()) == calm, steps.at


@pytest.mark.parametrize("scenario", ["a plain file", "a zip of three, one refused", "a new version"])
@pytest.mark.parametrize("is_waiting", [True, False], ids=["the next waits", "the next was received"])
def test_a_gate_that_wakes_up_after_its_lease_changes_nothing(
    site: Site, scenario: str, is_waiting: bool, clock: Clock
) -> None:
    """It sleeps at any step, another gate does its work, the next file of the same name comes; then it wakes."""
    [name] = SCENARIOS[scenario][1]
    following = zipped({"tb_faturas_202405.csv": invoices("202405", 9)}) if "zip" in name else b""
    following = following or invoices("202401", 9)
    prepared(site, scenario, clock)
    site.again(clock)
    site.finish(clock)
    site.send({name: following})
    calm = site.finish(clock)

    def meanwhile() -> None:
        clock.shift += 3600
        site.run()
        site.send({name: following})
        if not is_waiting:
            site.run()
        clock.shift -= 3600

    for steps in at_every_step(site, clock, scenario=scenario):
        steps.act = meanwhile
        site.run(steps)
        if not steps.fired:
            meanwhile()
        assert site.finish(clock) == calm, steps.at


@pytest.mark.parametrize("site", ["disks"], indirect=True)
def test_kills_and_sleep_with_each_root_on_its_own_disk(site: Site, clock: Clock) -> None:
    test_a_kill_at_any_step_changes_nothing(site, "a plain file", clock)
    shutil.rmtree(site.folder / "now")
    shutil.rmtree(site.folder / "kept")
    clock.shift = 0.0
    test_a_gate_that_wakes_up_after_its_lease_changes_nothing(site, "a plain file", False, clock)


def test_a_kill_of_a_retry_at_any_step(site: Site, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    name = "cartoes/tb_faturas_202408.csv"
    site.send({name: invoices("202408", 2)})

    def refuses(*_: Any) -> None:
        raise Refused("formato", "for now")

    with monkeypatch.context() as patch:
        patch.setattr(gate_module, "judge", refuses)
        site.run()
    site.send({name: refused("202408")})
    site.keep()
    [id_lote] = [entry.name.split("/")[0] for entry in site.places().received.entries()]
    site.gate().retry(id_lote)
    calm = site.finish(clock)
    assert calm["statuses"] == {f"{name}#1": "aceito", f"{name}#2": "recusado"}
    assert [key for key in calm["quarantine"] if "#1" in key] == []
    for steps in at_every_step(site, clock):
        with suppress(Killed):
            site.gate(steps).retry(id_lote)
        found = site.finish(clock)
        if found != calm:
            # It was killed before it said so: still refused, and to be asked again.
            assert found["statuses"][f"{name}#1"] == "recusado", steps.at
            site.gate().retry(id_lote)
            # The pass in between received the newer file before.
            assert site.finish(clock)["statuses"] == calm["statuses"], steps.at


def test_a_kill_of_a_cancellation_at_any_step(site: Site, clock: Clock, tmp_path: Path) -> None:
    site.send({A: invoices("202401", 3)})
    site.run()
    site.keep()
    [id_lote] = [entry.name.split("/")[0] for entry in site.places().received.entries()]
    cancel(site.gate().batches, {}, id_lote, "wrong month")
    calm = site.finish(clock)
    assert calm["raw"] == {} and calm["statuses"] == {f"{A}#1": "cancelado"}
    for steps in at_every_step(site, clock):
        with suppress(Killed):
            cancel(site.gate(steps).batches, {}, id_lote, "wrong month")
        clock.shift += 3600
        with suppress(ValueError):
            cancel(site.gate().batches, {}, id_lote, "wrong month")
        assert site.finish(clock) == calm, steps.at


def test_of_two_files_with_the_same_content_one_is_the_duplicate(site: Site, clock: Clock) -> None:
    """Also if two gates receive them at the same moment."""
    names = [A, "cartoes/tb_faturas_202409.csv"]
    site.keep()
    for _ in range(8):
        site.again(clock)
        site.send(dict.fromkeys(names, invoices("202401", 3)))
        together = threading.Barrier(2)
        gates = [site.gate(), site.gate()]

        def receive_one(gate: Gate, name: str, together: threading.Barrier = together) -> None:
            together.wait()
            gate.run([name])

        threads = [threading.Thread(target=receive_one, args=pair) for pair in zip(gates, names, strict=True)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        found = site.finish(clock)
        assert sorted(found["statuses"].values()) == ["aceito", "duplicado"] and len(found["raw"]) == 1


def test_a_file_that_is_named_twice_is_received_once(site: Site, clock: Clock) -> None:
    """Notifications of new objects come twice, and late."""
    files = {f"cartoes/tb_faturas_20240{month}.csv": invoices(f"20240{month}", 2) for month in range(1, 7)}
    site.send(files)
    site.keep()
    calm = site.finish(clock)
    site.again(clock)
    gates = [site.gate(), site.gate()]
    for names in ([*files] * 2, [*reversed(files)]):
        for gate in gates:
            gate.run([name for name in names for _ in range(2)], jobs=4)
    assert site.finish(clock) == calm


@pytest.mark.parametrize("when", ["asleep", "killed"])
def test_what_is_cancelled_while_it_is_published_is_not_published(
    site: Site, when: str, clock: Clock, tmp_path: Path
) -> None:
    """And what was published before it stays there only if it was not replaced."""
    site.send({A: invoices("202401", 3)})
    site.keep()

    def cancelled() -> None:
        clock.shift += 3600
        for entry in list(site.places().received.entries()):
            with suppress(ValueError):
                cancel(site.gate().batches, {}, entry.name.split("/")[0], "wrong month")
        clock.shift -= 3600

    seen = set()
    for steps in at_every_step(site, clock):
        steps.act = cancelled if when == "asleep" else None
        with suppress(Killed):
            site.run(steps)
        if when == "killed":
            cancelled()
        found = site.finish(clock, is_cancelled=True)
        [status] = found["statuses"].values()
        seen.add(status)
        assert (status, list(found["raw"])) in [
            ("cancelado", []),
            ("aceito", ["cartoes/tb_faturas/tb_faturas_202401.csv"]),
        ], steps.at
    assert seen == {"cancelado", "aceito"}


# Two real gates, killed and suspended while files arrive


@dataclass
class Sent:
    """A file that a sender puts into the inbox, and the raw file that must be there before, with its bytes."""

    name: str
    data: bytes
    after: tuple[str, bytes] | None = None


def submissions(count: int) -> list[Sent]:
    """Return files of all kinds for as many months, then duplicates and new versions of some of them."""
    first, second = [], []
    for number in range(count):
        period = f"{2015 + number // 12}{number % 12 + 1:02}"
        faturas, pagamentos = f"cartoes/tb_faturas_{period}", f"cartoes/tb_pagamentos_{period}"
        raw_faturas = f"cartoes/tb_faturas/tb_faturas_{period}.csv"
        raw_pagamentos = f"cartoes/tb_pagamentos/tb_pagamentos_{period}.csv"
        rows, paid = invoices(period, 200 + number), payments(period, 100 + number)
        if number % 5 == 0:
            first.append(Sent(f"{faturas}.csv", rows))
            second.append(Sent(f"{faturas}.csv", invoices(period, 300), (raw_faturas, rows)))
        elif number % 5 == 1:
            first.append(Sent(f"{faturas}.csv.gz", gzipped(rows)))
            second.append(Sent(f"{faturas}.txt", rows, (raw_faturas, rows)))
        elif number % 5 == 2:
            members = {f"tb_faturas_{period}.csv": rows, f"x/tb_pagamentos_{period}.csv": paid}
            members[f"tb_faturas_{period}.txt"] = refused(period)
            first.append(Sent(f"cartoes/{period}.zip", zipped(members)))
        elif number % 5 == 3:
            first.append(Sent(f"{faturas}.csv", refused(period)))
            first.append(Sent(f"cartoes/unknown_{period}.csv", rows))
        else:
            first.append(Sent(f"{pagamentos}.csv", paid))
            other = f"cartoes/tb_pagamentos_1999{number % 12 + 1:02}.csv"
            second.append(Sent(other, paid, (raw_pagamentos, paid)))
    return first + second


def start(places: dict[str, str], log: Path, *more: str) -> subprocess.Popen[bytes]:
    """Start `lastro receive` on the worktree that is tested; its output goes to the log."""
    options = [word for name, address in places.items() for word in (f"--{name}", address)]
    with log.open("ab") as out, log.with_suffix(".err").open("ab") as err:
        return subprocess.Popen(
            [sys.executable, LASTRO, "receive", *options, *more],
            env=os.environ | {"PYTHONPATH": str(PROJECT / "scripts"), "PYTHONUNBUFFERED": "1"},
            cwd=PROJECT,
            stdout=out,
            stderr=err,
        )


WATCH = ("--watch", "--lease-seconds", "1", "--settle-seconds", "0", "--jobs", "2")


@dataclass
class KillLoop:
    """Two gates over the same places, which are killed while files arrive.

    Attributes:
        places: The addresses of the roots, as senders and tests reach them.
        logs: A folder for what the gates print.
        exits: How the gates ended.
    """

    places: dict[str, str]
    logs: Path
    environment: dict[str, str] = field(default_factory=dict)
    exits: list[int] = field(default_factory=list)
    gates: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def run(self, sent: list[Sent], kills: int, seed: int) -> None:
        """Send everything while gates are killed, and let a calm pass end what is left."""
        rng = random.Random(seed)
        roots = Places.at(**self.places)
        pending = list(sent)
        old = {name: os.environ.get(name) for name in self.environment}
        os.environ.update(self.environment)
        try:
            self.gates = [self._start(number) for number in range(2)]
            for number in range(kills):
                self._send(pending, roots, -(-len(sent) // max(kills, 1)))
                victim = rng.randrange(2)
                self._wait_for_work(victim)
                time.sleep(rng.uniform(0, 0.4))
                if number % 5 == 4:
                    # Not killed but asleep, for longer than its lease.
                    self.gates[victim].send_signal(signal.SIGSTOP)
                    time.sleep(2.5)
                    self.gates[victim].send_signal(signal.SIGCONT)
                    time.sleep(rng.uniform(0, 0.2))
                self.gates[victim].kill()
                self.exits.append(self.gates[victim].wait())
                self.gates[victim] = self._start(victim)
            for gate in self.gates:
                gate.send_signal(signal.SIGTERM)
            self.exits += [gate.wait(60) for gate in self.gates]
        finally:
            for gate in self.gates:
                gate.kill()
                gate.wait()
            for name, value in old.items():
                os.environ.pop(name) if value is None else os.environ.update({name: value})
        finish(roots, pending)

    def errors(self) -> str:
        """Return what the gates printed to standard error."""
        return "".join(path.read_text(errors="replace") for path in sorted(self.logs.glob("*.err")))

    def _start(self, number: int) -> subprocess.Popen[bytes]:
        return start(self.places, self.logs / f"gate-{number}", *WATCH)

    def _send(self, pending: list[Sent], roots: Places, most: int) -> None:
        ready = [each for each in pending if is_due(each, roots)][:most]
        for each in ready:
            roots.inbox.write(each.name, each.data)
            pending.remove(each)

    def _wait_for_work(self, number: int) -> None:
        """Wait until a gate has received a file since it was started, but not for long: the other may be faster."""
        log, until = self.logs / f"gate-{number}", time.monotonic() + 2
        before = log.stat().st_size
        while time.monotonic() < until and log.stat().st_size == before:
            code = self.gates[number].poll()
            if code is not None:
                # It stopped because of an outage, and its supervisor starts it again.
                self.exits.append(code)
                self.gates[number] = self._start(number)
            time.sleep(0.02)


def is_due(sent: Sent, roots: Places) -> bool:
    return sent.after is None or roots.raw.read(sent.after[0]) == sent.after[1]


def finish(roots: Places, pending: list[Sent]) -> None:
    """Send what was not sent yet and receive all of it, calmly."""
    until = time.monotonic() + 600
    while time.monotonic() < until:
        for each in [each for each in pending if is_due(each, roots)]:
            roots.inbox.write(each.name, each.data)
            pending.remove(each)
        gate = Gate(roots, lease_seconds=1)
        names = gate.waiting(0)
        gate.run(names, jobs=2)
        claims = [*roots.inbox.entries(".claims/"), *roots.raw.entries(".claims/")]
        if not pending and not names and not claims:
            break
        time.sleep(0.2 if claims else 0)
    assert (pending, names, claims) == ([], [], [])
    assert tell_senders(gate.batches, gate.inbox.tables, []) == []


def calmly(folder: Path, sent: list[Sent]) -> Places:
    """Receive the same files one after another, without any fault."""
    places = Places.at(**{name: str(folder / name) for name in NAMES})
    for each in sent:
        places.inbox.write(each.name, each.data)
        assert is_due(each, places)
        gate = Gate(places)
        gate.run(gate.waiting(0))
    finish(places, [])
    return places


def assert_accounted(sent: list[Sent], roots: Places, calm: Places) -> None:
    """Every submission has one batch, its bytes stand in `received`, and the rest is as after a calm run."""
    found, expected = state(roots), state(calm)
    for part in expected:
        assert found[part] == expected[part], part
    assert found["inbox"] == found["inbox, hidden"] == found["raw, claims"] == {} and found["untold"] == []
    received = [entry.name for entry in roots.received.entries()]
    kept = sorted((name.partition("/")[2], sha(roots.received.read(name))) for name in received)
    for each in sent:
        kept.remove((Path(each.name).name, sha(each.data)))
    # The members of archives are kept as well, each once.
    assert len(kept) == 3 * sum(each.name.endswith(".zip") for each in sent)


KILLS = 100 if IS_THOROUGH else 10


def test_two_gates_that_are_killed_leave_what_a_calm_one_leaves(tmp_path: Path) -> None:
    sent = submissions(150 if IS_THOROUGH else 26)
    assert len(sent) >= 40
    (tmp_path / "logs").mkdir()
    loop = KillLoop({name: str(tmp_path / name) for name in NAMES}, tmp_path / "logs")
    loop.run(sent, KILLS, seed=17)
    assert loop.exits.count(-signal.SIGKILL) == KILLS, loop.errors()
    # A gate that is still starting is ended by the signal itself.
    assert set(loop.exits) <= {-signal.SIGKILL, -signal.SIGTERM, 0}, loop.errors()
    assert "Traceback" not in loop.errors() and "unexpected" not in loop.errors()
    assert_accounted(sent, Places.at(**loop.places), calmly(tmp_path / "calm", sent))
    for name in NAMES:
        left = [path.relative_to(tmp_path / name).parts for path in (tmp_path / name).rglob("*")]
        hidden = {parts[0] for parts in left if parts[0].startswith(".")}
        assert hidden <= {".partial", ".lock", ".claims", ".aside", ".versoes", ".conteudos", ".avisar"}
        for path in (tmp_path / name / ".partial").glob("*"):
            os.utime(path, (1_700_000_000, 1_700_000_000))
    Places.at(**loop.places).sweep()
    assert [path for name in NAMES for path in (tmp_path / name / ".partial").glob("*")] == []


def test_two_gates_before_a_bad_s3_leave_what_a_calm_one_leaves(
    bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = submissions(50 if IS_THOROUGH else 6)
    (tmp_path / "logs").mkdir()
    server = urlsplit(os.environ["AWS_ENDPOINT_URL"])
    with BadNetwork((server.hostname, server.port), percent=4, seed=17) as network:
        loop = KillLoop(
            {name: f"{bucket}/{name}" for name in NAMES},
            tmp_path / "logs",
            {"AWS_ENDPOINT_URL": network.address, "AWS_MAX_ATTEMPTS": "4"},
        )
        loop.run(sent, KILLS, seed=18)
        network.shutdown()
    assert set(network.done) == {"passed", "500", "503", "cut before", "cut after"}, network.done
    assert loop.exits.count(-signal.SIGKILL) == KILLS
    # 4 is an outage.
    assert set(loop.exits) <= {-signal.SIGKILL, -signal.SIGTERM, 0, 4}, loop.errors()
    assert "Traceback" not in loop.errors() and "unexpected" not in loop.errors()
    assert_accounted(sent, Places.at(**loop.places), calmly(tmp_path / "calm", sent))


def test_the_marts_after_kills_are_those_of_a_calm_run(workspace: Workspace, tmp_path: Path) -> None:
    sent = submissions(15)
    (tmp_path / "logs").mkdir()
    loop = KillLoop({name: str(tmp_path / name) for name in NAMES}, tmp_path / "logs")
    loop.run(sent, 3, seed=19)
    calm = calmly(tmp_path / "calm", sent)
    marts = []
    for raw in (tmp_path / "raw", Path(calm.raw.address)):
        workspace.clear()
        shutil.copytree(raw / "cartoes", workspace.raw / "cartoes")
        workspace.build("--select", "tag:cartoes", "+reconciliacao")
        tables = ["lastro_qualidade.reconciliacao", "lastro_cartoes.fct_faturas"]
        marts.append(workspace.snapshot(tables))
    assert marts[0] == marts[1]
    assert all(rows for rows in marts[0].values())


# Outages


def receive(places: dict[str, str], *more: str, **options: Any) -> subprocess.CompletedProcess[str]:
    words = [word for name, address in places.items() for word in (f"--{name}", address)]
    variables = options.pop("variables", {})
    return subprocess.run(
        [sys.executable, LASTRO, "receive", "--settle-seconds", "0", *words, *more],
        env=os.environ | {"PYTHONPATH": str(PROJECT / "scripts"), "COLUMNS": "80"} | variables,
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=120,
        **options,
    )


def assert_outage(done: subprocess.CompletedProcess[str], places: dict[str, str], name: str) -> None:
    """One sentence says what to mend; nothing is refused, and the file is in the inbox or received."""
    assert done.returncode == 4, (done.returncode, done.stderr)
    assert done.stderr.count("\n") == 1 and done.stderr.startswith("lastro receive: "), done.stderr
    assert "Nothing is lost: run the command again when this is mended." in done.stderr
    assert "recusado" not in done.stdout


def folders(tmp_path: Path) -> dict[str, str]:
    return {name: str(tmp_path / name) for name in NAMES}


def test_a_full_disk_is_an_outage(tmp_path: Path) -> None:
    places = folders(tmp_path)
    roots = Places.at(**places)
    data = invoices("202401", 2000)
    roots.inbox.write(A, data)
    limit = 20_000
    assert len(data) > limit

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    done = receive(places, preexec_fn=limited, variables={"PYTHONDONTWRITEBYTECODE": "1"})
    assert_outage(done, places, A)
    assert list(roots.quarantine.entries()) == [] and list(roots.raw.entries("cartoes/")) == []
    # At once: a gate that stopped for an outage leaves its claim.
    done = receive(places)
    assert done.returncode == 0, done.stderr
    found = state(roots)
    assert found["statuses"] == {f"{A}#1": "aceito"} and found["inbox"] == {}
    assert roots.raw.read("cartoes/tb_faturas/tb_faturas_202401.csv") == data


@pytest.mark.parametrize("missing", NAMES)
def test_a_bucket_that_does_not_exist_is_an_outage(
    bucket: str, tmp_path: Path, missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = {name: f"{bucket}/{name}" for name in NAMES}
    roots = Places.at(**places)
    # Refused, so that it needs every root.
    name = "cartoes/tb_faturas_202408.csv"
    roots.inbox.write(name, refused("202408"))
    broken = places | {missing: f"s3://lastro-none-{bucket[-5:]}/x"}
    assert_outage(receive(broken, "--lease-seconds", "1"), broken, name)
    assert list(roots.quarantine.entries()) == []
    time.sleep(2)
    done = receive(places, "--lease-seconds", "1")
    assert done.returncode == 1 and "recusado" in done.stdout, done.stderr
    found = state(roots)
    assert found["statuses"] == {f"{name}#1": "recusado"} and found["inbox"] == {}


def test_a_server_that_is_down_is_an_outage(bucket: str) -> None:
    places = {name: f"{bucket}/{name}" for name in NAMES}
    roots = Places.at(**places)
    roots.inbox.write(A, invoices("202401", 3))
    down = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_MAX_ATTEMPTS": "2"}
    assert_outage(receive(places, variables=down), places, A)
    assert roots.inbox.read(A) == invoices("202401", 3)
    assert receive(places).returncode == 0
    assert state(roots)["statuses"] == {f"{A}#1": "aceito"}


# The command


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_watching_ends_with_the_current_file(tmp_path: Path, number: signal.Signals) -> None:
    """Asked to end is not interrupted: exit code 0, nothing begun is left, and the rest waits."""
    places = folders(tmp_path)
    roots = Places.at(**places)
    for month in range(1, 121):
        period = f"{2010 + month // 12}{month % 12 + 1:02}"
        roots.inbox.write(f"cartoes/tb_faturas_{period}.csv", invoices(period, 500))
    gate = start(places, tmp_path / "gate", "--watch", "--settle-seconds", "0", "--jobs", "1")
    try:
        until = time.monotonic() + 30
        while b"aceito" not in (tmp_path / "gate").read_bytes() and time.monotonic() < until:
            time.sleep(0.01)
        gate.send_signal(number)
        assert gate.wait(20) == 0, (tmp_path / "gate.err").read_text()
    finally:
        gate.kill()
        gate.wait()
    found = state(roots)
    assert found["inbox"] and found["inbox, hidden"] == found["raw, claims"] == {}
    assert len(found["inbox"]) + len(found["statuses"]) == 120
    assert set(found["statuses"].values()) == {"aceito"}
    assert len(found["received"]) == len(found["raw"]) == len(found["statuses"])


def test_a_dry_run_keeps_nothing(tmp_path: Path) -> None:
    places = folders(tmp_path)
    (tmp_path / "good.csv").write_bytes(invoices("202401", 3))
    (tmp_path / "bad.csv").write_bytes(refused("202401"))
    done = receive(places, "--dry-run", str(tmp_path / "good.csv"), "--as", A)
    assert done.returncode == 0 and "would be accepted as csv: 3 rows" in done.stdout, done.stderr
    done = receive(places, "--dry-run", str(tmp_path / "bad.csv"), "--as", A)
    assert done.returncode == 1 and done.stderr.startswith(f"{A}: "), done.stderr
    done = receive(places, "--dry-run", str(tmp_path / "bad.csv"), "--as", "unknown/x.csv")
    assert done.returncode == 1 and "arquivo_sem_destino" in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.csv", "good.csv"]


def test_a_refused_file_blocks_no_other_and_is_told_by_the_exit_code(tmp_path: Path) -> None:
    places = folders(tmp_path)
    roots = Places.at(**places)
    assert receive(places).returncode == 0
    roots.inbox.write("cartoes/tb_faturas_202402.csv", refused("202402"))
    roots.inbox.write(A, invoices("202401", 3))
    done = receive(places)
    assert done.returncode == 1 and "1 aceito, 1 recusado." in done.stdout, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert receive(places).returncode == 0
