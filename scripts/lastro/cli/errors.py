"""The one place where an error becomes a message and an exit code."""

from __future__ import annotations

import os
from enum import IntEnum

import click
import duckdb
import psycopg
import typer
from botocore.exceptions import ConnectionError as AwsConnectionError
from botocore.exceptions import HTTPClientError, NoCredentialsError
from rich.console import Console
from typer.core import TyperGroup

errors = Console(stderr=True)

# What was asked for cannot be done: the message says why, and what to do.
_REFUSALS = (OSError, ValueError, RuntimeError, duckdb.Error, psycopg.Error)
# Somebody else's server does not answer: the same command may work later.
_OUTAGES = (ConnectionError, psycopg.OperationalError, AwsConnectionError, HTTPClientError)


class ExitCode(IntEnum):
    """What a command says to the shell; click itself gives 2 for a wrong use."""

    DONE = 0
    REFUSED = 1
    USAGE = 2
    LATE = 3
    OUTAGE = 4
    INTERRUPTED = 130


class Commands(TyperGroup):
    """A group of commands whose errors reach the user as one message, never as a traceback.

    LASTRO_TRACEBACK=1 shows where an error comes from.
    """

    def invoke(self, ctx: click.Context) -> object:
        """Run the command that was named."""
        try:
            return super().invoke(ctx)
        except (click.exceptions.Exit, click.ClickException, click.Abort):
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


def _exit(ctx: click.Context, message: str, code: ExitCode) -> typer.Exit:
    command = " ".join([ctx.command_path, ctx.invoked_subcommand or ""]).strip()
    errors.print(f"{command}: {message}", style="red", markup=False, highlight=False, soft_wrap=True)
    return typer.Exit(code)
