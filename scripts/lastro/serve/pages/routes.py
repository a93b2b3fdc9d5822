"""The routes of the page. Each one reads a form, asks the office, and shows what it says."""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import FileResponse, RedirectResponse
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile

from lastro.receive.formats import read_formats
from lastro.receive.gate import Gate
from lastro.receive.refusal import Refused
from lastro.receive.suggest.check import name_in_inbox
from lastro.receive.suggest.look import MAX_COLUMNS
from lastro.serve.desk import PAGE, Draft, refuse_bad_name
from lastro.serve.office import Office
from lastro.serve.pages import columns, words
from lastro.serve.pages.doors import COOKIE, Form, SignedIn, form_of, refuse_other_sites
from lastro.serve.pages.render import page
from lastro.serve.problems import Problem
from lastro.serve.sessions import Session

_SHOWN_DAYS = 30
_SHOWN_ROWS = 5
_SHOWN_REJECTIONS = 100
_BLOCK = 1 << 20


def router(office: Office) -> APIRouter:
    """Return the routes of the page."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/entrar")
    def ask_for_key() -> Response:
        return page("entrar.html", error=None)

    @routes.post("/entrar")
    async def enter(request: Request) -> Response:
        refuse_other_sites(request)
        address = request.client.host if request.client else ""
        request.app.state.attempts.refuse_too_many(address)
        form = await request.form(max_files=0, max_fields=5)
        token = request.app.state.sessions.begin(str(form.get("chave", "")).strip())
        if token is None:
            request.app.state.attempts.count(address)
            return page("entrar.html", 401, error="Esta chave não existe ou já não vale.")
        request.app.state.sessions.end(request.cookies.get(COOKIE))
        response = RedirectResponse("/", 303)
        is_https = request.url.scheme == "https"
        response.set_cookie(COOKIE, token, httponly=True, samesite="strict", secure=is_https)
        return response

    @routes.post("/sair", dependencies=[Depends(form_of)])
    def leave(request: Request) -> Response:
        request.app.state.sessions.end(request.cookies.get(COOKIE))
        response = RedirectResponse("/entrar", 303)
        response.delete_cookie(COOKIE)
        return response

    @routes.get("/")
    def home(session: SignedIn) -> Response:
        return _home(office, session)

    @routes.post("/envios")
    async def upload(session: SignedIn, form: Form) -> Response:
        file = form.get("arquivo")
        if not isinstance(file, UploadFile) or not file.filename:
            return await run_in_threadpool(_home, office, session, "Escolha um arquivo antes de continuar.")
        return await run_in_threadpool(_upload, office, session, file)

    @routes.get("/lotes/{id_lote}/colunas")
    def show_columns(session: SignedIn, id_lote: str) -> Response:
        draft = _draft(office, session, id_lote)
        return _columns(office, session, draft) if isinstance(draft, Draft) else draft

    @routes.post("/lotes/{id_lote}/colunas")
    async def choose_columns(session: SignedIn, id_lote: str, form: Form) -> Response:
        def choose() -> Response:
            draft = _draft(office, session, id_lote)
            if not isinstance(draft, Draft):
                return draft
            try:
                seen = columns.seen_of(office, draft)
            except Refused as refused:
                return _unreadable(session, draft, refused)
            fields = columns.read_form(seen, form)
            if any(field.error for field in fields):
                return _columns_page(session, draft, seen, fields, 422)
            proposal = columns.proposal_of(seen, fields, office, session.client)
            office.desk.set_format(session.client, id_lote, proposal)
            return _to(id_lote, "/conferencia")

        return await run_in_threadpool(choose)

    @routes.get("/lotes/{id_lote}/conferencia")
    def preview(session: SignedIn, id_lote: str) -> Response:
        draft = _draft(office, session, id_lote)
        return _preview(office, session, draft) if isinstance(draft, Draft) else draft

    @routes.post("/lotes/{id_lote}/envio", dependencies=[Depends(form_of)])
    def send(session: SignedIn, id_lote: str) -> Response:
        draft = _draft(office, session, id_lote)
        if isinstance(draft, Draft):
            office.desk.send(session.client, id_lote, columns.remember(office, draft))
        return _to(id_lote)

    @routes.post("/lotes/{id_lote}/cancelamento", dependencies=[Depends(form_of)])
    def cancel(session: SignedIn, id_lote: str) -> Response:
        office.cancel(session.client, id_lote, "cancelado_pelo_cliente")
        return _to(id_lote)

    @routes.get("/lotes/{id_lote}")
    def show(session: SignedIn, id_lote: str) -> Response:
        return _show(office, session, id_lote)

    @routes.get("/lotes/{id_lote}/rejeitadas")
    def rejected(session: SignedIn, id_lote: str) -> Response:
        folder = tempfile.TemporaryDirectory(prefix="lastro_rejects_")
        try:
            path = office.rejected_file(session.client, id_lote, Path(folder.name))
        except BaseException:
            folder.cleanup()
            raise
        return FileResponse(
            path,
            media_type="application/octet-stream",
            filename=path.name,
            background=BackgroundTask(folder.cleanup),
        )

    return routes


def _to(id_lote: str, below: str = "") -> Response:
    return RedirectResponse(f"/lotes/{id_lote}{below}", 303)


def _home(office: Office, session: Session, error: str | None = None) -> Response:
    until = office.now().date()
    lotes = office.tracking.list(session.client, until - timedelta(days=_SHOWN_DAYS), until)
    status = 422 if error else 200
    megabytes = office.settings.preview_bytes // 1_000_000
    return page("inicio.html", status, session=session, lotes=lotes, error=error, megabytes=megabytes)


def _upload(office: Office, session: Session, file: UploadFile) -> Response:
    """Open a batch with a file, and go on to its columns, or past them if they are known."""
    # Some browsers send the whole path.
    name = str(file.filename).replace("\\", "/").rpartition("/")[2]
    try:
        refuse_bad_name(name)
    except Problem as problem:
        return _home(office, session, f"{problem.message} {problem.action}")
    if not file.size:
        return _home(office, session, "O arquivo está vazio. Escolha outro.")
    id_lote = office.desk.open(session.client, channel=PAGE).id_lote
    sink = office.desk.receive_file(session.client, id_lote, name, PAGE)
    try:
        while block := file.file.read(_BLOCK):
            sink.write(block)
        draft = office.desk.keep_file(session.client, id_lote, name, sink, PAGE)
    finally:
        sink.abort()
    return _to(id_lote, "/conferencia" if _is_known(office, draft) else "/colunas")


def _is_known(office: Office, draft: Draft) -> bool:
    """Return whether the gate can read a file already: its columns need no choice."""
    path = office.desk.path_of(draft.client, draft.id_lote)
    gate = Gate(office.settings.places, formats=read_formats(office.settings.formats), now=office.now)
    try:
        gate.dry_run(path, name_in_inbox(office.desk.table, draft.client, path.name))
    except Refused as refused:
        return refused.code == "arquivo_duplicado"
    return True


def _draft(office: Office, session: Session, id_lote: str) -> Draft | Response:
    """Return an open batch of the page, or where to go if it is none any more."""
    lote = office.tracking.find(session.client, id_lote)
    if lote["status"] != "aberto" or lote["canal"] != PAGE:
        return _to(id_lote)
    return office.desk.draft(session.client, id_lote)


def _columns(office: Office, session: Session, draft: Draft) -> Response:
    try:
        seen = columns.seen_of(office, draft)
    except Refused as refused:
        return _unreadable(session, draft, refused)
    return _columns_page(session, draft, seen, columns.fields_of(seen))


def _columns_page(
    session: Session, draft: Draft, seen: columns.Seen, fields: list[columns.Field], status: int = 200
) -> Response:
    sources = seen.look.sources
    if not sources:
        return _unreadable(session, draft, Refused("", "no columns"))
    rows = [[source.cells[at] for source in sources] for at in range(min(_SHOWN_ROWS, seen.look.rows))]
    return page(
        "colunas.html",
        status,
        session=session,
        draft=draft,
        sources=sources,
        rows=rows,
        fields=fields,
        is_cut=len(sources) >= MAX_COLUMNS,
    )


def _unreadable(session: Session, draft: Draft, refused: Refused) -> Response:
    reason, remedy = words.refusal(refused.code)
    return page("ilegivel.html", 422, session=session, draft=draft, reason=reason, remedy=remedy)


def _preview(office: Office, session: Session, draft: Draft) -> Response:
    path = office.desk.path_of(session.client, draft.id_lote)
    chosen = columns.format_kept(office, draft)
    values = {"session": session, "draft": draft}
    try:
        found = office.preview(session.client, path, path.name, [chosen] if chosen else None)
    except Refused as refused:
        reason, remedy = words.refusal(refused.code)
        return page("conferencia.html", 200, found=None, reason=reason, remedy=remedy, **values)
    return page("conferencia.html", 200, found=found, **values)


def _show(office: Office, session: Session, id_lote: str) -> Response:
    lote = office.tracking.find(session.client, id_lote)
    is_judged = lote["status"] in ("concluido", "concluido_com_rejeicoes")
    found = office.published.rejections(id_lote, 0, _SHOWN_REJECTIONS) if is_judged else []
    return page(
        "lote.html",
        session=session,
        lote=lote,
        events=office.tracking.events(session.client, id_lote),
        rejections=found,
    )
