"""Maps failures of the program and its provider to the errors of the agent port."""

import re
import signal
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from theseus_observe.redaction import redact

from bot.adapters.claude_agent.program._transport_events import ProgramError, TurnEnded
from bot.adapters.claude_agent.prompting._plain_text import flatten
from bot.domain.errors import (
    AgentError,
    AgentForbidden,
    AgentLimited,
    AgentMissing,
    AgentOutputInvalid,
    AgentOverloaded,
    AgentRefused,
    AgentTimeout,
    AgentUnauthorized,
    AgentUnavailable,
    BudgetSpent,
)
from bot.presentation.times import format_utc

DETAIL_CHARS = 2_000
OVERLOADED = 529
CREDIT = re.compile(r"credit balance|billing|out of (extra )?usage credits", re.IGNORECASE)
TOO_LONG = re.compile(r"(prompt|conversation) is too long|request too large", re.IGNORECASE)
STALE = re.compile(r"no conversation found|session id .* already in use", re.IGNORECASE)
_NAME = re.compile(r"[\w.:/\[\]-]{1,80}")


class StaleConversation(AgentError):
    """The stored conversation cannot be continued; a new one can be started."""

    code = "agent.stale"
    retryable = True


@dataclass(frozen=True)
class TurnContext:
    """What an error message needs: whom we talk to, and what was reported before the failure."""

    role: str = "engine"
    model: str = ""
    turns: int = 0
    usd: float = 0.0
    until: datetime | None = None
    resumed: bool = False
    program_error: ProgramError | None = None


def format_detail(*parts: str) -> str:
    """Return the detail of a failure for the journal: redacted and shortened."""
    return redact("\n".join(part for part in parts if part))[-DETAIL_CHARS:]


def build_missing_error(text: str = "") -> AgentMissing:
    """Return the error for a missing package or program."""
    return AgentMissing(
        "The Claude Code program is not installed; run `make claude`.", detail=format_detail(text)
    )


def build_crash_error(code: int | None, text: str = "") -> AgentUnavailable:
    """Return the error for a program that ended by itself; `code` is 128+n for signal n."""
    how = "ended without a message"
    if code:
        how = f"ended with exit code {code}"
        with suppress(ValueError):
            how = f"was killed by {signal.Signals(code - 128 if code > 0 else -code).name}"
    return AgentUnavailable(f"The Claude Code program {how}.", detail=format_detail(text))


def build_limit_error(until: datetime | None, text: str = "") -> AgentLimited:
    """Return the error for a usage limit of the provider."""
    when = f"until {format_utc(until)}" if until else "and does not say for how long"
    return AgentLimited(
        f"The model's provider limits our use {when}.", until=until, detail=format_detail(text)
    )


def build_turn_error(turn_end: TurnEnded, context: TurnContext, text: str = "") -> Exception:
    """Return the error for a turn that failed, or for a program that did not start one."""
    detail = format_detail(turn_end.text, text)
    if STALE.search(f"{turn_end.text}\n{text}"):
        return StaleConversation("The stored conversation no longer exists.", detail=detail)
    for make in (_build_own_limit_error, _build_error_from_text, _build_error_from_status):
        if error := make(turn_end, context, detail):
            return error
    return AgentUnavailable("The Claude Code program stopped unexpectedly.", detail=detail)


def _build_own_limit_error(
    turn_end: TurnEnded, context: TurnContext, more: str
) -> AgentError | BudgetSpent | None:
    """Return the error for one of our own limits, or `None`."""
    match turn_end.kind:
        case "error_max_turns":
            return AgentTimeout(
                f"The model reached its limit of {context.turns} answers.", detail=more
            )
        case "error_max_budget_usd":
            return BudgetSpent(
                f"The budget of {context.usd:.2f} $ for this call is used up.", detail=more
            )
        case "error_max_structured_output_retries":
            return AgentOutputInvalid(
                "The model's answer did not have the requested format, several times.",
                detail=more,
            )
    return None


def _build_error_from_text(
    turn_end: TurnEnded, context: TurnContext, more: str
) -> AgentError | None:
    """Return the error that only the text or the reason reveals, whatever the status; or `None`."""
    kind = context.program_error.kind if context.program_error else ""
    text = f"{turn_end.text}\n{context.program_error.text if context.program_error else ''}"
    if turn_end.stop_reason == "refusal":
        return AgentRefused("The model declined to do this.", detail=more)
    if turn_end.status == 402 or kind == "billing_error" or CREDIT.search(text):
        # Waiting does not help, unlike with a usage limit: a person must act.
        return AgentForbidden(
            "The credit at the model's provider is used up; please add credit there.",
            detail=more,
        )
    if turn_end.status == 413 or turn_end.reason == "prompt_too_long" or TOO_LONG.search(text):
        return AgentOutputInvalid(
            "The conversation is longer than the model can read.", detail=more
        )
    if turn_end.status is None and kind == "authentication_failed":
        return _build_unauthorized_error("No key for the model is set", more)
    return None


def _build_error_from_status(
    turn_end: TurnEnded, context: TurnContext, more: str
) -> AgentError | None:
    match turn_end.status:
        case 401:
            return _build_unauthorized_error("The model's provider does not accept the key", more)
        case 403:
            return AgentForbidden(
                "The API key has no access to this model or provider.", detail=more
            )
        case 404:
            return AgentForbidden(
                f"The model `{_format_model_name(context.model)}` does not exist, or the API key "
                f"has no access to it; see {_format_setting(context.role)} in data/config.yaml.",
                detail=more,
            )
        case 429:
            return build_limit_error(context.until, more)
        case 529:
            return AgentOverloaded("The model's provider is overloaded.", detail=more)
        case int(status) if status >= 500:
            return AgentOverloaded(f"The model's provider is failing ({status}).", detail=more)
        case int() if context.resumed:
            # The stored conversation may be cut off in the middle; a new one does not have that
            # fault.
            return StaleConversation("The stored conversation is damaged.", detail=more)
        case int(status):
            return AgentOutputInvalid(
                f"The model's provider did not accept the request ({status}).", detail=more
            )
        case None if turn_end.reason == "api_error":
            return AgentOverloaded("The connection to the model's provider failed.", detail=more)
    return None


def _build_unauthorized_error(why: str, more: str) -> AgentUnauthorized:
    return AgentUnauthorized(f"{why}; set ANTHROPIC_API_KEY in .env.", detail=more)


def _format_setting(role: str) -> str:
    return "chat.role.model" if role == "chat" else f"engine.{role}.model"


def _format_model_name(name: str) -> str:
    return name if _NAME.fullmatch(name) else "?"


def build_no_change_error(closing_text: str) -> AgentOutputInvalid:
    """Return the error for a model that says it is done but has changed nothing."""
    return AgentOutputInvalid(
        "The claude engine says it is done but has changed nothing, even after a second request. "
        f"Its last message: “{flatten(closing_text, 300)}”",
        detail=closing_text,
    )
