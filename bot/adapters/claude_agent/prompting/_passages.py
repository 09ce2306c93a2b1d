"""Renders numbered passages for a model: fenced, redacted, and marked as data."""

from theseus_observe.redaction import redact

from bot.adapters.claude_agent.prompting._plain_text import flatten
from bot.adapters.claude_agent.prompting._texts import fence_text
from bot.domain.research import NumberedPassages, Passage


def render_passages(numbered: NumberedPassages) -> str:
    """Return the passages, each below its number and place; "" if there are none.

    The place was written by others too, so it is inside of the fence.
    """
    return "\n\n".join(
        f"### Source {number}\n\n{fence_text(_describe(each) + redact(each.text))}"
        for number, each in numbered
    )


def _describe(passage: Passage) -> str:
    place = flatten(f"{passage.source} {passage.version}: {passage.locator}", 300)
    return f"[{passage.kind}: {place}]\n"
