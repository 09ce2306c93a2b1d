"""Shows what people asked for and the bot cannot do, and what it would take."""

from collections.abc import Sequence

from bot.domain.gaps import CapabilityGap, GapKind
from bot.presentation.counts import format_people_count
from bot.presentation.markdown import escape_line

_SHOWN = 8
_TEXT = 100
_WAYS: dict[GapKind, str] = {
    "server": "an MCP server: an entry of `tools:` (docs/tools.md)",
    "research": "a tool that searches the web: a server under `tools:` (docs/tools.md)",
    "repository": "another bot to look after: `theseus adopt` (docs/targets.md)",
    "skill": "a skill or a command: `/change` asks for it",
}


def list_gap_lines(gaps: Sequence[CapabilityGap]) -> list[str]:
    """Return what people miss, the highest rank first, with what it would take; empty if nothing.

    Nobody is named.
    """
    lines = [_format_gap(each) for each in gaps[:_SHOWN]]
    if not lines:
        return []
    rest = len(gaps) - len(lines)
    more = [f"and {rest} more, of fewer people"] if rest > 0 else []
    return ["**What I cannot do yet, and people asked for**", *lines, *more]


def describe_noted_gap(gap: CapabilityGap) -> str:
    """Return the answer to a request that cannot be served."""
    return (
        f"I cannot do that yet, so I noted that you miss it. It takes {_WAYS[gap.kind]}. "
        "`/capabilities` shows what people miss."
    )


def _format_gap(gap: CapabilityGap) -> str:
    people = format_people_count(len(gap.requesters))
    often = f", {gap.times} times" if gap.times > 1 else ""
    stored = "; it is among the wishes" if gap.proposed else ""
    return (
        f"- {people}{often}: “{escape_line(gap.text, _TEXT)}” · it takes {_WAYS[gap.kind]}{stored}"
    )
