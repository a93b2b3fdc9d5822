"""What a notification says: the facts of a batch that ended, rendered once as text and as JSON."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from lastro.reasons import Words, read_reasons

# The version of the JSON: it goes up when a key changes its name or meaning, not when one is added.
VERSION = 1

# What happened, as the first line and as a sentence, by the event that ended the batch.
EVENTS = {
    "recusado": ("Arquivo recusado", "O arquivo não foi aceito. Nenhuma de suas linhas foi processada."),
    "duplicado": (
        "Arquivo repetido",
        "O mesmo conteúdo já foi recebido. Nenhuma linha foi processada outra vez.",
    ),
    "concluido": ("Arquivo processado", "O arquivo foi processado, sem linhas rejeitadas."),
    "concluido_com_rejeicoes": (
        "Arquivo processado com rejeições",
        "O arquivo foi processado, mas há linhas rejeitadas.",
    ),
    "falhou": ("Arquivo não processado", "O arquivo foi aceito, mas o processamento falhou."),
    "cancelado": ("Lote cancelado", "O lote foi cancelado."),
}

_RESEND_FILE = "Corrija o arquivo e envie-o novamente."
_RESEND_ROWS = (
    "Corrija as linhas rejeitadas e reenvie-as. A quarentena mostra cada uma, com o motivo e a correção."
)
_ACTIONS = {
    "recusado": _RESEND_FILE,
    "duplicado": "Nada, se o arquivo foi reenviado por engano. Para corrigir os dados, envie o arquivo"
    " corrigido com o mesmo nome.",
    "concluido": "Nada.",
    "concluido_com_rejeicoes": _RESEND_ROWS,
    "falhou": "Não é preciso reenviar o arquivo: o lote será retomado quando a causa for corrigida.",
    "cancelado": "Nada, se o cancelamento era esperado. Caso contrário, fale com quem o pediu.",
}

# The longest part of an id that stays readable: with its suffixes it fits the 255 bytes of a file name.
_ID_CHARACTERS = 120


@dataclass(frozen=True)
class Closing:
    """The facts of a batch that ended.

    Attributes:
        id_lote: The batch.
        sequencia: The number of the closing event in its batch, because a batch that is taken again ends
            again.
        evento: A key of EVENTS.
        ocorrido_em: When the batch ended, with its time zone.
        id_cliente: Who sent the file.
        arquivo: Its name, relative to the inbox.
        motivo: The code of the reason, or the words of whoever cancelled; None if there is none.
        mensagem: The details of the reason.
        linhas_recebidas, linhas_processadas, linhas_com_falha: Rows; None if they were never counted.
        valor_recebido, valor_processado: R$; None for a table without an amount.
        avisos: Codes of what was noticed in a file that was accepted.
        share_over_limit: A sentence in Portuguese, if more rows were rejected than the source allows.

    Raises:
        ValueError: The event ends no batch, the time has no zone, or an amount is not a finite number.
    """

    id_lote: str
    sequencia: int
    evento: str
    ocorrido_em: datetime
    id_cliente: str
    arquivo: str
    motivo: str | None = None
    mensagem: str | None = None
    linhas_recebidas: int | None = None
    linhas_processadas: int | None = None
    linhas_com_falha: int | None = None
    valor_recebido: Decimal | None = None
    valor_processado: Decimal | None = None
    avisos: tuple[str, ...] = ()
    share_over_limit: str | None = None

    def __post_init__(self) -> None:
        """Refuse facts that cannot be told."""
        if self.evento not in EVENTS:
            raise ValueError(f"{self.id_lote}: {self.evento!r} ends no batch. These do: {', '.join(EVENTS)}.")
        if self.ocorrido_em.tzinfo is None:
            raise ValueError(f"{self.id_lote}: the time of {self.evento} has no time zone.")
        for amount in (self.valor_recebido, self.valor_processado):
            if amount is not None and not amount.is_finite():
                raise ValueError(f"{self.id_lote}: {amount} is not an amount in R$.")


@dataclass(frozen=True)
class Message:
    """A notification, as every sender delivers it.

    Attributes:
        id: The same for the same closing, so that a repetition is recognised; letters of ASCII, digits, -
            and _.
        id_lote, evento: The closing it tells of.
        subject: One line.
        text: Lines in Portuguese, for people.
        json: An object, for programs. It is text because a signature covers its bytes.
    """

    id: str
    id_lote: str
    evento: str
    subject: str
    text: str
    json: str


def render(closing: Closing) -> Message:
    """Return the notification of a closing: the same facts always give the same message."""
    words = _words(closing.motivo)
    title, happened = EVENTS[closing.evento]
    subject = f"{title}: {one_line(closing.arquivo)}"
    body = [
        subject,
        "",
        happened,
        "",
        *_reason(closing, words),
        f"O que fazer: {_action(closing, words)}",
        "",
        *_counts(closing),
        f"Lote: {one_line(closing.id_lote)}",
        f"Remetente: {one_line(closing.id_cliente)}",
        f"Quando: {closing.ocorrido_em.astimezone(UTC):%d/%m/%Y %H:%M:%S} UTC",
        f"Notificação: {notification_id(closing)} (se chegar outra vez com este número, é a mesma)",
    ]
    facts = json.dumps(_facts(closing, words), ensure_ascii=False, indent=2)
    return Message(
        id=notification_id(closing),
        id_lote=closing.id_lote,
        evento=closing.evento,
        subject=f"[Lastro] {subject}",
        text="\n".join(body) + "\n",
        json=facts + "\n",
    )


def notification_id(closing: Closing) -> str:
    """Return the id of a closing's notification: the name of its event's file, where that is plain.

    It becomes a file name, the left side of a Message-ID (RFC 5322, 3.6.4) and a webhook-id, in which
    Standard Webhooks allows no full stop because one ends it in what is signed. Any other name of a batch is
    shortened to what is plain, followed by its SHA-256, so that two batches never share an id.
    """
    name = f"{closing.id_lote}-{closing.sequencia:02d}-{closing.evento}"
    if re.fullmatch(rf"[A-Za-z0-9_-]{{1,{_ID_CHARACTERS}}}", name):
        return name
    plain = re.sub(r"[^A-Za-z0-9_-]+", "_", name)[:_ID_CHARACTERS]
    return f"{plain}-{hashlib.sha256(name.encode(errors='surrogatepass')).hexdigest()[:32]}"


def brazilian(amount: Decimal) -> str:
    """Return an amount in R$ as 1.234,56, exactly: with more than two decimals if it has them."""
    return f"{_exact(amount):,f}".translate(str.maketrans(",.", ".,"))


def _exact(amount: Decimal) -> Decimal:
    """Return the same amount with at least two decimals, and a zero without a sign."""
    sign, digits, exponent = amount.as_tuple()
    if exponent > -2:
        digits, exponent = (*digits, *(0,) * (exponent + 2)), -2
    return Decimal((sign if any(digits) else 0, digits, exponent))


def _words(code: str | None) -> Words | None:
    """Return what a reason means and its remedy, or None for a reason without words."""
    return read_reasons("pt_BR").get((code or "").rpartition(":")[2])


def _reason(closing: Closing, words: Words | None) -> Iterator[str]:
    if words:
        yield f"Motivo: {words.meaning} ({one_line(closing.motivo or '')})"
    elif closing.motivo:
        yield f"Motivo: {one_line(closing.motivo)}"
    if closing.mensagem:
        yield f"Detalhes: {one_line(closing.mensagem)}"
    if closing.share_over_limit:
        yield f"Atenção: {one_line(closing.share_over_limit)}"
    for code in closing.avisos:
        warning = _words(code)
        yield f"Aviso: {warning.meaning} ({one_line(code)})" if warning else f"Aviso: {one_line(code)}"


def _action(closing: Closing, words: Words | None) -> str:
    if words and words.remedy:
        return words.remedy
    if closing.evento == "falhou" and closing.linhas_com_falha:
        return _RESEND_ROWS
    return _ACTIONS[closing.evento]


def _counts(closing: Closing) -> Iterator[str]:
    rows = {
        "Linhas recebidas": closing.linhas_recebidas,
        "Linhas processadas": closing.linhas_processadas,
        "Linhas com falha": closing.linhas_com_falha,
    }
    amounts = {"Valor recebido": closing.valor_recebido, "Valor processado": closing.valor_processado}
    said = [f"{name}: {_thousands(count)}" for name, count in rows.items() if count is not None]
    said += [f"{name}: R$ {brazilian(amount)}" for name, amount in amounts.items() if amount is not None]
    yield from said
    if said:
        yield ""


def _thousands(count: int) -> str:
    return f"{count:,}".replace(",", ".")


def _facts(closing: Closing, words: Words | None) -> dict[str, Any]:
    facts = {
        "versao": VERSION,
        "id": notification_id(closing),
        "evento": closing.evento,
        "id_lote": closing.id_lote,
        "sequencia": closing.sequencia,
        "ocorrido_em": f"{closing.ocorrido_em.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}",
        "id_cliente": closing.id_cliente,
        "arquivo": closing.arquivo,
        "motivo": closing.motivo,
        "significado": words.meaning if words else None,
        "mensagem": closing.mensagem,
        "o_que_fazer": _action(closing, words),
        "linhas_recebidas": closing.linhas_recebidas,
        "linhas_processadas": closing.linhas_processadas,
        "linhas_com_falha": closing.linhas_com_falha,
        "valor_recebido": _amount(closing.valor_recebido),
        "valor_processado": _amount(closing.valor_processado),
        "avisos": [_encodable(code) for code in closing.avisos],
        "acima_do_limite": closing.share_over_limit,
    }
    return {key: _encodable(value) if isinstance(value, str) else value for key, value in facts.items()}


def _amount(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{_exact(amount):f}"


def one_line(text: str) -> str:
    """Return text from outside as one line of printable characters, which can hide nothing.

    A line break would add a header to a mail, an escape sequence would rule a terminal, and a change of
    direction would show a name backwards.
    """
    return " ".join("".join(each if each.isprintable() else " " for each in _encodable(text)).split())


def _encodable(text: str) -> str:
    """Return text that UTF-8 can write: a file name with broken bytes gets ? for each."""
    return text.encode("utf-8", "replace").decode("utf-8")
