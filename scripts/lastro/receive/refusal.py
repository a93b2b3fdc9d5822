"""Why a file is refused."""

from __future__ import annotations


class Refused(Exception):
    """A file that cannot be trusted.

    Attributes:
        code: The reason, as the seed of reasons lists it.
        message: Where it is wrong and what to do; it contains no personal data.
    """

    def __init__(self, code: str, message: str) -> None:
        """Keep both."""
        super().__init__(message)
        self.code = code
        self.message = message
