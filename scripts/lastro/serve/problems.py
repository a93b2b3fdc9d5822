"""What a client is told when a request cannot be fulfilled: a code, a sentence, and what to do (RFC 9457)."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import Request
from fastapi.responses import JSONResponse

MEDIA_TYPE = "application/problem+json"


class Problem(Exception):
    """A request that is not fulfilled.

    Attributes:
        status: The HTTP status.
        code: What programs compare, such as lote_nao_encontrado.
        message: What is wrong, in Portuguese; it repeats no personal data.
        action: What the client does about it.
    """

    def __init__(
        self, status: int, code: str, message: str, action: str, headers: dict[str, str] | None = None
    ) -> None:
        """Describe it."""
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.action = action
        self.headers = headers or {}


def not_found(id_lote: str) -> Problem:
    """Return the same answer for a batch that does not exist and for another client's."""
    return Problem(
        404,
        "lote_nao_encontrado",
        f"Não há lote {id_lote[:80]!r}.",
        "Confira o número do lote em GET /v1/lotes.",
    )


def of_status(status: int) -> Problem:
    """Return what the framework's own refusals say: no such path, no such method."""
    words = {
        404: ("rota_nao_encontrada", "Não há este endereço.", "Veja os endereços em /openapi.json."),
        405: ("metodo_nao_permitido", "Este endereço não aceita este método.", "Veja /openapi.json."),
    }
    code, message, action = words.get(
        status, (HTTPStatus(status).name.lower(), "O pedido não pôde ser atendido.", "Veja docs/api.md.")
    )
    return Problem(status, code, message, action)


def answer(request: Request, problem: Problem) -> JSONResponse:
    """Return a problem as the API tells it."""
    said = {
        "type": f"urn:lastro:problema:{problem.code}",
        "title": problem.message,
        "status": problem.status,
        "detail": problem.action,
        "code": problem.code,
        "instance": request.url.path,
    }
    return JSONResponse(said, problem.status, problem.headers, MEDIA_TYPE)
