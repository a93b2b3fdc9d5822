"""Which column of a file is which declared column: a confidence for each pair, then the best assignment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz, process

from lastro.contract import Column, RawTable
from lastro.receive.formats import CLIENT, GATE_COLUMNS
from lastro.receive.layout import clean_client
from lastro.receive.suggest.look import Look, Source, unaccented
from lastro.receive.suggest.values import TEXT, Profile

# Below this a person has to look; below _LEAST nothing is proposed.
SURE = 0.6
_LEAST, _LEAST_OPTIONAL = 0.3, 0.5
# Two columns that fit nearly alike are no sure choice.
_NEAR, _DOUBTFUL = 0.1, 0.55
# The column that says whose a row is, which a client seldom writes into its own file.
SENDER = "id_cliente_credor"
# Part of the confidence that comes from the name, by what the values can show.
_BY_NAME = {
    "document": 0.55,
    "date": 0.55,
    "money": 0.55,
    "email": 0.55,
    "name": 0.6,
    "key": 0.65,
    "text": 1.0,
}
# The same where the file has no header: these values speak for themselves.
_WITHOUT_NAME = {"document": 0.7, "date": 0.7, "money": 0.7, "email": 0.7}
_SAID = {
    "document": "CPF or CNPJ",
    "date": "dates",
    "money": "amounts",
    "email": "addresses",
    "name": "names",
}


@dataclass(frozen=True)
class Choice:
    """What is proposed for a declared column.

    Attributes:
        column: The declared column.
        source: The column of the file; None if none fits.
        constant: The constant instead, or empty.
        picture: The picture of its cells.
        confidence: From 0 to 1.
        reason: Why, in few words, without a cell's value.
    """

    column: Column
    source: Source | None
    constant: str
    picture: str
    confidence: float
    reason: str


@dataclass(frozen=True)
class _Score:
    confidence: float
    reason: str


def mapped(table: RawTable) -> list[Column]:
    """Return the declared columns that a format gives: all but those that the gate writes itself."""
    return [column for column in table.columns if column.name not in GATE_COLUMNS]


def match(look: Look, table: RawTable, client: str) -> list[Choice]:
    """Return a choice for each declared column; no column of the file is chosen twice.

    Args:
        look: What was seen of the file.
        table: The raw table.
        client: The sender.
    """
    columns = mapped(table)
    scores = [[_score(column, source, table, client) for source in look.sources] for column in columns]
    chosen = assignment([[score.confidence for score in row] for row in scores])
    taken = set(chosen)
    choices = []
    for column, row, at in zip(columns, scores, chosen, strict=True):
        least = _LEAST if column.required else _LEAST_OPTIONAL
        if at is None or row[at].confidence < least:
            choices.append(_none(column, client))
            continue
        confidence, reason = row[at].confidence, row[at].reason
        near = [
            look.sources[number]
            for number, score in enumerate(row)
            if number not in taken and score.confidence >= max(confidence - _NEAR, least)
        ]
        if near:
            confidence = min(confidence, _DOUBTFUL)
            reason += f"; {_called(near[0])} fits as well"
        picture, doubt = _picture(column, look.sources[at].profile)
        if doubt:
            confidence, reason = min(confidence, _DOUBTFUL), f"{reason}; {doubt}"
        choices.append(Choice(column, look.sources[at], "", picture, confidence, reason))
    return choices


def _none(column: Column, client: str) -> Choice:
    if column.name == SENDER:
        return Choice(column, None, CLIENT, TEXT, 0.9, "no column holds the client's id, so it is the sender")
    return Choice(column, None, "", TEXT, 0.0, "no column fits")


def _called(source: Source) -> str:
    return f"column {source.number}" if source.name is None else repr(source.name[:40])


def _kind(column: Column, table: RawTable) -> str:
    """Return what the values of a declared column can show."""
    words = set(unaccented(" ".join((column.name, *column.synonyms))).split())
    if column.type == "date":
        return "date"
    if column.type.startswith("decimal"):
        return "money"
    for kind, telling in (("document", {"cpf", "cnpj"}), ("email", {"email"}), ("name", {"nome"})):
        if words & telling:
            return kind
    return "key" if column.name in table.key else "text"


def _by_values(kind: str, found: Profile) -> float:
    if kind != "key":
        return {
            "document": found.document,
            "date": found.date,
            # Dates without a separator, and documents, are whole numbers too.
            "money": found.money * (1 - max(found.document, found.date)),
            "email": found.email,
            "name": found.name,
        }.get(kind, 0.0)
    is_other = max(
        found.document, found.date, found.email, found.name, found.money if found.money > 0.7 else 0
    )
    return found.distinct * (1 - is_other)


def _score(column: Column, source: Source, table: RawTable, client: str) -> _Score:
    if column.name == SENDER:
        return _sender(column, source, client)
    kind = _kind(column, table)
    by_name, reason = _by_name(column, source.name)
    weight = _BY_NAME[kind]
    if not source.profile.filled:
        return _Score(0.8 * by_name, f"{reason}; no values seen")
    by_values = _by_values(kind, source.profile)
    confidence = weight * by_name + (1 - weight) * by_values
    if kind in _SAID:
        reason += f"; {by_values:.0%} {_SAID[kind]}"
        # Values that contradict a name weigh more than their part.
        confidence *= 1 if by_values >= 0.5 or kind == "name" else 0.6
    elif kind == "key":
        reason += f"; {source.profile.distinct:.0%} distinct"
    if source.name is None:
        confidence = _WITHOUT_NAME.get(kind, 0.5) * by_values
    return _Score(round(confidence, 4), reason)


def _sender(column: Column, source: Source, client: str) -> _Score:
    """Judge a column that may hold the client's id: a row of another client would be rejected."""
    cells = [cell for cell in source.cells if cell]
    agree = sum(clean_client(cell) == clean_client(client) for cell in cells) / len(cells) if cells else 0.0
    by_name, reason = _by_name(column, source.name)
    if agree < 0.9:
        return _Score(0.0, "")
    return _Score(round(0.5 * by_name + 0.5 * agree, 4), f"{reason}; {agree:.0%} are the client's id")


def _by_name(column: Column, name: str | None) -> tuple[float, str]:
    """Return how much a header resembles a declared column's words, from 0 (half or less) to 1."""
    if name is None:
        return 0.0, "no header"
    said = unaccented(name)
    words = [unaccented(word) for word in (column.name, *column.synonyms)]
    if not said:
        return 0.0, "other name"
    found = process.extractOne(said, words, scorer=fuzz.token_sort_ratio)
    word, likeness, at = found
    if likeness == 100:
        # The earlier of two synonyms is the better one.
        return 1 - 0.002 * at, f"named {word!r}"
    if likeness <= 50:
        return 0.0, "other name"
    return likeness / 50 - 1, f"name like {word!r} ({likeness:.0f} %)"


def _picture(column: Column, found: Profile) -> tuple[str, str]:
    """Return the picture of a column's cells, and what is doubtful about it."""
    if column.type == "date":
        return (
            found.date_picture,
            "no value over 12, so day before month is a guess" if found.is_day_unsure else "",
        )
    if column.type.startswith("decimal"):
        return (
            found.money_picture,
            "no value tells a decimal mark from a thousands mark" if found.is_mark_unsure else "",
        )
    return TEXT, ""


def assignment(scores: Sequence[Sequence[float]]) -> list[int | None]:
    """Return for each row the column of the assignment whose sum of scores is highest; None for no column.

    The Hungarian algorithm, as shortest augmenting paths, on costs of one minus the score. Each row also has
    a column of its own that stands for none, so that a row without a good column takes none from another.
    """
    count, width = len(scores), len(scores[0]) if scores else 0
    costs = [[1 - score if score >= _LEAST else 2.0 for score in row] + [1.0] * count for row in scores]
    total = width + count
    of_row, of_column = [0.0] * (count + 1), [0.0] * (total + 1)
    owner = [0] * (total + 1)
    for row in range(1, count + 1):
        owner[0], column = row, 0
        least, back, used = [float("inf")] * (total + 1), [0] * (total + 1), [False] * (total + 1)
        while owner[column]:
            used[column] = True
            for other in range(1, total + 1):
                if not used[other]:
                    cost = costs[owner[column] - 1][other - 1] - of_row[owner[column]] - of_column[other]
                    if cost < least[other]:
                        least[other], back[other] = cost, column
            following = min(
                (other for other in range(1, total + 1) if not used[other]), key=least.__getitem__
            )
            step = least[following]
            for other in range(total + 1):
                if used[other]:
                    of_row[owner[other]] += step
                    of_column[other] -= step
                else:
                    least[other] -= step
            column = following
        while column:
            owner[column], column = owner[back[column]], back[column]
    found: list[int | None] = [None] * count
    for column in range(1, width + 1):
        if owner[column]:
            found[owner[column] - 1] = column - 1
    return found
