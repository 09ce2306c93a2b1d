"""Renders the messages of a chat; all text by people is marked as data."""

from collections.abc import Sequence

from theseus_observe.redaction import redact

from bot.adapters.claude_agent.prompting._briefing import format_name
from bot.adapters.claude_agent.prompting._texts import clip, fence_text
from bot.domain.chat import ChatLine
from bot.ports.chat_model import ChatTurn
from bot.prompts import Prompts

_MESSAGE = 4_000  # characters; the longest message on Discord
_BEFORE = 1_000  # characters of each earlier message


def render_message(prompts: Prompts, turn: ChatTurn, unread: Sequence[ChatLine]) -> str:
    """Return the message for one turn; `unread` are earlier messages the program has not seen."""
    before = ""
    if unread:
        lines = "\n".join(map(_format_line, unread))
        before = prompts.render("chat_before", lines=fence_text(redact(lines)))
    message = fence_text(clip(redact(turn.text), _MESSAGE), "message")
    return prompts.render(
        "chat_turn", before=before, who=format_name(turn.person.name), message=message
    ).strip()


def _format_line(line: ChatLine) -> str:
    """Return one message; further lines are indented, so they still belong to the same person."""
    by = "you" if line.ours else f"{format_name(line.by)} (person)"
    text = clip(line.text, _BEFORE).replace("\n", "\n    ")
    return f"{line.at:%H:%M} {by}: {text}"
