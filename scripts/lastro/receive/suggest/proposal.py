"""A proposed format as YAML that a person reads and corrects, and as rows of the two seeds."""

from __future__ import annotations

import csv
import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from lastro.contract import RawTable
from lastro.receive.formats import COLUMNS_FILE, FORMAT_FIELDS, FORMATS_FILE, read_formats
from lastro.receive.suggest.look import Look
from lastro.receive.suggest.match import SURE, Choice

# The fields of a proposal: a version is given when it is saved.
SETTINGS = [name for name in FORMAT_FIELDS if name != "versao"]
_REQUIRED = ["id_cliente", "source_name", "table_name", "arquivos", "conteiner"]
_OF_A_COLUMN = ["origem", "formato", "constante"]
# In every proposal, so that a person sees what may be said.
_ALWAYS = [*_REQUIRED, "codificacao", "delimitador", "inicio", "fim", "ignorar"]
_FIXED_WIDTH = [
    "tamanho_registro",
    "tipo",
    "cabecalho",
    "detalhe",
    "trailer",
    "trailer_linhas",
    "trailer_conta",
]


@dataclass(frozen=True)
class Proposal:
    """A format without its version.

    Attributes:
        settings: The fields of `formatos`, empty where the format says nothing.
        columns: For each column its `origem`, `formato` and `constante`.
    """

    settings: dict[str, str]
    columns: dict[str, dict[str, str]]

    @property
    def key(self) -> tuple[str, str, str]:
        """The client and the table."""
        return (self.settings["id_cliente"], self.settings["source_name"], self.settings["table_name"])


def as_yaml(settings: dict[str, str], columns: Sequence[tuple[str, dict[str, str], str]], head: str) -> str:
    """Return a format as YAML.

    Args:
        settings: The fields of `formatos`.
        columns: For each column its name, its fields, and a comment.
        head: The comment at the beginning.
    """
    is_fixed = settings.get("conteiner") == "largura_fixa"
    shown = [name for name in SETTINGS if settings.get(name) or name in _ALWAYS + _FIXED_WIDTH * is_fixed]
    lines = [f"# {line}" for line in head.splitlines()]
    lines += [f"{name}: {_scalar(settings.get(name, ''))}".rstrip() for name in shown]
    lines.append("colunas:")
    for name, fields, comment in columns:
        lines.append(f"  {name}:")
        for number, (each, value) in enumerate(fields.items()):
            said = f"  # {comment}" if comment and not number else ""
            lines.append(f"    {each}: {_scalar(value)}".rstrip() + said)
    return "\n".join(lines) + "\n"


def propose(look: Look, choices: Sequence[Choice], table: RawTable, client: str, files: str) -> str:
    """Return what was found in a file as YAML: the confidence and the reason of each choice as a comment.

    It repeats no cell of the file but those of its header.
    """
    settings = {
        "id_cliente": client,
        "source_name": table.source,
        "table_name": table.name,
        "arquivos": files,
    }
    columns = []
    unmapped = []
    for choice in choices:
        mark = "check this, " if choice.confidence < SURE else ""
        comment = f"{mark}{choice.confidence:.2f}: {choice.reason}"
        if choice.constant:
            columns.append((choice.column.name, {"constante": choice.constant}, comment))
        elif choice.source or choice.column.required:
            fields = {"origem": _origin(choice), "formato": choice.picture}
            columns.append((choice.column.name, fields, comment))
        else:
            unmapped.append(choice.column.name)
    chosen = {choice.source.number for choice in choices if choice.source}
    ignored = [source for source in look.sources if source.number not in chosen]
    text = as_yaml(
        settings | look.settings,
        columns,
        "A proposal: read it, correct it, then `lastro format check` and `lastro format save` it.",
    )
    if unmapped:
        text += f"# Optional, and no column fits: {', '.join(unmapped)}\n"
    if ignored:
        names = [str(source.number) if source.name is None else repr(source.name) for source in ignored]
        text += f"# Ignored columns of the file: {', '.join(names)}\n"
    return text


def shown(proposal: Proposal, head: str) -> str:
    """Return a saved format as YAML, with a comment at the beginning."""
    columns = [
        (name, {each: value for each, value in fields.items() if value}, "")
        for name, fields in proposal.columns.items()
    ]
    return as_yaml(proposal.settings, columns, head)


def _origin(choice: Choice) -> str:
    if choice.source is None:
        return ""
    return str(choice.source.number) if choice.source.name is None else choice.source.name


def _scalar(value: str) -> str:
    """Return a text as YAML writes it on one line."""
    if value == "" or re.fullmatch("0|[1-9][0-9]*", value):
        # A number needs no quotes: it is read as text.
        return value
    return yaml.safe_dump(value, allow_unicode=True, width=float("inf")).removesuffix("...\n").strip()


class _Loader(yaml.BaseLoader):
    """Every scalar is text, as in the seeds, and no key may come twice."""

    def construct_scalar(self, node: yaml.ScalarNode) -> str:
        """Return a text, or refuse a block: whoever writes a bare | means the delimiter."""
        if node.style in ("|", ">"):
            raise ValueError(f"line {node.start_mark.line + 1}: put {node.style!r} in quotes.")
        return super().construct_scalar(node)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
        """Return a mapping, or refuse a repeated key."""
        seen = set()
        for key, _ in node.value:
            if key.value in seen:
                raise ValueError(f"line {key.start_mark.line + 1}: {key.value} comes twice. Keep one.")
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def read_proposal(path: Path) -> Proposal:
    """Return the format of a YAML file.

    Raises:
        ValueError: It has no such shape; the message says file, field and what to do.
    """
    try:
        found = yaml.load(path.read_text(encoding="utf-8"), _Loader)
    except UnicodeDecodeError:
        raise ValueError(f"{path}: it is not UTF-8. Save it as UTF-8 text.") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "no YAML"
        raise ValueError(f"{path}{where}: {problem}. Correct the YAML, or put the value in quotes.") from None
    except ValueError as error:
        raise ValueError(f"{path}, {error}") from None
    try:
        return _proposal(found)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def _proposal(found: object) -> Proposal:
    if not isinstance(found, dict):
        raise ValueError("it holds no fields. Make one with `lastro format suggest`.")
    columns = found.pop("colunas", None)
    unknown = [name for name in found if name not in SETTINGS]
    if unknown:
        raise ValueError(f"{unknown[0]} is no field of a format. Use {', '.join(SETTINGS)} or colunas.")
    settings = {name: _text(found.get(name, ""), name) for name in SETTINGS}
    for name in _REQUIRED:
        if not settings[name]:
            raise ValueError(f"{name} is empty. Say it.")
    if not isinstance(columns, dict) or not columns:
        raise ValueError("colunas is empty. Say for each column its origem or constante.")
    return Proposal(settings, {name: _column(name, fields) for name, fields in columns.items()})


def _column(name: str, fields: object) -> dict[str, str]:
    if not isinstance(fields, dict):
        raise ValueError(f"colunas.{name} has no fields. Say its origem or constante, or delete it.")
    for each in fields:
        if each not in _OF_A_COLUMN:
            raise ValueError(f"colunas.{name}.{each} is no field. Use {', '.join(_OF_A_COLUMN)}.")
    said = {each: _text(fields.get(each, ""), f"colunas.{name}.{each}") for each in _OF_A_COLUMN}
    if bool(said["origem"]) == bool(said["constante"]):
        raise ValueError(
            f"colunas.{name} has {'both' if said['origem'] else 'neither'} origem"
            f" {'and' if said['origem'] else 'nor'} constante. Say one of them, or delete an optional column."
        )
    return said


def _text(value: object, name: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{name} is a list or a mapping. Write one value, in quotes if need be.")
    return value.strip()


@contextmanager
def added(proposal: Proposal, folder: Path, said: str) -> Iterator[tuple[Path, str]]:
    """Yield a folder with the seeds and a proposal as its client's next version, and that version.

    The code that reads the seeds has judged them.

    Args:
        proposal: The format.
        folder: The folder of the two seeds.
        said: What the proposal is called in an error.

    Raises:
        ValueError: The format is not well-formed.
    """
    version = str(int(newest_version(folder, *proposal.key) or 0) + 1)
    client, source, table = proposal.key
    key = {"id_cliente": client, "source_name": source, "table_name": table, "versao": version}
    read_formats(folder)
    with tempfile.TemporaryDirectory(prefix="lastro_format_") as scratch:
        made = Path(scratch)
        rows = [key | {"coluna": name} | fields for name, fields in proposal.columns.items()]
        _append(folder / COLUMNS_FILE, made / COLUMNS_FILE, rows, key)
        _append(folder / FORMATS_FILE, made / FORMATS_FILE, [proposal.settings | key], key)
        try:
            read_formats(made)
        except ValueError as error:
            # The place in the seeds says nothing to whoever reads the proposal.
            problem = re.sub(rf"^{re.escape(scratch)}\S*, line [0-9]+: ", "", str(error))
            raise ValueError(f"{said}: {problem}") from None
        yield made, version


def save(proposal: Proposal, folder: Path, said: str) -> str | None:
    """Append a format to the seeds as the next version of its client and table.

    Each seed is replaced in one step. The columns come first: without a row in `formatos` they mean nothing.

    Args:
        proposal: The format.
        folder: The folder of the two seeds.
        said: What the proposal is called in an error.

    Returns:
        The version, or None if the newest version says the same, so that nothing is written.

    Raises:
        ValueError: The format is not well-formed; nothing is written.
        OSError: A seed cannot be written.
    """
    with _locked(folder):
        newest = newest_version(folder, *proposal.key)
        if newest and _same(proposal, stored(folder, *proposal.key, newest)):
            return None
        with added(proposal, folder, said) as (made, version):
            for name in (COLUMNS_FILE, FORMATS_FILE):
                _replace(made / name, folder / name)
        return version


def newest_version(folder: Path, client: str, source: str, table: str) -> str | None:
    """Return the newest saved version of a client's table, or None."""
    versions = [
        row["versao"] for row in rows_of(folder / FORMATS_FILE) if key_of(row) == (client, source, table)
    ]
    return max(versions, key=int, default=None)


def stored(folder: Path, client: str, source: str, table: str, version: str) -> Proposal:
    """Return a saved version.

    Raises:
        ValueError: There is none.
    """

    def of_this(name: str) -> list[dict[str, str]]:
        found = rows_of(folder / name)
        return [row for row in found if (*key_of(row), row["versao"]) == (client, source, table, version)]

    formats = of_this(FORMATS_FILE)
    if not formats:
        raise ValueError(
            f"{client} has no version {version} for {source}.{table}. List them: lastro format list."
        )
    columns = {row["coluna"]: {each: row[each] for each in _OF_A_COLUMN} for row in of_this(COLUMNS_FILE)}
    return Proposal({name: formats[0][name] for name in SETTINGS}, columns)


def rows_of(path: Path) -> list[dict[str, str]]:
    """Return the rows of a seed."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def key_of(row: dict[str, str]) -> tuple[str, str, str]:
    """Return the client and the table of a row of a seed."""
    return (row["id_cliente"], row["source_name"], row["table_name"])


def _same(one: Proposal, other: Proposal) -> bool:
    def plain(proposal: Proposal) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
        # An empty picture is X.
        columns = {
            name: fields | {"formato": "" if fields["formato"] == "X" else fields["formato"]}
            for name, fields in proposal.columns.items()
        }
        return proposal.settings, columns

    return plain(one) == plain(other)


def _append(seed: Path, target: Path, rows: Sequence[dict[str, str]], key: dict[str, str]) -> None:
    """Write a copy of a seed with more rows, without those that a killed saving of this version left."""
    with seed.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        kept = [row for row in reader if not key.items() <= row.items()]
        with target.open("w", encoding="utf-8", newline="") as out:
            writer = csv.DictWriter(out, reader.fieldnames, lineterminator="\n")
            writer.writeheader()
            writer.writerows([*kept, *rows])


def _replace(made: Path, seed: Path) -> None:
    """Replace a file in one step: a reader finds the old one or the new one, also after a power cut."""
    handle, name = tempfile.mkstemp(dir=seed.parent, prefix=f".{seed.name}-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(made.read_bytes())
            file.flush()
            os.fsync(file.fileno())
        shutil.copymode(seed, name)
        Path(name).replace(seed)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    _sync(seed.parent)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the folder of the seeds: of two savings at once, the second one sees the first."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
