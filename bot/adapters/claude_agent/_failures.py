"""What can go wrong with the program and its provider, said once in our own errors."""

import re
import signal
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from bot.adapters.claude_agent._plain_text import flatten
from bot.adapters.claude_agent._transport_events import ProgramError, TurnEnded
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
from bot.redaction import redact

DETAIL_CHARS = 2_000
OVERLOADED = 529
CREDIT = re.compile(r"credit balance|billing|out of (extra )?usage credits", re.IGNORECASE)
TOO_LONG = re.compile(r"(prompt|conversation) is too long|request too large", re.IGNORECASE)
STALE = re.compile(r"no conversation found|session id .* already in use", re.IGNORECASE)
_NAME = re.compile(r"[\w.:/\[\]-]{1,80}")


class StaleConversation(AgentError):
    """What is kept of a conversation cannot be gone on with; a fresh one can be begun."""

    code = "agent.stale"
    retryable = True


@dataclass(frozen=True)
class TurnContext:
    """What a message needs to know: whom we talk to, and what was told before the failure."""

    role: str = "engine"
    model: str = ""
    turns: int = 0
    usd: float = 0.0
    until: datetime | None = None
    resumed: bool = False
    program_error: ProgramError | None = None


def format_detail(*parts: str) -> str:
    """Return what the journal may keep of a failure: redacted, and not without end."""
    return redact("\n".join(part for part in parts if part))[-DETAIL_CHARS:]


def build_missing_error(text: str = "") -> AgentMissing:
    """Return the error for a package or program that is not there."""
    return AgentMissing(
        "The Claude Code program is not installed; run `make claude`.", detail=format_detail(text)
    )


def build_crash_error(code: int | None, text: str = "") -> AgentUnavailable:
    """Return the error for a program that ended by itself; `code` is 128+n for signal n."""
    how = "ended without a word"
    if code:
        how = f"ended with exit code {code}"
        with suppress(ValueError):
            how = f"was ended by {signal.Signals(code - 128 if code > 0 else -code).name}"
    return AgentUnavailable(f"The Claude Code program {how}.", detail=format_detail(text))


def build_limit_error(until: datetime | None, text: str = "") -> AgentLimited:
    """Return the error for a usage limit."""
    when = f"until {format_utc(until)}" if until else "and does not say until when"
    return AgentLimited(
        f"The model's provider limits our use {when}.", until=until, detail=format_detail(text)
    )


def build_turn_error(turn_end: TurnEnded, context: TurnContext, text: str = "") -> Exception:
    """Return our error for a turn that failed, or for a program that would not begin one."""
    more = format_detail(turn_end.text, text)
    if STALE.search(f"{turn_end.text}\n{text}"):
        return StaleConversation("What was kept of the conversation is gone.", detail=more)
    for make in (_build_own_limit_error, _build_error_from_text, _build_error_from_status):
        if error := make(turn_end, context, more):
            return error
    return AgentUnavailable("The Claude Code program broke off.", detail=more)


def _build_own_limit_error(
    turn_end: TurnEnded, context: TurnContext, more: str
) -> AgentError | BudgetSpent | None:
    """Return the error for a limit that we set ourselves."""
    match turn_end.kind:
        case "error_max_turns":
            return AgentTimeout(f"The model used up its {context.turns} answers.", detail=more)
        case "error_max_budget_usd":
            return BudgetSpent(f"The {context.usd:.2f} $ for this call are spent.", detail=more)
        case "error_max_structured_output_retries":
            return AgentOutputInvalid(
                "The model's answer did not have the shape it was asked for, several times.",
                detail=more,
            )
    return None


def _build_error_from_text(
    turn_end: TurnEnded, context: TurnContext, more: str
) -> AgentError | None:
    """Return the error for what only words or reasons tell, whatever the status."""
    kind = context.program_error.kind if context.program_error else ""
    words = f"{turn_end.text}\n{context.program_error.text if context.program_error else ''}"
    if turn_end.stop_reason == "refusal":
        return AgentRefused("The model declined to do this.", detail=more)
    if turn_end.status == 402 or kind == "billing_error" or CREDIT.search(words):
        # Waiting does not mend it, unlike a usage limit: a person has to.
        return AgentForbidden(
            "The credit at the model's provider is used up; it has to be topped up there.",
            detail=more,
        )
    if turn_end.status == 413 or turn_end.reason == "prompt_too_long" or TOO_LONG.search(words):
        return AgentOutputInvalid(
            "The conversation grew longer than the model can read.", detail=more
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
            return AgentForbidden("The key may not use this model or this provider.", detail=more)
        case 404:
            return AgentForbidden(
                f"The provider knows no model `{_format_model_name(context.model)}`, or the key may not use it; "
                f"see {_format_setting(context.role)} in data/config.yaml.",
                detail=more,
            )
        case 429:
            return build_limit_error(context.until, more)
        case 529:
            return AgentOverloaded("The model's provider is overloaded.", detail=more)
        case int(status) if status >= 500:
            return AgentOverloaded(f"The model's provider is failing ({status}).", detail=more)
        case int() if context.resumed:
            # What is kept may have been cut off in the middle; a fresh conversation has none of it.
            return StaleConversation("What was kept of the conversation is damaged.", detail=more)
        case int(status):
            return AgentOutputInvalid(
                f"The model's provider did not accept what it was asked ({status}).", detail=more
            )
        case None if turn_end.reason == "api_error":
            return AgentUnavailable("The connection to the model's provider failed.", detail=more)
    return None


def _build_unauthorized_error(why: str, more: str) -> AgentUnauthorized:
    return AgentUnauthorized(f"{why}; set ANTHROPIC_API_KEY in .env.", detail=more)


def _format_setting(role: str) -> str:
    return "chat.role.model" if role == "chat" else f"engine.{role}.model"


def _format_model_name(name: str) -> str:
    return name if _NAME.fullmatch(name) else "?"


def build_no_change_error(closing_text: str) -> AgentOutputInvalid:
    """Return what is wrong with one that says it is done and changed nothing; its last words."""
    return AgentOutputInvalid(
        "The claude engine says it is done, and has changed nothing, also when asked again. Its "
        f"last words: “{flatten(closing_text, 300)}”",
        detail=closing_text,
    )
