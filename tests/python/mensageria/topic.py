"""A topic of notifications for the tests: what was delivered, flushed and closed, and what must come of it.

The definitions are written out message by message, with nothing of the models in them.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from math import ceil
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
from hypothesis import strategies as st

# For whom, None for everyone; the message of the month from which on it holds; the price.
Prices = list[tuple[str | None, int, Decimal]]

DAY_ONE = date(2024, 1, 30)
COLUMNS = {
    "customer_id": "varchar",
    "message_id": "varchar",
    "customer_name": "varchar",
    "channel": "varchar",
    "payload": "varchar",
    "event_datetime": "varchar",
    "_partition": "integer",
    "_offset": "bigint",
    "_ingested_at": "timestamptz",
    "_raw": "varchar",
    "_problem": "varchar",
    "_extra": "varchar",
}


@dataclass(frozen=True)
class Message:
    """A message as the topic delivers it. `sent_at` is a time in UTC, or a text that is none."""

    customer: str
    id: str
    sent_at: datetime | str
    name: str = "Acme"

    @property
    def text(self) -> str:
        at = self.sent_at
        return at if isinstance(at, str) else at.isoformat(timespec="milliseconds") + "+00:00"

    def is_valid(self, ingested_at: datetime) -> bool:
        """Return whether it has a time, which is at most a day after its arrival."""
        return not isinstance(self.sent_at, str) and self.sent_at <= ingested_at + timedelta(days=1)


@dataclass
class Flush:
    """One file: messages of one partition from one offset on, written at one time."""

    partition: int
    offset: int
    written_at: datetime
    ingested_at: datetime
    messages: list[Message | None]

    @property
    def path(self) -> str:
        at = self.written_at
        name = f"notifications-{self.partition:05}-{self.offset:020}.parquet"
        return f"mensageria/notifications/dt={at:%Y-%m-%d}/hour={at:%H}/{name}"

    def write(self, raw: Path) -> Path:
        path = raw / self.path
        path.parent.mkdir(parents=True, exist_ok=True)
        rows = []
        for at, message in enumerate(self.messages):
            place = (self.partition, self.offset + at, f"{self.ingested_at.isoformat()}+00")
            if message is None:
                rows.append((*[None] * 6, *place, "bm8=", "row:not_json", None))
            else:
                text = f"Olá {message.id}"
                cells = (message.customer, message.id, message.name, "Whatsapp", text, message.text)
                rows.append((*cells, *place, None, None, None))
        with duckdb.connect() as con:
            con.execute(f"create table t ({', '.join(f'{name} {kind}' for name, kind in COLUMNS.items())})")
            con.executemany(f"insert into t values ({', '.join('?' * len(COLUMNS))})", rows)
            con.execute(f"copy t to '{path}' (format parquet)")
        return path


@dataclass
class Closing:
    """The closing of a day, with the ranges of offsets of each partition that count, and perhaps its prices."""

    day: date
    at: datetime
    ranges: dict[int, list[tuple[int, int]]]
    prices: Prices | None = None

    def covers(self, partition: int, offset: int) -> bool:
        return any(first <= offset <= last for first, last in self.ranges.get(partition, []))

    def write(self, raw: Path) -> Path:
        path = raw / f"mensageria/fechamentos/dt={self.day}/f-{self.day}-{self.at:%H%M}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        ranges = [
            {"topico": "notifications", "particao": partition, "de_offset": first, "ate_offset": last}
            for partition, held in self.ranges.items()
            for first, last in held
        ]
        said = {
            "id_fechamento": f"f-{self.day}",
            "data": f"{self.day}",
            "fechado_em": f"{self.at.isoformat()}Z",
        }
        if self.prices is not None:
            said["precos"] = [
                ({"customer_id": customer} if customer else {}) | {"a_partir_de": first, "preco": f"{price}"}
                for customer, first, price in self.prices
            ]
        path.write_text(json.dumps(said | {"particoes": ranges}) + "\n", encoding="utf-8")
        return path


@dataclass
class Deleted:
    """The record of a range of offsets that the broker had deleted before a consumer read them."""

    partition: int
    first: int
    last: int
    at: datetime

    def write(self, raw: Path) -> Path:
        name = f"notifications-{self.partition:05}-{self.first}.json"
        path = raw / f"mensageria/lacunas/dt={self.at:%Y-%m-%d}/{name}"
        path.parent.mkdir(parents=True, exist_ok=True)
        said = {
            "topico": "notifications",
            "particao": self.partition,
            "detectado_em": f"{self.at.isoformat()}Z",
        }
        path.write_text(
            json.dumps(said | {"de_offset": self.first, "ate_offset": self.last}), encoding="utf-8"
        )
        return path


@dataclass
class Topic:
    """Everything that happened, in order."""

    steps: list[Flush | Closing | Deleted] = field(default_factory=list)
    zone: str = "UTC"

    def write(self, raw: Path) -> list[Path]:
        return [step.write(raw) for step in self.steps]

    def day_of(self, at: datetime) -> date:
        return at.replace(tzinfo=ZoneInfo("UTC")).astimezone(ZoneInfo(self.zone)).date()

    def flushes(self) -> list[Flush]:
        return [step for step in self.steps if isinstance(step, Flush)]

    def delivered(self) -> list[tuple[Flush, int, Message]]:
        """Return the valid messages of all files, each with its file and offset."""
        return [
            (flush, flush.offset + at, message)
            for flush in self.flushes()
            for at, message in enumerate(flush.messages)
            if message and message.is_valid(flush.ingested_at)
        ]

    def ranges(self, cut: int) -> dict[int, list[tuple[int, int]]]:
        """Return the offsets in files as ranges of each partition, without the last few of each partition."""
        held: dict[int, set[int]] = defaultdict(set)
        for flush in self.flushes():
            held[flush.partition].update(range(flush.offset, flush.offset + len(flush.messages)))
        found: dict[int, list[tuple[int, int]]] = {}
        for partition, offsets in held.items():
            kept = sorted(offsets)[: len(offsets) - cut]
            begins = [offset for offset in kept if offset - 1 not in kept]
            ends = [offset for offset in kept if offset + 1 not in kept]
            if kept:
                found[partition] = list(zip(begins, ends, strict=True))
        return found

    def missing(self) -> dict[tuple[int, int], str]:
        """Return why an offset is in no file, by partition and offset: it was deleted, or a file is missing."""
        read, deleted = defaultdict(set), defaultdict(set)
        for step in self.steps:
            if isinstance(step, Flush):
                read[step.partition].update(range(step.offset, step.offset + len(step.messages)))
            elif isinstance(step, Deleted):
                deleted[step.partition].update(range(step.first, step.last + 1))
        found = {}
        for partition in {*read, *deleted}:
            known = read[partition] | deleted[partition]
            for offset in range(min(known), max(known) + 1):
                if offset in deleted[partition] - read[partition]:
                    found[partition, offset] = "apagada"
                elif offset not in read[partition]:
                    found[partition, offset] = "arquivo_ausente"
        return found

    def copies(self) -> dict[tuple, list[tuple]]:
        """Return the copies of each message by customer, id and day, the first to arrive first."""
        found = defaultdict(list)
        for flush, offset, message in self.delivered():
            key = (message.customer, message.id, self.day_of(message.sent_at))
            found[key].append((flush.ingested_at, flush.partition, offset, message, flush))
        return {key: sorted(copies, key=lambda copy: copy[:3]) for key, copies in found.items()}

    def closings(self) -> dict[date, Closing]:
        """Return the closing of each day that is in force: its first."""
        found: dict[date, Closing] = {}
        for step in self.steps:
            if isinstance(step, Closing):
                found.setdefault(step.day, step)
        return found

    def minutes(self) -> Counter:
        counted: Counter = Counter()
        for copies in self.copies().values():
            message = copies[0][3]
            counted[message.customer, message.sent_at.replace(second=0, microsecond=0)] += 1
        return counted

    def known_until(self) -> datetime | None:
        """Return the minute up to which every partition has told: a partition that is an hour behind is silent."""
        last: dict[int, datetime] = {}
        for flush, _, message in self.delivered():
            if message.sent_at <= flush.ingested_at:
                last[flush.partition] = max(last.get(flush.partition, message.sent_at), message.sent_at)
        told = [at for at in last.values() if at > max(last.values()) - timedelta(hours=1)]
        return min(told).replace(second=0, microsecond=0) if told else None

    def panel(self) -> dict[str, tuple[int, int, datetime]]:
        """Return the messages of the day and of the month per customer, and the minute up to which they count."""
        known = self.known_until()
        if known is None:
            return {}
        today = self.day_of(known - timedelta(minutes=1))
        days: Counter = Counter()
        months: Counter = Counter()
        for (customer, _, day), copies in self.copies().items():
            minute = copies[0][3].sent_at.replace(second=0, microsecond=0)
            is_today = day == today and minute < known
            days[customer] += is_today
            months[customer] += is_today or today.replace(day=1) <= day < today
        return {customer: (days[customer], months[customer], known) for customer in days}

    def delays(self) -> dict[datetime, tuple[int, int, int]]:
        """Return messages and the seconds that half and 99 of 100 of them waited at most, by hour of arrival."""
        waited = defaultdict(list)
        for flush, _, message in self.delivered():
            seconds = (flush.ingested_at - message.sent_at) // timedelta(seconds=1)
            waited[flush.ingested_at.replace(minute=0, second=0)].append(max(0, seconds))
        return {
            hour: (len(all_), sorted(all_)[ceil(len(all_) / 2) - 1], sorted(all_)[ceil(len(all_) * 0.99) - 1])
            for hour, all_ in waited.items()
        }

    def billed_on(self, day: date, partition: int, offset: int, arrived: date) -> date:
        """Return the day on whose bill one copy stands, by going through the closings one after the other."""
        closings = self.closings()
        if day not in closings or closings[day].covers(partition, offset):
            return day
        waits_for = max(arrived, day)
        closed: set[date] = set()
        for closing in sorted(closings.values(), key=lambda closing: closing.at):
            while waits_for in closed:
                waits_for += timedelta(days=1)
            is_after = closing.at > closings[day].at
            if is_after and closing.day == waits_for and closing.covers(partition, offset):
                return waits_for
            closed.add(closing.day)
        while waits_for in closed:
            waits_for += timedelta(days=1)
        return waits_for

    def bill(self) -> Counter:
        """Return how many messages of each customer and day stand on the bill of each day."""
        lines: Counter = Counter()
        for (customer, _, day), copies in self.copies().items():
            days = [
                self.billed_on(day, partition, offset, flush.written_at.date())
                for _, partition, offset, _, flush in copies
            ]
            lines[customer, day, min(days, key=self.turn)] += 1
        return lines

    def turn(self, day: date) -> tuple[datetime, date]:
        """Return what orders bills: those that are closed as they were closed, then the others."""
        closings = self.closings()
        return (closings[day].at if day in closings else datetime.max, day)

    def values(self, prices: Prices) -> dict[tuple, Decimal]:
        """Return what each line costs when each message of a month has the price of its tier.

        The messages of a month are numbered in the order in which its days were closed, and open days come
        last. A closing has the prices of its day, the table those of the others.
        """
        bill, closings, values, turn = self.bill(), self.closings(), {}, self.turn
        for customer, day, on in bill:
            before = sum(
                count
                for (other, of, found), count in bill.items()
                if other == customer
                and (of.year, of.month) == (day.year, day.month)
                and (
                    (found == of and turn(of) < turn(day))
                    or (of == day and on != day and (found == day or turn(found) < turn(on)))
                )
            )
            valid = prices
            if day in closings and closings[day].prices is not None:
                valid = closings[day].prices
            own = [price[1:] for price in valid if price[0] == customer]
            tiers = own or [price[1:] for price in valid if price[0] is None]
            total = Decimal(0)
            for number in range(before + 1, before + bill[customer, day, on] + 1):
                total += max(tier for tier in tiers if tier[0] <= number)[1]
            values[customer, day, on] = total.quantize(Decimal("0.01"), ROUND_HALF_UP)
        return values


@st.composite
def prices(draw: st.DrawFn) -> Prices:
    """Draw prices for everyone, and perhaps for one customer, each with up to two tiers."""
    drawn: Prices = []
    for customer in [None, *draw(st.lists(st.just("c1"), max_size=1))]:
        for first in [1, *draw(st.lists(st.integers(2, 6), max_size=1))]:
            drawn.append((customer, first, Decimal(draw(st.integers(1, 50))) / 1000))
    return drawn


@st.composite
def topics(draw: st.DrawFn, zone: str = "UTC", first: date = DAY_ONE, hour: int = 0) -> Topic:
    """Draw flushes and closings over a few days: copies, late messages, broken ones, clocks that are wrong.

    Messages are sent at an hour of the day in UTC, or twelve hours later.
    """
    topic, ends, now = Topic(zone=zone), {0: -1, 1: -1}, datetime.combine(first, time(1))
    skew = draw(st.sampled_from([0, 0, 30]))
    # The broker had the messages of a partition for so long before they were read.
    lag = draw(st.sampled_from([0, 0, 40]))
    held_back: list[Flush] = []
    for _ in range(draw(st.integers(2, 10))):
        now += timedelta(hours=draw(st.integers(1, 20)))
        what = draw(st.integers(0, 9))
        if what < 5:
            partition = draw(st.integers(0, 1))
            messages = draw(st.lists(_message(now, hour), min_size=1, max_size=5))
            if draw(st.integers(0, 4)) == 0 and (sent := topic.delivered()):
                messages = [draw(st.sampled_from(sent))[2]]
            ingested = now - timedelta(hours=skew if partition else 0)
            written = now - timedelta(hours=lag if partition else 0)
            flush = Flush(partition, ends[partition] + 1, written, ingested, messages)
            ends[partition] += len(messages)
            # A file that is missing for a while. Perhaps another consumer found some of its messages deleted.
            is_held_back = draw(st.integers(0, 5)) == 0
            (held_back if is_held_back else topic.steps).append(flush)
            if is_held_back and draw(st.booleans()):
                begin = draw(st.integers(flush.offset, ends[partition]))
                end = draw(st.integers(begin, ends[partition]))
                topic.steps.append(Deleted(partition, begin, end, now))
        elif what < 8:
            day = first + timedelta(days=draw(st.integers(0, 3)))
            if day < topic.day_of(now) and day not in topic.closings():
                known = topic.ranges(cut=draw(st.sampled_from([0, 0, 1, 2])))
                topic.steps.append(Closing(day, now, known, draw(st.none() | prices())))
        elif what == 8 and held_back:
            topic.steps.append(held_back.pop(0))
        elif what == 9:
            partition = draw(st.integers(0, 1))
            begin = ends[partition] + 1
            ends[partition] += draw(st.integers(1, 3))
            topic.steps.append(Deleted(partition, begin, ends[partition], now))
    if not topic.flushes():
        topic.steps.append(Flush(0, ends[0] + 1, now, now, [Message("c1", "A", now)]))
    return topic


@st.composite
def _message(draw: st.DrawFn, now: datetime, hour: int) -> Message | None:
    if draw(st.integers(0, 12)) == 0:
        return None
    hours_ago = draw(st.sampled_from([0, 0, 0, 1, 5, 20, 30, 50]))
    # Few times, so that copies have the time of their original.
    sent_at = now.replace(minute=0) - timedelta(hours=hours_ago)
    sent_at -= timedelta(hours=(sent_at.hour - hour) % 12)
    sent_at = sent_at.replace(second=draw(st.sampled_from([0, 1])))
    return Message(draw(st.sampled_from(["c1", "c2"])), draw(st.sampled_from("ABC")), sent_at)


def found_bill(rows: list[tuple[Any, ...]]) -> dict[tuple, int]:
    """Return the lines of relatorio_cobranca_notificacoes as `Topic.bill` names them."""
    return {(customer, of or on, on): count for customer, on, of, count in rows}
