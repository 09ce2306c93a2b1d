"""Groups a person's request with its answers, and with the web requests made for it.

discord.py creates a task for each interaction and message, and a task inherits the context in which
it is created. So the current exchange is set in a context variable while the event is parsed, and
every task of the cog that handles the event finds it there.
"""

import sys
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import Any, Literal, NamedTuple

import discord
import structlog

from bot.domain.journal import Action

CURRENT: ContextVar["ActionExchange | None"] = ContextVar("theseus_exchange", default=None)
MOST_ANSWERS, MOST_FLAGS = 20, 20
STRANGE = (LookupError, TypeError, ValueError, AttributeError)
"""What is raised about a payload that is not as Discord describes it: it costs its record alone."""

_LIBRARIES = (str(Path(discord.__file__).parent), str(Path(__file__).parent))
LOOP_FOLDER = str(Path(sys.modules["asyncio"].__file__ or "").parent)

_log = structlog.stdlib.get_logger(__name__)

Told = Mapping[str, Any]
ExchangeKind = Literal["command", "autocomplete", "press", "submit", "message"]
KINDS: Mapping[int, ExchangeKind] = {2: "command", 3: "press", 4: "autocomplete", 5: "submit"}


class SentRequest(NamedTuple):
    """One request to Discord: `POST`, the path's template, and what was sent."""

    method: str
    path: str
    payload: Any


class Acting(NamedTuple):
    """The outermost function of a cog that is at work, and its module."""

    scope: str
    module: str


class ActionExchange:
    """An interaction or message as Discord sent it, with everything that followed from it.

    It stores when it began, its journal record (`action`) if there is one, the cog's `module`, when
    a traffic record of it is due, and the `flags` that the cog asked for. `end_time` is the time of
    the newest answer if the journal has no record. `addressed` is true if the message is for the
    bot; any message may also be a command that is typed after `prefix`.
    """

    __slots__ = (
        "action",
        "addressed",
        "answers",
        "began",
        "due",
        "end_time",
        "flags",
        "is_finished",
        "kind",
        "module",
        "noted",
        "payload",
        "prefix",
        "scope",
        "web",
    )  # fmt: skip

    def __init__(
        self,
        kind: ExchangeKind,
        payload: Told,
        began: datetime,
        noted: Callable[["ActionExchange", SentRequest], None],
        *,
        addressed: bool = True,
    ) -> None:
        self.kind = kind
        self.payload = payload
        self.began = began
        self.noted = noted
        self.answers: list[SentRequest] = []
        self.web: list[Any] = []
        self.flags: dict[str, bool] = {}
        self.action: Action | None = None
        self.addressed = addressed
        self.prefix = ""
        self.scope = ""
        self.module = ""
        self.due: float | None = None
        self.end_time: datetime | None = None
        self.is_finished = False


def record_answer(method: str, path: str, payload: Any) -> None:
    """Add a request to Discord to the current exchange, if there is one."""
    exchange = get_current_exchange()
    if exchange is None or method == "GET":
        return
    if not exchange.scope and (found := find_acting_function()) is not None:
        exchange.scope, exchange.module = found
    if len(exchange.answers) < MOST_ANSWERS:
        request = SentRequest(method, path, payload)
        exchange.answers.append(request)
        try:
            exchange.noted(exchange, request)
        except STRANGE as error:
            _log.warning("an answer is not kept: %s", type(error).__name__)


def record_flag(name: str, *, on: bool) -> None:
    """Add the value of a flag that a cog asked for to the current exchange, if there is one."""
    exchange = get_current_exchange()
    if exchange is not None and (name in exchange.flags or len(exchange.flags) < MOST_FLAGS):
        exchange.flags[name] = on


def get_flags() -> dict[str, bool]:
    """Return the flags that cogs asked for in the current exchange; empty if there is none."""
    exchange = get_current_exchange()
    return dict(exchange.flags) if exchange is not None else {}


def get_current_exchange() -> ActionExchange | None:
    """Return the exchange that the present task belongs to, unless it is over."""
    exchange = CURRENT.get()
    return None if exchange is None or exchange.is_finished else exchange


def find_acting_function() -> Acting | None:
    """Return the outermost function on the stack that is not discord.py's or the client's.

    As `find_scope` reads it from a traceback; only what the present task runs is looked at.
    """
    found: FrameType | None = None
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and not frame.f_code.co_filename.startswith(LOOP_FOLDER):
        if not frame.f_code.co_filename.startswith(_LIBRARIES):
            found = frame
        frame = frame.f_back
    if found is None:
        return None
    scope = found.f_code.co_qualname.replace("<locals>.", "")
    return Acting(scope, str(found.f_globals.get("__name__", "")))
