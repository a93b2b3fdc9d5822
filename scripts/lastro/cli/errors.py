"""The only place where an error becomes a message and an exit code."""

from __future__ import annotations

import os
from enum import IntEnum

import duckdb
import psycopg
import typer
from botocore.exceptions import ClientError, HTTPClientError, NoCredentialsError
from botocore.exceptions import ConnectionError as AwsConnectionError
from rich.console import Console
from typer.core import TyperGroup
from typer.exceptions import TyperException

errors = Console(stderr=True)

# The request cannot be fulfilled. The message says why, and what to do.
_REFUSALS = (OSError, ValueError, RuntimeError, duckdb.Error, psycopg.Error)
# An external server does not answer, or not as it should. The same command may succeed later.
_OUTAGES = (ConnectionError, psycopg.OperationalError, AwsConnectionError, HTTPClientError, ClientError)


class ExitCode(IntEnum):
    """Exit codes of the commands; click itself returns 2 for a usage error."""

    DONE = 0
    REFUSED = 1
    USAGE = 2
    LATE = 3
    GAP = 3
    OUTAGE = 4
    INTERRUPTED = 130


class Commands(TyperGroup):
    """A group of commands that reports an error as one message, never as a traceback.

    LASTRO_TRACEBACK=1 shows the traceback.
    """

    def invoke(self, ctx: typer.Context) -> object:
        """Run the named command."""
        try:
            return super().invoke(ctx)
        except (typer.Exit, typer.Abort, TyperException):
            raise
        except (KeyboardInterrupt, duckdb.InterruptException):
            raise _exit(ctx, "interrupted", ExitCode.INTERRUPTED) from None
        except Exception as error:
            if os.environ.get("LASTRO_TRACEBACK"):
                raise
            raise _exit(ctx, _message(error), _code(error)) from None


def _code(error: Exception) -> ExitCode:
    return ExitCode.OUTAGE if isinstance(error, _OUTAGES) else ExitCode.REFUSED


def _message(error: Exception) -> str:
    text = str(error).strip()
    if isinstance(error, NoCredentialsError):
        return f"{text}. Log in to AWS, for example with `aws sso login`."
    if isinstance(error, _REFUSALS + _OUTAGES) and text:
        return text
    kind = type(error).__name__
    return f"{kind}: {text}\nThis is unexpected. LASTRO_TRACEBACK=1 shows where it comes from."


def _exit(ctx: typer.Context, message: str, code: ExitCode) -> typer.Exit:
    command = " ".join([ctx.command_path, ctx.invoked_subcommand or ""]).strip()
    errors.print(f"{command}: {message}", style="red", markup=False, highlight=False, soft_wrap=True)
    return typer.Exit(code)
