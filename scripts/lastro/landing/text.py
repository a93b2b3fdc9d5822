"""Prepare a raw file for the reader: UTF-8 text with LF line ends."""

from __future__ import annotations

import codecs
import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import charset_normalizer

_BLOCK = 4 * 1024 * 1024
_SAMPLE = 64 * 1024
# Unicode noncharacters. One that a text lacks serves as a delimiter that splits nothing.
_ABSENT = ["\U0010ffff", "\U0010fffe", "\ufdd0", "\ufdd1"]
_BOM = "\ufeff"
_MARKS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_PORTUGUESE = "\u00e1\u00e0\u00e2\u00e3\u00e9\u00ea\u00ed\u00f3\u00f4\u00f5\u00fa\u00fc\u00e7"


# What is tried, besides a byte order mark. UTF-16 without one and Windows-1252 are told apart by their text.
_WITHOUT_MARK = ["utf_8", "utf_16_le", "utf_16_be", "cp1252"]
# The letters of Portuguese in UTF-8. In Windows-1252 each would be a capital A with a tilde and a sign.
_LETTERS_IN_UTF8 = re.compile(
    b"\xc3[\x81-\x83\x87\x89\x8a\x8d\x93-\x95\x9a\xa1-\xa3\xa7\xa9\xaa\xad\xb3-\xb5\xba]"
)

_BESIDE_LETTERS = re.compile(b"(?<=[A-Za-z0-9])[\x80-\xff]+|[\x80-\xff]+(?=[A-Za-z])")


class UnreadableFile(Exception):
    """A file that cannot be trusted. The message says where, why and what to do; it contains no data.

    Attributes:
        code: The reason, as the seed of reasons lists it.
    """

    def __init__(self, message: str, code: str) -> None:
        """Keep both."""
        super().__init__(message)
        self.code = code


class Text(NamedTuple):
    """A prepared text file.

    Attributes:
        path: The prepared file, which is the raw file itself if that needs no change.
        encoding: The encoding of the raw file, as Python names it.
        sha256: The SHA-256 of the raw file's bytes, in hexadecimal.
        has_quotes: Whether the text contains a double quote.
        absent_character: A character that the text does not contain.
        nul_line: The first line with the character NUL, if there is one.
    """

    path: Path
    encoding: str
    sha256: str
    has_quotes: bool
    absent_character: str
    nul_line: int | None


class _WrongByte(Exception):
    def __init__(self, offset: int, line: int, byte: str) -> None:
        self.offset, self.line, self.byte = offset, line, byte


def prepare(
    raw: Path, declared: str | None, copy: Path, progress: Callable[[int], None] = lambda bytes_done: None
) -> Text:
    """Decode a whole file strictly, and copy it only if its encoding or line ends have to change.

    CR, LF, CRLF and CR CR LF all end a line, in any mixture. Memory use is constant.

    Args:
        raw: The raw file.
        declared: Its encoding, as Python names it. None detects it: byte order mark, else UTF-8, else UTF-16
            or Windows-1252.
        copy: The path for a copy.
        progress: Called with the bytes that are decoded.

    Returns:
        The prepared file.

    Raises:
        UnreadableFile: A byte is invalid in the encoding.
    """
    encoding = declared or _marked(raw)
    try:
        return _prepare(raw, encoding, copy, progress)
    except _WrongByte as wrong:
        not_utf8 = wrong
        said = f"line {wrong.line}: {wrong.byte} is not {encoding}"
        if declared or encoding != "utf-8":
            raise UnreadableFile(
                f"{said}. Save the file as UTF-8, or declare its encoding.", "codificacao_invalida"
            ) from None
        if _is_rather_cp850(raw, wrong.offset):
            raise UnreadableFile(
                f"{said} and looks like cp850. Save the file as UTF-8, or declare its encoding.",
                "codificacao_invalida",
            ) from None
    try:
        prepared = _prepare(raw, "cp1252", copy, progress)
    except _WrongByte as wrong:
        raise UnreadableFile(
            f"line {wrong.line}: {wrong.byte} is neither utf-8 nor cp1252. Save the file as UTF-8.",
            "codificacao_invalida",
        ) from None
    _refuse_mixture(raw, not_utf8.offset)
    return prepared


def _marked(raw: Path) -> str:
    """Detect an encoding by its byte order mark. ASCII in UTF-16 without one is valid UTF-8 full of NULs."""
    with raw.open("rb") as file:
        start = file.read(2000)
    for mark, encoding in _MARKS.items():
        if start.startswith(mark):
            return encoding
    if start.count(0) * 10 < len(start):
        return "utf-8"
    # In UTF-16 one of the two bytes of every Latin letter is zero. charset-normalizer finds no encoding
    # at all for a short table of dates and figures.
    even, odd = start[::2].count(0), start[1::2].count(0)
    if min(even, odd) * 20 <= max(even, odd):
        return "utf-16-le" if even < odd else "utf-16-be"
    best = charset_normalizer.from_bytes(start[: len(start) // 2 * 2], cp_isolation=_WITHOUT_MARK).best()
    return best.encoding.replace("_", "-") if best and best.encoding.startswith("utf_16") else "utf-8"


def _refuse_mixture(raw: Path, offset: int) -> None:
    """Refuse a file that is not UTF-8, but has letters of Portuguese in UTF-8: two systems wrote it."""
    before = 0
    with raw.open("rb") as file:
        while block := file.read(_BLOCK):
            found = _LETTERS_IN_UTF8.search(block)
            if found:
                raise UnreadableFile(
                    f"byte {before + found.start()} begins a letter in utf-8, but byte {offset} is cp1252."
                    " Two encodings are mixed: save the file as UTF-8.",
                    "codificacao_misturada",
                )
            before += len(block)


def _is_rather_cp850(raw: Path, offset: int) -> bool:
    """Return whether the bytes from the first non-UTF-8 one on are more Portuguese in cp850 than cp1252."""
    with raw.open("rb") as file:
        file.seek(max(offset - 1, 0))
        sample = file.read(_SAMPLE)
    # A letter stands beside others: what follows a blank and has a figure after it is a sign, such as the
    # pound, which would be a u with an accent in cp850, or the no-break space after R$, an a with one.
    sample = b"".join(_BESIDE_LETTERS.findall(sample))
    letters = _PORTUGUESE + _PORTUGUESE.upper() + "\u00a0\u00aa\u00ba"
    counts = [
        sum(sample.count(letter.encode(encoding)) for letter in letters) for encoding in ("cp850", "cp1252")
    ]
    return counts[0] > counts[1]


def _prepare(raw: Path, encoding: str, copy: Path, progress: Callable[[int], None]) -> Text:
    digest = hashlib.sha256()
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    absent = set(_ABSENT)
    has_quotes = False
    must_copy = codecs.lookup(encoding).name != "utf-8"
    lines, offset = 1, 0
    nul_line = None
    with raw.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
            text = _decoded(decoder, block, lines, offset)
            if nul_line is None and "\0" in text:
                nul_line = lines + text.count("\n", 0, text.index("\0"))
            must_copy = must_copy or "\r" in text or (offset == 0 and text.startswith(_BOM))
            has_quotes = has_quotes or '"' in text
            absent = {character for character in absent if character not in text}
            lines += text.count("\n")
            offset += len(block)
            progress(offset)
        _decoded(decoder, b"", lines, offset, final=True)
    if not absent:
        raise UnreadableFile(
            "the file contains every spare Unicode noncharacter. Request it as text.", "codificacao_invalida"
        )
    if must_copy:
        _copy(raw, encoding, copy)
    return Text(copy if must_copy else raw, encoding, digest.hexdigest(), has_quotes, min(absent), nul_line)


def _decoded(
    decoder: codecs.IncrementalDecoder, block: bytes, line: int, offset: int, final: bool = False
) -> str:
    try:
        return decoder.decode(block, final)
    except UnicodeDecodeError as error:
        at = error.start
        byte = f"byte 0x{error.object[at]:02X}" if at < len(error.object) else "the end"
        raise _WrongByte(offset + at, line + error.object[:at].count(b"\n"), byte) from None


def _copy(raw: Path, encoding: str, copy: Path) -> None:
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    held = ""
    with raw.open("rb") as source, copy.open("w", encoding="utf-8", newline="") as target:
        is_start = True
        while block := source.read(_BLOCK):
            text = held + decoder.decode(block)
            if is_start:
                text = text.removeprefix(_BOM)
                is_start = not text
            # A CR at the end of a block may begin a line end, so it waits for the next block.
            held = text[len(text.rstrip("\r")) :]
            target.write(_with_plain_line_ends(text[: len(text) - len(held)]))
        target.write(_with_plain_line_ends(held))


def _with_plain_line_ends(text: str) -> str:
    return text.replace("\r\r\n", "\n").replace("\r\n", "\n").replace("\r", "\n")
