"""Where a partition goes on: behind its last durable file, or behind the gap that somebody has seen."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from datetime import UTC, datetime, timedelta

from lastro.consume.files import FOLDER, GAPS, NO_DAY, Partition, end_of, parse_name
from lastro.receive.roots import Bucket, Folder

# Timestamps are not in order at the turn of a day, so the newest folder may not hold the newest file.
_DAYS_WITH_FILES = 2


class Chain:
    """The files and gaps of all partitions under a raw root: each begins where the one before it ends."""

    def __init__(self, root: Folder | Bucket) -> None:
        """Keep the root."""
        self.root = root

    def positions(
        self,
        partitions: Iterable[Partition],
        *,
        empty: Collection[Partition] = (),
        is_exhaustive: bool = False,
    ) -> dict[Partition, int]:
        """Return the position behind what is durable of each partition, but for those without files and gaps.

        It may be an older boundary of the chain, if timestamps are out of order by days: then the name of
        the next file is taken, and its end leads on.

        Args:
            partitions: The partitions.
            empty: Those that never had a message, for whose files only the newest folder is opened.
            is_exhaustive: Whether to look at all names.
        """
        wanted = set(partitions)
        newest: dict[Partition, tuple[int, str]] = {}
        days_of = dict.fromkeys(wanted.difference(empty), 0)
        sure, rest = self._days()
        for day in [*sure, *rest]:
            is_needed = is_exhaustive or day in [*sure, *rest[:1]]
            if not is_needed and min(days_of.values(), default=_DAYS_WITH_FILES) >= _DAYS_WITH_FILES:
                break
            seen = set()
            for entry in self.root.entries(f"{FOLDER}{day}/"):
                parsed = parse_name(entry.name)
                if parsed is None or parsed[0] not in wanted:
                    continue
                partition, start = parsed
                seen.add(partition)
                newest[partition] = max(newest.get(partition, (-1, "")), (start, entry.name))
            if day not in sure:
                for partition in seen & days_of.keys():
                    days_of[partition] += 1
        found = {partition: end_of(self.root, name) + 1 for partition, (_, name) in newest.items()}
        for partition, end in self._gaps(wanted).items():
            found[partition] = max(found.get(partition, 0), end + 1)
        return found

    def write_gap(self, partition: Partition, first: int, last: int, now: datetime) -> bool:
        """Keep the record of a gap, and return whether it is the first one to say so."""
        record = {
            "topico": partition.topic,
            "particao": partition.number,
            "de_offset": first,
            "ate_offset": last,
            "detectado_em": now.isoformat(),
        }
        name = f"{GAPS}dt={now:%Y-%m-%d}/{partition}-{first}.json"
        return self.root.create(name, json.dumps(record, ensure_ascii=False).encode() + b"\n") is not None

    def _days(self) -> tuple[list[str], list[str]]:
        """Return the folders whose names tell no time, and the others, newest first."""
        tomorrow = f"dt={datetime.now(UTC) + timedelta(days=1):%Y-%m-%d}"
        days = [name for name in self.root.folders(FOLDER) if name.startswith("dt=")]
        sure = [day for day in days if day > tomorrow or day == NO_DAY]
        return sure, sorted(set(days) - set(sure), reverse=True)

    def _gaps(self, wanted: set[Partition]) -> dict[Partition, int]:
        ends: dict[Partition, int] = {}
        for entry in self.root.entries(GAPS):
            record = json.loads(self.root.read(entry.name) or b"{}")
            partition = Partition(record.get("topico", ""), record.get("particao", -1))
            if partition in wanted:
                ends[partition] = max(ends.get(partition, -1), int(record["ate_offset"]))
        return ends
