"""Where the front door keeps what it keeps, and how much it takes."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from lastro.receive.formats import FOLDER
from lastro.receive.places import Places


@dataclass(frozen=True)
class Settings:
    """Settings of one server.

    Attributes:
        places: The roots of the gate.
        drafts: The folder of open batches.
        clients: The folder of clients' keys.
        published: What `lastro publish` wrote.
        formats: The folder of the clients' formats, which the page adds to.
        rows_a_call: The rows that one call may bring.
        call_bytes: The bytes of such a call.
        file_bytes: The bytes of a file.
        preview_bytes: The bytes of a file that is judged at once, or that the page takes.
        calls_a_second: How often a client may call in the long run; twenty times as many at once.
        silence_seconds: How long a body may bring nothing before it is cut.
        bytes_a_second: How fast a body must come after that time.
    """

    places: Places
    drafts: Path = Path("data/drafts")
    clients: Path = Path("data/clients")
    published: Path = Path("data/published")
    formats: Path = field(default=FOLDER)
    rows_a_call: int = 10_000
    call_bytes: int = 10_000_000
    file_bytes: int = 5_000_000_000
    preview_bytes: int = 50_000_000
    calls_a_second: float = 20
    silence_seconds: float = 30
    bytes_a_second: float = 1024

    def limit_of(self, method: str, path: str) -> int:
        """Return the bytes that the body of a request may have."""
        if method == "PUT":
            return self.file_bytes
        if path == "/v1/validar" or path == "/envios":
            return self.preview_bytes
        return self.call_bytes if path.endswith("/dividas") else 65_536
