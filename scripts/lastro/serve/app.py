"""The application: the API, the page, limits, and answers to what goes wrong."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import anyio
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from lastro.receive.places import OUTAGES
from lastro.serve import api, pages
from lastro.serve.limits import BodyLimits, Failures
from lastro.serve.office import Office
from lastro.serve.pages.render import is_for_people, problem_page
from lastro.serve.problems import Problem, answer, of_status
from lastro.serve.settings import Settings

_TIDY_SECONDS = 60
log = logging.getLogger("lastro.serve")


def create_app(settings: Settings, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> FastAPI:
    """Return the application.

    Args:
        settings: Places and limits.
        now: The time of what happens.
    """
    office = Office(settings, now)

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        await anyio.to_thread.run_sync(office.tidy)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_tidy_now_and_then, office)
            yield
            tasks.cancel_scope.cancel()

    app = FastAPI(
        title="Lastro",
        version=version("lastro"),
        description="Clients send debts, follow their batches, and take back what was rejected.",
        lifespan=life,
        docs_url=None,
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
    )
    app.state.office = office
    app.add_middleware(
        BodyLimits,
        limit_of=settings.limit_of,
        silence_seconds=settings.silence_seconds,
        bytes_a_second=settings.bytes_a_second,
    )
    app.add_middleware(Failures)
    app.include_router(api.router(office))
    pages.install(app, office)

    def described() -> dict[str, Any]:
        if not app.openapi_schema:
            FastAPI.openapi(app)["components"]["schemas"]["Problema"] = api.Problema.model_json_schema()
        return app.openapi_schema

    app.openapi = described

    @app.get("/saude", tags=["servidor"])
    def health() -> dict[str, str | None]:
        """Say that the server answers, and which build it shows."""
        build = office.published.build()
        return {"versao": version("lastro"), "build": str(build["build_id"]) if build else None}

    @app.exception_handler(Problem)
    async def say_problem(request: Request, problem: Problem) -> Response:
        return _say(request, problem)

    @app.exception_handler(HTTPException)
    async def say_refusal(request: Request, error: HTTPException) -> Response:
        problem = of_status(error.status_code)
        problem.headers |= error.headers or {}
        return _say(request, problem)

    @app.exception_handler(RequestValidationError)
    async def say_invalid(request: Request, error: RequestValidationError) -> Response:
        # The names of parameters only: values may be anybody's data.
        names = sorted({str(each["loc"][-1]) for each in error.errors()})
        return answer(
            request,
            Problem(
                422,
                "parametro_invalido",
                f"Faltam ou não valem: {', '.join(names)}.",
                "Corrija os parâmetros; /openapi.json os descreve.",
            ),
        )

    @app.exception_handler(ClientDisconnect)
    async def say_nothing(request: Request, error: ClientDisconnect) -> Response:
        return Response(status_code=400)

    async def say_outage(request: Request, error: Exception) -> Response:
        log.error("%s %s: %s", request.method, request.url.path, type(error).__name__)
        return answer(
            request,
            Problem(
                503,
                "indisponivel",
                "O serviço está sem acesso ao que guarda os arquivos.",
                "Nada se perdeu do que foi confirmado. Repita a chamada mais tarde.",
                {"Retry-After": "30"},
            ),
        )

    for kind in OUTAGES:
        app.add_exception_handler(kind, say_outage)
    return app


def _say(request: Request, problem: Problem) -> Response:
    """Say what is wrong to a person or to a program."""
    return problem_page(problem) if is_for_people(request.url.path) else answer(request, problem)


async def _tidy_now_and_then(office: Office) -> None:
    while True:
        await anyio.sleep(_TIDY_SECONDS)
        try:
            await anyio.to_thread.run_sync(office.tidy)
        except Exception as error:
            log.error("tidying failed with %s; it is tried again", type(error).__name__)
