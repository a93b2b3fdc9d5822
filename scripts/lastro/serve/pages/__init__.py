"""The page for clients who have just a spreadsheet: HTML from the server, and no JavaScript."""

from __future__ import annotations

from fastapi import FastAPI, Request, Response
from fastapi.responses import RedirectResponse
from fastapi.staticfiles import StaticFiles

from lastro.serve.office import Office
from lastro.serve.pages.doors import NotSignedIn
from lastro.serve.pages.render import SERVE, PageHeaders
from lastro.serve.pages.routes import router
from lastro.serve.sessions import Attempts, Sessions


def install(app: FastAPI, office: Office) -> None:
    """Add the page to an application."""
    app.state.sessions = Sessions(office.clients, office.now)
    app.state.attempts = Attempts(office.now)
    app.include_router(router(office))
    app.mount("/static", StaticFiles(directory=SERVE / "static"))
    app.add_middleware(PageHeaders)

    @app.exception_handler(NotSignedIn)
    async def ask_for_key(request: Request, error: NotSignedIn) -> Response:
        return RedirectResponse("/entrar", 303)
