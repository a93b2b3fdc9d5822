"""The marts as their YAML declares them: what an export needs to know of each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

from lastro import PROJECT


@dataclass(frozen=True)
class MartColumn:
    """A column of a mart. `unit` is what its numbers count; `is_pii` says that it holds personal data."""

    name: str
    type: str | None
    unit: str | None
    is_pii: bool


@dataclass(frozen=True)
class Mart:
    """A declared mart.

    Attributes:
        schema: The schema that dbt builds it in.
        key: The columns that identify a row; exports are sorted by them.
        amount: The column whose R$ stand beside an export, if any.
        readers: Who may have it.
        columns: Its columns, in order.
        pii: Which of them hold personal data, in words.
    """

    name: str
    schema: str
    key: tuple[str, ...]
    amount: str | None
    readers: str
    columns: tuple[MartColumn, ...]
    pii: str


def mart_names(project: Path = PROJECT) -> list[str]:
    """Return the name of every mart, without reading the YAML."""
    paths = (project / "models").rglob("*.sql")
    return sorted(path.stem for path in paths if "marts" in path.parts or path.parent.name == "qualidade")


def read_mart(name: str, project: Path = PROJECT) -> Mart:
    """Return a mart's declaration.

    Raises:
        ValueError: No model of this name declares `meta.export`.
    """
    for path in sorted((project / "models").rglob("_*__models.yml")):
        if f"- name: {name}\n" not in path.read_text(encoding="utf-8"):
            continue
        for model in yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)["models"]:
            meta = model.get("config", {}).get("meta") or {}
            if model["name"] != name or "export" not in meta:
                continue
            columns = tuple(_column(column) for column in model["columns"])
            return Mart(
                name=name,
                schema="lastro_" + path.relative_to(project / "models").parts[0],
                key=tuple(meta["export"]["key"]),
                amount=meta["export"].get("amount"),
                readers=meta["export"]["readers"],
                columns=columns,
                # The columns of a pivot depend on the data, so that the whole table is marked.
                pii="every answer" if meta.get("pii") else ", ".join(c.name for c in columns if c.is_pii),
            )
    raise ValueError(f"{name} declares no export. Add config.meta.export to the YAML of the model.")


def _column(column: dict) -> MartColumn:
    meta = column.get("config", {}).get("meta") or {}
    return MartColumn(column["name"], column.get("data_type"), meta.get("unit"), bool(meta.get("pii")))
