"""What ended a command: a fault of its code, or a refusal that its person can read.

discord.py has two families of command errors, and a third wrapper where a hybrid command is used
as a slash command: `HybridCommandError` around the error of the slash command.
"""

from collections.abc import Callable, Iterator
from functools import partial
from types import CodeType
from typing import TypeVar

from discord import app_commands
from discord.ext import commands

from theseus_observe.failures.safe_access import (
    attempt,
    choose,
    get_cause,
    get_context,
    get_message,
    get_original,
    get_traceback,
    is_error,
)

Wrapper = TypeVar("Wrapper", app_commands.CommandInvokeError, commands.CommandInvokeError)

_WRAPPERS = (
    app_commands.CommandInvokeError,
    commands.CommandInvokeError,
    commands.ConversionError,
)


def find_bug(error: BaseException) -> BaseException | None:
    """Return what the command's code raised; `None` when the person or Discord is the cause.

    A transformer says by a `ValueError` that an option makes no sense; anything else is its own.
    """
    error = open_hybrid(error)
    if isinstance(error, _WRAPPERS):
        return choose(get_original(error), error)
    if isinstance(error, app_commands.TransformerError):
        cause = get_cause(error)
        return None if is_error(cause, ValueError) else cause
    return None


def open_hybrid(error: BaseException) -> BaseException:
    """Return the error of the slash command that a hybrid command was used as."""
    return error.original if isinstance(error, commands.HybridCommandError) else error


def wrap_escaped(make: Callable[[Exception], Wrapper], error: Exception) -> Wrapper:
    """Return an error of discord.py's own for one that it let pass, made by `make`.

    It lets pass what checks and hooks raise, and what is raised while it writes the text of an
    exception into its own error: then the exception itself is what failed.
    """
    original = choose(_find_unwrapped(error), error)
    failure: Wrapper | None = attempt(partial(make, error), None)
    wrapped = make(RuntimeError(get_message(original))) if failure is None else failure
    # Past `__setattr__` and type checks: whatever it is, it is what the command failed with.
    wrapped.__dict__["original"] = original
    wrapped.__cause__ = error
    return wrapped


def find_handler_failure(error: BaseException) -> BaseException | None:
    """Return what a command failed with whose own error handler raised; else `None`."""
    context = get_context(error)
    handled = any(code is _HANDLERS for code in _walk_code(error))
    if not handled or not is_error(context, app_commands.AppCommandError):
        return None
    return choose(find_bug(context), error)


_INITS = (app_commands.CommandInvokeError.__init__, commands.CommandInvokeError.__init__)
_WRITERS = tuple(init.__code__ for init in _INITS)
_HANDLERS = app_commands.Command._invoke_error_handlers.__code__


def _find_unwrapped(error: BaseException) -> BaseException | None:
    """Return the exception whose text was being written when `error` was raised."""
    traceback = get_traceback(error)
    while traceback is not None:
        if any(traceback.tb_frame.f_code is code for code in _WRITERS):
            found = traceback.tb_frame.f_locals.get("e")
            return found if is_error(found) else None
        traceback = traceback.tb_next
    return None


def _walk_code(error: BaseException) -> Iterator[CodeType]:
    traceback = get_traceback(error)
    while traceback is not None:
        yield traceback.tb_frame.f_code
        traceback = traceback.tb_next
