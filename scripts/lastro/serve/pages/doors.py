"""Who may use the page: the session of a request, and forms that no other site can send."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request
from starlette.datastructures import FormData

from lastro.serve.office import Office
from lastro.serve.problems import Problem
from lastro.serve.sessions import Session

COOKIE = "lastro_sessao"


class NotSignedIn(Exception):
    """There is no session, or it is over."""


def session_of(request: Request) -> Session:
    """Return the session of a request, and count the request.

    Raises:
        NotSignedIn: There is none.
        Problem: The client asks too often.
    """
    session = request.app.state.sessions.find(request.cookies.get(COOKIE))
    if session is None:
        raise NotSignedIn
    office: Office = request.app.state.office
    office.rates.take(session.client)
    return session


SignedIn = Annotated[Session, Depends(session_of)]


async def form_of(request: Request, session: SignedIn) -> FormData:
    """Return a form that the session's own page sent.

    Raises:
        NotSignedIn: There is no session.
        Problem: Another site sent it, or it is not whole.
    """
    refuse_other_sites(request)
    form = await request.form(max_files=1, max_fields=50)
    if not session.has_token(form.get("csrf")):
        raise _not_ours()
    return form


Form = Annotated[FormData, Depends(form_of)]


def refuse_other_sites(request: Request) -> None:
    """Refuse what a browser sends for another site.

    Browsers say `Origin: null` for pages without a referrer, ours too, so this alone is no proof.

    Raises:
        Problem: Another site sent it.
    """
    origin = request.headers.get("origin", "null")
    is_own = origin == "null" or urlsplit(origin).netloc == request.headers.get("host")
    if not is_own or request.headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
        raise _not_ours()


def _not_ours() -> Problem:
    return Problem(
        403,
        "formulario_invalido",
        "Este formulário não vale mais.",
        "Volte ao começo e faça de novo.",
    )
