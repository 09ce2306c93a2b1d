"""What a chat is told: who it is, what was said before, and the message to answer, all as data."""

from collections.abc import Sequence

from bot.adapters.claude_agent._briefing import named
from bot.adapters.claude_agent._texts import clipped, fenced
from bot.domain.chat import ChatLine
from bot.ports.chat_model import ChatTurn
from bot.prompts import Prompts
from bot.redaction import redact

_MESSAGE = 4_000  # characters; Discord's longest
_BEFORE = 1_000  # of each earlier message


def message(prompts: Prompts, turn: ChatTurn, unread: Sequence[ChatLine]) -> str:
    """Return what is said in one turn; `unread` is what it was not told before."""
    before = ""
    if unread:
        lines = "\n".join(map(_line, unread))
        before = prompts.render("chat_before", lines=fenced(redact(lines)))
    words = fenced(clipped(redact(turn.text), _MESSAGE), "message")
    return prompts.render(
        "chat_turn", before=before, who=named(turn.person.name), message=words
    ).strip()


def _line(line: ChatLine) -> str:
    """Return one message; what goes over several lines stays recognisable as one person's."""
    by = "you" if line.ours else f"{named(line.by)} (person)"
    text = clipped(line.text, _BEFORE).replace("\n", "\n    ")
    return f"{line.at:%H:%M} {by}: {text}"
