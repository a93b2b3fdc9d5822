"""Which column of a client's file is what: proposed, chosen in a form, remembered when it is sent."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from starlette.datastructures import FormData

from lastro.receive.formats import Format, format_for, format_of, read_formats
from lastro.receive.layout import returned_batch
from lastro.receive.suggest import Seen, see
from lastro.receive.suggest.look import Source
from lastro.receive.suggest.match import SENDER, Choice
from lastro.receive.suggest.proposal import (
    Proposal,
    newest_version,
    propose,
    read_proposal,
    save,
)
from lastro.receive.suggest.totals import declared_totals
from lastro.serve.desk import Draft
from lastro.serve.office import Office
from lastro.serve.pages.words import AMOUNTS, BY_FILE, COLUMNS, DATES


@dataclass(frozen=True)
class Field:
    """A standard column in the form.

    Attributes:
        name: The column.
        chosen: The number of the file's column; 0: none.
        pictures: How its cells may be written, with a sentence for each; none for text.
        picture: How they are.
        is_required: Whether every debt has it.
        error: What is wrong with the choice.
    """

    name: str
    chosen: int
    pictures: dict[str, str]
    picture: str
    is_required: bool
    error: str = ""


def fields_of(seen: Seen) -> list[Field]:
    """Return the form as the file proposes it."""
    return [
        _field(choice, choice.source.number if choice.source else 0, choice.picture)
        for choice in _asked(seen)
    ]


def read_form(seen: Seen, form: FormData) -> list[Field]:
    """Return the form as a person filled it, with what is wrong."""
    numbers = {str(source.number): source.number for source in seen.look.sources}
    fields = []
    for choice in _asked(seen):
        name = choice.column.name
        chosen = numbers.get(str(form.get(f"coluna_{name}", "")), 0)
        field = _field(choice, chosen, str(form.get(f"forma_{name}", "X")))
        fields.append(replace(field, error=_error(field, fields)))
    return fields


def proposal_of(seen: Seen, fields: list[Field], office: Office, client: str) -> str:
    """Return the format that a filled form describes, as YAML."""
    sources = {source.number: source for source in seen.look.sources}
    said = {field.name: field for field in fields}
    choices = [_chosen(choice, said.get(choice.column.name), sources) for choice in seen.choices]
    table = office.desk.table
    seen.look.settings.update(declared_totals(seen.look, choices, table))
    return propose(seen.look, choices, table, client, seen.pattern)


def seen_of(office: Office, draft: Draft) -> Seen:
    """Look at the file of a draft.

    Raises:
        Refused: It cannot be read, or it is no table.
    """
    return see(office.desk.path_of(draft.client, draft.id_lote), office.desk.table, draft.client)


def format_kept(office: Office, draft: Draft) -> Format | None:
    """Return the format that was chosen for a draft."""
    text = office.desk.format_of(draft.client, draft.id_lote)
    return _as_format(_proposal(text), office) if text else None


def remember(office: Office, draft: Draft) -> int | None:
    """Save the format of a draft for the client's next file, and return the version to judge this one by.

    None means that the gate chooses: the file is in the standard layout, or brings rejected lines back.
    """
    client, table = draft.client, office.desk.table
    folder = office.settings.formats
    text = office.desk.format_of(client, draft.id_lote)
    if returned_batch(draft.file or "", client):
        return None
    known = format_for(read_formats(folder), table, client, draft.file or "")
    if text is None:
        return known.version if known else None
    proposal = _proposal(text)
    if known and replace(_as_format(proposal, office), version=known.version) == known:
        return known.version
    version = save(proposal, folder, "the choice of columns")
    return int(version or newest_version(folder, *proposal.key) or 0)


def _proposal(text: str) -> Proposal:
    with tempfile.TemporaryDirectory(prefix="lastro_format_") as folder:
        path = Path(folder) / "formato.yml"
        path.write_text(text, encoding="utf-8")
        return read_proposal(path)


def _as_format(proposal: Proposal, office: Office) -> Format:
    columns = [{"coluna": name} | fields for name, fields in proposal.columns.items()]
    return format_of(proposal.settings | {"versao": "1"}, columns, [office.desk.table])


def _asked(seen: Seen) -> list[Choice]:
    """Return the choices that a person makes: whose the rows are follows from the key."""
    return [choice for choice in seen.choices if choice.column.name in COLUMNS]


def _field(choice: Choice, chosen: int, picture: str) -> Field:
    pictures: dict[str, str] = {}
    if choice.column.type == "date":
        pictures = DATES
    elif choice.column.type.startswith("decimal"):
        pictures = AMOUNTS
    if picture not in pictures:
        picture = "X"
    if pictures and not chosen:
        picture = BY_FILE
    return Field(choice.column.name, chosen, pictures, picture, choice.column.required)


def _error(field: Field, before: list[Field]) -> str:
    if not field.chosen:
        return "Escolha a coluna do arquivo que tem esta informação." if field.is_required else ""
    for other in before:
        if other.chosen == field.chosen:
            return f"Esta coluna já foi escolhida em “{COLUMNS[other.name][0]}”. Escolha outra."
    return ""


def _chosen(choice: Choice, field: Field | None, sources: dict[int, Source]) -> Choice:
    if choice.column.name == SENDER:
        return replace(choice, source=None, constant="{client}", picture="X")
    if field is None:
        return replace(choice, source=None, constant="")
    source, picture = sources.get(field.chosen), field.picture
    if picture == BY_FILE:
        found = source.profile if source else None
        is_date = choice.column.type == "date"
        picture = (found.date_picture if is_date else found.money_picture) if found else "X"
    return replace(choice, source=source, constant="", picture=picture)
