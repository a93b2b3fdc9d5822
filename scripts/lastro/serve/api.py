"""The routes of the API. They hold no rule: the desk keeps, the gate and dbt judge, tracking shows."""

from __future__ import annotations

import base64
import tempfile
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.responses import FileResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, Field
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool

from lastro.reasons import read_reasons
from lastro.receive.places import scratch_folder
from lastro.receive.refusal import Refused
from lastro.receive.suggest.match import mapped
from lastro.serve.desk import Sink, refuse_bad_name
from lastro.serve.limits import too_large
from lastro.serve.office import Office
from lastro.serve.problems import MEDIA_TYPE, Problem
from lastro.serve.rows import header_of, read_rows, write_rows

_WRITE_BYTES = 1 << 20
_MAX_DAYS = 92
_bearer = HTTPBearer(auto_error=False, description="The key that `lastro client add` gave the client.")


class Lote(BaseModel):
    """A batch. Amounts are decimal texts in R$; a build has judged its rows once their counts are there."""

    id_lote: str
    status: str
    canal: str | None = None
    arquivo: str | None = None
    recebido_em: str | None = None
    linhas: int | None = None
    linhas_processadas: int | None = None
    linhas_com_falha: int | None = None
    valor_recebido: str | None = None
    valor_processado: str | None = None
    motivo: str | None = None
    mensagem: str | None = None
    lote_original: str | None = None


class Aberto(BaseModel):
    """A batch that was opened."""

    id_lote: str
    status: str


class LinhasRecebidas(BaseModel):
    """The rows of one call are on disk."""

    id_lote: str
    linhas: int
    linhas_no_lote: int


class ArquivoRecebido(BaseModel):
    """A file is on disk."""

    id_lote: str
    arquivo: str
    bytes: int
    sha256: str


class Evento(BaseModel):
    """One event of a batch."""

    sequencia: int
    evento: str
    ocorrido_em: str
    motivo: str | None = None
    mensagem: str | None = None


class Rejeicao(BaseModel):
    """A rejected line: its number in the file that came, codes, sentences, and its values as sent."""

    linha: int
    motivos: list[str]
    mensagem: str
    valores: dict[str, str | None]


class Rejeicoes(BaseModel):
    """Rejected lines of a batch; `depois` of the next call, if there are more."""

    id_lote: str
    rejeicoes: list[Rejeicao]
    proxima: int | None = None


class Validacao(BaseModel):
    """What would become of a file or of rows: whether the gate accepts them, then how many rows."""

    aceito: bool
    motivo: str | None = None
    mensagem: str | None = None
    detalhe: str | None = None
    linhas: int = 0
    registradas: int = 0
    prescritas: int = 0
    repetidas: int = 0
    rejeitadas: int = 0
    rejeicoes: list[Rejeicao] = Field(default_factory=list)


class Problema(BaseModel):
    """RFC 9457: what is wrong (title), what to do (detail), and a code for programs."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    instance: str


_PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {
        "description": words,
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problema"}}},
    }
    for status, words in {
        401: "No valid key.",
        404: "No such batch of this client.",
        405: "The address does not take this method.",
        408: "The body comes too slowly.",
        409: "The state of the batch does not allow it.",
        410: "The batch was open for too long.",
        413: "The body is too large.",
        422: "The body or a parameter is not valid.",
        425: "A call with this Idempotency-Key is at work.",
        429: "Too many calls.",
        503: "No build was published yet.",
    }.items()
}
_FILE_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}
Key = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        min_length=8,
        max_length=200,
        description="Chosen by the client for each call; the same key and body again get the same answer.",
    ),
]
Name = Annotated[str, Query(max_length=180, description="Name of the file, such as carteira.xlsx.")]


def client_of(
    request: Request,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)] = None,
) -> str:
    """Return whose key a request has, and count the call.

    Raises:
        Problem: The key is nobody's, or the client calls too often.
    """
    office: Office = request.app.state.office
    client = office.clients.client_of(credentials.credentials) if credentials else None
    if client is None:
        raise Problem(
            401,
            "chave_invalida",
            "A chave falta, não existe ou já não vale.",
            "Envie Authorization: Bearer <chave>; peça outra à agência se ela se perdeu.",
            {"WWW-Authenticate": "Bearer"},
        )
    office.rates.take(client)
    return client


Client = Annotated[str, Depends(client_of)]


def router(office: Office) -> APIRouter:
    """Return the routes under /v1."""
    columns = [column.name for column in mapped(office.desk.table) if column.name != "id_cliente_credor"]
    rows_body = _rows_body(office)

    routes = APIRouter(prefix="/v1", tags=["lotes"], responses=_PROBLEMS)

    @routes.post("/lotes", status_code=201)
    def open_batch(client: Client, key: Key) -> Aberto:
        """Open a batch, which takes rows or one file within 24 hours."""
        id_lote = office.desk.open(client, key).id_lote
        return Aberto(id_lote=id_lote, status=str(office.tracking.find(client, id_lote)["status"]))

    @routes.post("/lotes/{id_lote}/dividas", openapi_extra=rows_body)
    async def add_rows(client: Client, id_lote: str, key: Key, request: Request) -> LinhasRecebidas:
        """Add rows to an open batch. They are on disk when the answer comes."""
        body = await request.body()

        def keep() -> dict[str, object]:
            rows = read_rows(body, columns, office.settings.rows_a_call)
            return office.desk.add_rows(client, id_lote, rows, key, sha256(body).hexdigest())

        return LinhasRecebidas.model_validate(await run_in_threadpool(keep))

    @routes.put("/lotes/{id_lote}/arquivo", openapi_extra=_FILE_BODY)
    async def put_file(
        client: Client,
        id_lote: str,
        nome: Name,
        request: Request,
        digest: Annotated[
            str | None, Header(alias="Content-Digest", description="sha-256=:BASE64: (RFC 9530).")
        ] = None,
    ) -> ArquivoRecebido:
        """Send the file of an open batch as the raw body; a file that came before is replaced."""
        sink = await run_in_threadpool(office.desk.receive_file, client, id_lote, nome)
        try:
            await _drain(request, sink)
            _refuse_other_digest(digest, sink)
            await run_in_threadpool(office.desk.keep_file, client, id_lote, nome, sink)
        finally:
            sink.abort()
        return ArquivoRecebido(id_lote=id_lote, arquivo=nome, bytes=sink.size, sha256=sink.sha256)

    @routes.post("/lotes/{id_lote}/envio", status_code=202)
    def send(client: Client, id_lote: str) -> Lote:
        """Send an open batch to the gate. Sending it again changes nothing."""
        office.desk.send(client, id_lote)
        return Lote.model_validate(office.tracking.find(client, id_lote))

    @routes.get("/lotes")
    def list_batches(
        client: Client,
        de: Annotated[date | None, Query(description="First day; 30 days ago by default.")] = None,
        ate: Annotated[date | None, Query(description="Last day; today by default.")] = None,
    ) -> list[Lote]:
        """List the client's batches, the newest first."""
        until = ate or office.now().date()
        since = de or until - timedelta(days=min(30, until.toordinal() - 1))
        if not 0 <= (until - since).days < _MAX_DAYS:
            raise Problem(
                422,
                "periodo_invalido",
                f"O período vai de {since} a {until}.",
                f"Peça no máximo {_MAX_DAYS} dias, com `de` antes de `ate`.",
            )
        return [Lote.model_validate(lote) for lote in office.tracking.list(client, since, until)]

    @routes.get("/lotes/{id_lote}")
    def show(client: Client, id_lote: str) -> Lote:
        """Show one batch."""
        return Lote.model_validate(office.tracking.find(client, id_lote))

    @routes.get("/lotes/{id_lote}/eventos")
    def events(client: Client, id_lote: str) -> list[Evento]:
        """List what happened to a batch."""
        office.tracking.find(client, id_lote)
        words = read_reasons("pt_BR")
        return [
            Evento(
                sequencia=event.sequencia,
                evento=event.evento,
                ocorrido_em=event.ocorrido_em,
                motivo=event.dados.get("motivo"),
                mensagem=words[event.dados["motivo"]].meaning if event.dados.get("motivo") in words else None,
            )
            for event in office.tracking.events(client, id_lote)
        ]

    @routes.get("/lotes/{id_lote}/rejeicoes")
    def rejections(
        client: Client,
        id_lote: str,
        depois: Annotated[int, Query(ge=0, le=2**62, description="Only lines after this one.")] = 0,
        limite: Annotated[int, Query(ge=1, le=10_000)] = 1_000,
    ) -> Rejeicoes:
        """List the rejected lines of a batch that a build has judged."""
        office.refuse_unjudged(client, id_lote)
        found = office.published.rejections(id_lote, depois, limite)
        last = int(found[-1]["linha_original"]) if len(found) == limite else None
        return Rejeicoes(id_lote=id_lote, rejeicoes=[_rejection(row, columns) for row in found], proxima=last)

    @routes.get(
        "/lotes/{id_lote}/rejeicoes/arquivo",
        response_class=FileResponse,
        responses={200: {"content": {"application/octet-stream": {}}, "description": "The file."}},
    )
    def rejected_file(client: Client, id_lote: str) -> FileResponse:
        """Give the rejected lines back in the client's own layout, to be corrected and sent again."""
        folder = tempfile.TemporaryDirectory(prefix="lastro_rejects_")
        try:
            path = office.rejected_file(client, id_lote, Path(folder.name))
        except BaseException:
            folder.cleanup()
            raise
        return FileResponse(
            path,
            media_type="application/octet-stream",
            filename=path.name,
            background=BackgroundTask(folder.cleanup),
        )

    @routes.delete("/lotes/{id_lote}", status_code=204)
    def cancel(client: Client, id_lote: str) -> Response:
        """Cancel a batch that is not done."""
        office.cancel(client, id_lote, "cancelado_pelo_cliente")
        return Response(status_code=204)

    @routes.post("/validar", openapi_extra=_FILE_BODY)
    async def validate(client: Client, request: Request, nome: Name) -> Validacao:
        """Judge a file, or rows as JSON if its name is linhas.json, and keep nothing."""
        with scratch_folder() as scratch:
            refuse_bad_name(nome)
            sink = Sink(scratch / "corpo")
            try:
                await _drain(request, sink)
            finally:
                sink.close()
            return await run_in_threadpool(_validation, office, client, sink.path, nome, columns)

    return routes


def _validation(office: Office, client: str, path: Path, name: str, columns: list[str]) -> Validacao:
    formats = None
    if name == "linhas.json":
        if path.stat().st_size > office.settings.call_bytes:
            raise too_large(office.settings.call_bytes)
        rows = read_rows(path.read_bytes(), columns, office.settings.rows_a_call)
        table = office.desk.table
        path.write_text(header_of(table) + write_rows(table, client, rows), encoding="utf-8", newline="")
        name, formats = "linhas.csv", []
    try:
        found = office.preview(client, path, name, formats)
    except Refused as refused:
        words = read_reasons("pt_BR").get(refused.code)
        said = f"{words.meaning} {words.remedy}" if words else None
        return Validacao(aceito=False, motivo=refused.code, mensagem=said, detalhe=refused.message)
    return Validacao(
        aceito=True,
        linhas=found.rows,
        registradas=found.registered,
        prescritas=found.prescribed,
        repetidas=found.again,
        rejeitadas=found.rejected,
        rejeicoes=[_rejection(row, columns) for row in found.rejections],
    )


def _rejection(row: dict[str, Any], columns: list[str]) -> Rejeicao:
    return Rejeicao(
        linha=row["linha_original"],
        motivos=str(row["motivos"]).split(","),
        mensagem=row["mensagens"],
        valores={key: None if row[key] is None else str(row[key]) for key in (*columns, "texto_original")},
    )


async def _drain(request: Request, sink: Sink) -> None:
    """Write a body to a file, a megabyte at a time."""
    held = bytearray()
    async for chunk in request.stream():
        held += chunk
        if len(held) >= _WRITE_BYTES:
            await run_in_threadpool(sink.write, bytes(held))
            held.clear()
    await run_in_threadpool(sink.write, bytes(held))


def _refuse_other_digest(said: str | None, sink: Sink) -> None:
    """Refuse a file whose hash is not the declared one."""
    if said is None:
        return
    own = base64.b64encode(bytes.fromhex(sink.sha256)).decode()
    if said.strip() != f"sha-256=:{own}:":
        raise Problem(
            422,
            "digest_diferente",
            "O arquivo que chegou não tem o Content-Digest declarado.",
            "Envie o arquivo de novo, com sha-256=:BASE64: do conteúdo inteiro.",
        )


def _rows_body(office: Office) -> dict[str, Any]:
    """Return the documentation of a body of rows, from the raw contract."""
    properties = {
        column.name: {"anyOf": [{"type": "string"}, {"type": "number"}, {"type": "null"}]}
        for column in mapped(office.desk.table)
        if column.name != "id_cliente_credor"
    }
    row = {"type": "object", "properties": properties, "additionalProperties": False}
    schema = {
        "type": "object",
        "properties": {
            "dividas": {"type": "array", "items": row, "minItems": 1, "maxItems": office.settings.rows_a_call}
        },
        "required": ["dividas"],
        "additionalProperties": False,
    }
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}
