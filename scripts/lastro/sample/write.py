"""A sample of every domain, written under a raw root."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb

from lastro.sample import cartoes, cobranca, cooperativa, mensageria, recebimento
from lastro.sample.files import CHANCE, Sample

# Each module has TABLES and write(). The last one describes the batches of the files that the others wrote.
DOMAINS = {
    "cartoes": cartoes,
    "mensageria": mensageria,
    "cooperativa": cooperativa,
    "cobranca": cobranca,
    "recebimento": recebimento,
}


def write_sample(
    out: Path, sample: Sample, progress: Callable[[str], None] = lambda name: None
) -> list[Path]:
    """Write the raw files of every domain under a raw root.

    Args:
        out: The raw root; the files go to its subfolders <domain>/<table>.
        sample: What to generate.
        progress: Called with the name of each file when it is written.

    Returns:
        The files written, in order.

    Raises:
        FileExistsError: One of the folders already has files; nothing is written.
    """
    folders = [f"{domain}/{table}" for domain, module in DOMAINS.items() for table in module.TABLES]
    for folder in folders:
        if (out / folder).exists() and any(path.is_file() for path in (out / folder).rglob("*")):
            raise FileExistsError(f"{out / folder} already has files. Remove them, or choose another --to.")
    partial = out / ".sample.partial"
    shutil.rmtree(partial, ignore_errors=True)
    for folder in folders:
        (partial / folder).mkdir(parents=True)
    written = []
    try:
        con = duckdb.connect()
        con.execute(CHANCE)
        for domain, module in DOMAINS.items():
            for path in module.write(con, partial / domain, sample):
                written.append(out / path.relative_to(partial))
                progress(path.name)
    except BaseException:
        shutil.rmtree(partial)
        raise
    for folder in folders:
        shutil.rmtree(out / folder, ignore_errors=True)
        (out / folder).parent.mkdir(parents=True, exist_ok=True)
        (partial / folder).rename(out / folder)
    shutil.rmtree(partial)
    return written
