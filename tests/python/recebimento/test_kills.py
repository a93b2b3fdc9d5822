"""A gate that is killed, suspended, or cut off at any step leaves nothing lost, doubled or half done."""

from __future__ import annotations

import dataclasses
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from copy import deepcopy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from faults import Killed, MemoryS3, SteppedFolder, Steps
from lastro.receive import claims as claims_module
from lastro.receive import gate as gate_module
from lastro.receive import roots as roots_module
from lastro.receive.gate import Gate
from lastro.receive.judge import judge
from lastro.receive.manage import cancel
from lastro.receive.places import Outage, Places
from lastro.receive.refusal import Refused
from lastro.receive.roots import Bucket
from submissions import gzipped, invoices, payments, refused, state, tables_with_companions, zipped

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
        if self.kind == "folder":
            return Places(*(SteppedFolder(self.folder / "now" / name, steps) for name in NAMES))
        with self.monkeypatch.context() as patch:
            s3 = MemoryS3(steps, self.objects)
            patch.setattr(roots_module, "boto3", SimpleNamespace(client=lambda *_, **__: s3))
            return Places(*(Bucket(f"s3://lastro/{name}") for name in NAMES))

    def send(self, files: dict[str, bytes]) -> None:
        """Put whole files into the inbox."""
        inbox = self.places().inbox
        for name, data in files.items():
            inbox.write(name, data)

    def gate(self, steps: Steps | None = None) -> Gate:
        return Gate(self.places(steps), tables=TABLES, formats=[], lease_seconds=600)

    def run(self, steps: Steps | None = None) -> None:
        gate = self.gate(steps)
        gate.run(gate.waiting(0))

    def finish(self, clock: Clock) -> dict[str, Any]:
        """Let a new gate end what is left, and return what stands then."""
        clock.shift += 3600
        for _ in range(4):
            gate = self.gate()
            waiting = gate.waiting(0)
            gate.run(waiting)
            if not waiting:
                break
        assert waiting == []
        return state(self.places())

    def keep(self) -> None:
        """Remember what is there."""
        self.kept = deepcopy(self.objects)
        if (self.folder / "now").exists():
            shutil.copytree(self.folder / "now", self.folder / "kept", dirs_exist_ok=True)

    def again(self) -> None:
        """Go back to what was remembered."""
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


def at_every_step(site: Site, when: str = "before", scenario: str = "") -> Iterator[Steps]:
    """Yield steps with a fault at the first, the second, … until a run ends without.

    A zip in a folder has hundreds of steps: at every third of them, and at all in `make thorough`.
    """
    is_long = site.kind == "folder" and "zip" in scenario and not IS_THOROUGH
    for at in range(1, 10_000, 3 if is_long else 1):
        site.again()
        steps = Steps(at, when=when)
        yield steps
        if not steps.fired:
            # It must have been a run, and not one or two steps.
            assert at > 20
            return


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_kill_at_any_step_changes_nothing(site: Site, scenario: str, clock: Clock) -> None:
    calm = prepared(site, scenario, clock)
    for steps in at_every_step(site, scenario=scenario):
        with suppress(Killed):
            site.run(steps)
        assert site.finish(clock) == calm, steps.at


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_lost_answer_at_any_request_changes_nothing(site: Site, scenario: str, clock: Clock) -> None:
    """The request did its work, but all its repetitions got no answer: an outage for the gate."""
    calm = prepared(site, scenario, clock)
    for steps in at_every_step(site, "lost", scenario):
        with suppress(Outage):
            site.run(steps)
        assert site.finish(clock) == calm, steps.at


@pytest.mark.parametrize("scenario", ["a plain file", "a duplicate", "a zip of three, one refused"])
def test_an_outage_is_over_at_once_for_the_next_gate(site: Site, scenario: str, clock: Clock) -> None:
    """A gate that stopped for an outage waits for no lease, unless the outage hit its claim."""
    calm = prepared(site, scenario, clock)
    waited = 0
    for steps in at_every_step(site, "lost", scenario):
        with suppress(Outage):
            site.run(steps)
        site.run()
        waited += state(site.places()) != calm
    assert waited <= 12, f"{waited} of {steps.at}"


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
    site.again()
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

    for steps in at_every_step(site, scenario=scenario):
        steps.act = meanwhile
        site.run(steps)
        if not steps.fired:
            meanwhile()
        assert site.finish(clock) == calm, steps.at


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
    for steps in at_every_step(site):
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
    cancel(site.gate().batches, tmp_path / "none", id_lote, "wrong month")
    calm = site.finish(clock)
    assert calm["raw"] == {} and calm["statuses"] == {f"{A}#1": "cancelado"}
    for steps in at_every_step(site):
        with suppress(Killed):
            cancel(site.gate(steps).batches, tmp_path / "none", id_lote, "wrong month")
        clock.shift += 3600
        with suppress(ValueError):
            cancel(site.gate().batches, tmp_path / "none", id_lote, "wrong month")
        assert site.finish(clock) == calm, steps.at


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
                cancel(site.gate().batches, tmp_path / "none", entry.name.split("/")[0], "wrong month")
        clock.shift -= 3600

    seen = set()
    for steps in at_every_step(site):
        steps.act = cancelled if when == "asleep" else None
        with suppress(Killed):
            site.run(steps)
        if when == "killed":
            cancelled()
        found = site.finish(clock)
        [status] = found["statuses"].values()
        seen.add(status)
        assert (status, list(found["raw"])) in [
            ("cancelado", []),
            ("aceito", ["cartoes/tb_faturas/tb_faturas_202401.csv"]),
        ], steps.at
    assert seen == {"cancelado", "aceito"}
