"""Texts that stand where a CPF or CNPJ should, and what validate-docbr says of each."""

from __future__ import annotations

import random
import re
from functools import cache

from validate_docbr import CNPJ, CPF

CPFS, CNPJS = CPF(), CNPJ()
# What the project makes of the column text of a table documents.
JUDGED = """
with possible_documents as (
    select text, {{ possible_document(clean_document('text')) }} as document from documents
)

select text, document, {{ document_problem('document') }} as problem from possible_documents
"""
GARBAGE = [
    *("", " ", "-", "...", "0", "00000000", "000000000000", "1234567", "123456789012345", "isento"),
    *(
        "12.ABC.345/01DE-35",
        "12abc34501de35",
        "12ABC34501DE3X",
        "1234567890A",
        "AAAAAAAAAAAAAA",
        "12ABC34501DE36",
    ),
    *(
        "12ABC34501:E35",
        "CPF 52998224725",
        "529.982.247-25x",
        "529 982 247 25",
        "529,982,247-25",
        "+52998224725",
    ),
    *(
        "\u00a052998224725",
        "52998224725\t",
        "\u0661\u0662\u0663\u0664\u0665\u0666\u0667\u0668\u0669\u0660\u0661",
    ),
    *("NULL", "1e11", "5.2998224725E10", "52998224725.0", "111111111", "999999999999", "😀"),
]


@cache
def values(count: int = 100_000) -> list[str]:
    """Return that many different texts: documents with and without punctuation, and every way to spoil one."""
    chance = random.Random(18)
    random.seed(18)  # validate-docbr draws from the module's own generator.
    texts = dict.fromkeys([*GARBAGE, *(digit * n for digit in "0123456789" for n in range(8, 16))])
    while len(texts) < count:
        kind = chance.randrange(3)
        text = CPFS.generate() if kind == 0 else CNPJS.generate(digits_only=kind == 1)
        spoil = chance.randrange(6)
        if spoil == 1:
            at = chance.randrange(len(text))
            text = text[:at] + chance.choice("0123456789ABZ") + text[at + 1 :]
        elif spoil == 2:
            at = chance.randrange(len(text) - 1)
            text = text[:at] + text[at + 1] + text[at] + text[at + 2 :]
        elif spoil == 3:
            # A spreadsheet takes the zeros; half of these are documents that have some.
            zeros = chance.choice([0, 1, 2, 3])
            body = "0" * zeros + text[zeros:-2]
            text = with_check_digits(body).lstrip("0") if chance.random() < 0.5 else text[zeros:]
        if spoil in (0, 1, 4) and chance.random() < 0.5 and len(text) in (11, 14):
            text = (CPFS if len(text) == 11 else CNPJS).mask(text)
        texts[text.lower() if chance.random() < 0.1 else text] = None
    return list(texts)


def with_check_digits(body: str) -> str:
    """Return a body of 9 or 12 characters with the check digits that the library gives it."""
    for check in range(100):
        text = f"{body}{check:02}"
        if (CPF(repeated_digits=True) if len(body) == 9 else CNPJS).validate(text):
            return text
    return body + "00"


def verdict(text: str) -> tuple[str | None, str | None]:
    """Return the document in a text and why it is none. Shapes and lost zeros are ours; digits are the library's."""
    clean = re.sub(r"[-./ \t\n\r\xa0]", "", text).upper()
    if not re.fullmatch("[0-9]{8,13}|[0-9A-Z]{12}[0-9]{2}", clean):
        return None, "not_a_document"
    document = clean.zfill(11 if len(clean) <= 11 else 14)
    if len(set(document)) == 1:
        return None, "repeated_digits"
    if (CPFS if len(document) == 11 else CNPJS).validate(document):
        return document, None
    return None, "wrong_check_digit"
