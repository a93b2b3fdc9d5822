"""Boards as static pages: each YAML in boards/ rendered by dct from a copy of the database."""

from __future__ import annotations

import html
import json
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import yaml

from lastro.database import opened
from lastro.export.files import whole_file

# dct scales a board to its window. On a phone its letters would be a millimetre high, so it keeps this width.
_WIDTH = 1100

_HEAD = f"""<style>
nav {{ font: 14px system-ui, sans-serif; padding: 12px 36px 0; }}
nav a {{ color: #1d5a94; margin-right: 16px; }}
.dbt-charts-wrapper {{ min-width: {_WIDTH}px; }}
.heard {{ position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }}
</style>
</head>"""

_INDEX = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="UTF-8">
<meta name="viewport" content="width=device-width, initial-scale=1.0">
<title>Lastro boards</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; color: #222222; }}
main {{ max-width: 720px; margin: 48px auto; padding: 0 16px; }}
h1 {{ font: 500 28px "Source Serif 4", Georgia, serif; }}
a {{ color: #1d5a94; font-weight: 600; }}
p {{ color: #55575a; }}
</style>
</head>
<body>
<main>
<h1>Lastro boards</h1>
<ul>
{items}
</ul>
<p>{build}</p>
</main>
</body>
</html>
"""

_LAST_BUILD = """
select
    'Build ' || invocation_id || ' of ' || strftime(built_at, '%Y-%m-%d %H:%M:%S') || ' UTC, Lastro '
    || project_version
from lastro_qualidade.builds
order by built_at desc, invocation_id
limit 1
"""


class Board(NamedTuple):
    """A board of the project.

    Attributes:
        name: The name of its file, without .yml.
        title: What it is called.
    """

    name: str
    title: str


def find_boards(folder: Path) -> list[Board]:
    """Return the boards of a folder by name; a file that starts with _ is a part of others."""
    paths = [path for path in sorted(folder.glob("*.yml")) if path.name[0] != "_"]
    return [Board(path.stem, _read(path)["title"]) for path in paths if path.stem != "dbt_charts"]


def render_boards(database: Path, boards_folder: Path, folder: Path) -> list[Path]:
    """Render every board, and an index of them, as pages that open from disk without a network.

    Args:
        database: The DuckDB file that dbt built; it is copied first, so that a build may write it meanwhile.
        boards_folder: The folder with the YAML files of the boards.
        folder: The folder to write to, created if necessary.

    Returns:
        The paths of the pages, the index last.

    Raises:
        FileNotFoundError: The database or a board does not exist, or dct is not installed.
        OSError: Another process is writing to the database.
        RuntimeError: A board cannot be rendered; no page is written.
        duckdb.Error: The database is not a finished build.
    """
    boards = find_boards(boards_folder)
    if not boards:
        raise FileNotFoundError(f"{boards_folder} has no boards. Run lastro in the folder of the project.")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".boards-", dir=folder.absolute()) as scratch:
        # dct writes its pages and its temporary files here as well, so that nothing is left anywhere.
        work = Path(scratch)
        build = _copy(database, work / "copy.duckdb")
        shutil.copytree(boards_folder, work / "boards")
        _run_dct(work, boards)
        pages = {f"{board.name}.html": _page(work / "pages", board, boards) for board in boards}
    pages["index.html"] = _index(boards, build)
    return _write(pages, folder)


def _copy(database: Path, copy: Path) -> str:
    """Copy a database and return the text that names its last build."""
    # The file itself comes last: closing it gives up the lock of the connection, which keeps writers out.
    files = {database.with_name(f"{database.name}.wal"): copy.with_name(f"{copy.name}.wal"), database: copy}
    try:
        with opened(database) as con:
            found = con.execute(_LAST_BUILD).fetchone()
            for path, to in files.items():
                if path.exists():
                    shutil.copyfile(path, to)
    except duckdb.CatalogException as error:
        raise RuntimeError(f"{database} is not a finished build: {error}") from error
    if found is None:
        raise RuntimeError(f"{database} is not a finished build: it has no row in lastro_qualidade.builds.")
    return found[0]


def _read(path: Path) -> dict[str, Any]:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def _run_dct(work: Path, boards: list[Board]) -> None:
    """Render all boards in one process: starting dct takes longer than a board."""
    dct = Path(sys.executable).with_name("dct")
    if not dct.exists():
        raise FileNotFoundError(f"{dct} is not installed. `make build` installs what the project needs.")
    done = subprocess.run(
        [str(dct), "render", "--project-dir", ".", "--format", "html", "--no-cache", "--diagnostics-json"]
        + ["--output", str(work / "pages" / "{stem}.html"), *(f"{board.name}.yml" for board in boards)],
        cwd=work / "boards",
        env=os.environ
        | {"DO_NOT_TRACK": "1", "LASTRO_BOARDS_DB": str(work / "copy.duckdb"), "TMPDIR": str(work)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(_reason(done.stderr))


def _reason(said: str) -> str:
    """Return what failed in one line: the board, the query or chart, and the first line of the message."""
    for line in said.splitlines():
        try:
            diagnostic = json.loads(line)
        except ValueError:
            continue
        if diagnostic.get("level") != "error":
            continue
        board = ((diagnostic.get("range") or {}).get("file") or "").removesuffix(".yml")
        part = f"query {diagnostic['query']}" if diagnostic.get("query") else diagnostic.get("path")
        message = str(diagnostic.get("detail") or diagnostic["message"]).splitlines()[0].rstrip(".")
        where = ", ".join(filter(None, [board and f"board {Path(board).name}", part]))
        return f"{where or 'a board'}: {message}. No page was written."
    return f"dct failed: {said.strip()[-500:]}. No page was written."


def _page(pages: Path, board: Board, boards: list[Board]) -> str:
    """Return a page of dct with a language and a heading, for those who hear it, and with links."""
    page = (pages / f"{board.name}.html").read_text(encoding="utf-8")
    links = "".join(
        f'<a href="{other.name}.html">{html.escape(other.title.partition(":")[0])}</a>' for other in boards
    )
    heading = f'<h1 class="heard">{html.escape(board.title)}</h1>'
    for old, new in (
        ("<html>", '<html lang="en">'),
        ("</head>", _HEAD),
        ("<body>", f'<body>\n<nav><a href="index.html">All boards</a>{links}</nav>\n<main>{heading}'),
        ("<script>", "</main>\n<script>"),
    ):
        before, found, after = page.partition(old)
        if not found:
            raise RuntimeError(f"dct writes pages without {old}; lastro.boards has to follow.")
        page = before + new + after
    return page


def _index(boards: list[Board], build: str) -> str:
    items = "\n".join(
        f'<li><a href="{board.name}.html">{html.escape(board.title)}</a></li>' for board in boards
    )
    return _INDEX.format(items=items, build=html.escape(build))


def _write(pages: dict[str, str], folder: Path) -> list[Path]:
    """Write all pages or none."""
    with ExitStack() as whole:
        for name, text in pages.items():
            whole.enter_context(whole_file(folder / name)).write_text(text, encoding="utf-8")
    return [folder / name for name in pages]
