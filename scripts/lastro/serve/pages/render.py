"""HTML of the page, its headers, and its errors."""

from __future__ import annotations

from pathlib import Path

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lastro.serve.pages import words
from lastro.serve.problems import Problem

SERVE = Path(__file__).parents[1]
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_OF_PROGRAMS = ("/v1", "/saude", "/openapi.json")

_templates = Environment(
    loader=FileSystemLoader(SERVE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.filters |= {
    "reais": words.reais,
    "count": words.count,
    "moment": words.moment,
    "labelled": words.labelled,
}
_templates.globals |= {
    "STATUSES": words.STATUSES,
    "EVENTS": words.EVENTS,
    "CHANNELS": words.CHANNELS,
    "COLUMNS": words.COLUMNS,
    "session": None,
}


def is_for_people(path: str) -> bool:
    """Return whether an address is the page's, not the API's."""
    return not any(path == each or path.startswith(f"{each}/") for each in _OF_PROGRAMS)


def page(template: str, status: int = 200, **values: object) -> HTMLResponse:
    """Return a page."""
    return HTMLResponse(_templates.get_template(template).render(values), status)


def problem_page(problem: Problem) -> HTMLResponse:
    """Return a problem as the page tells it."""
    message, action = words.said(problem)
    response = page("problema.html", problem.status, message=message, action=action)
    response.headers.update(problem.headers)
    return response


class PageHeaders:
    """Middleware that adds the headers that keep other sites and caches away from the page."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap an application."""
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                added = [(name.lower().encode(), value.encode()) for name, value in _HEADERS.items()]
                message["headers"] = [*message.get("headers", []), *added]
            await send(message)

        is_page = scope["type"] == "http" and is_for_people(scope["path"])
        await self.app(scope, receive, with_headers if is_page else send)
