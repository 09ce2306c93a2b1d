"""What changes for people, on a proposal's card."""

from collections.abc import Iterator

from bot.domain.behaviour import AnswerChange, BehaviourDiff
from bot.domain.change import Verdict
from bot.presentation.cards._plain_text import plain

_ASKED, _ANSWER = 100, 140


def behaviour_lines(verdict: Verdict) -> tuple[str, ...]:
    """Return the numbers, then each answer that changes, before and after; nothing, if not played.

    What the code under test said stands there as plain text.
    """
    return tuple(_lines(verdict.behaviour)) if verdict.behaviour is not None else ()


def _lines(found: BehaviourDiff) -> Iterator[str]:
    told = plain(found.told, 300)
    yield f"{'⚠️ ' if found.unasked or found.unplayed else ''}{told[0].upper()}{told[1:]}."
    for change in found.changes:
        yield _line(change)


def _line(change: AnswerChange) -> str:
    before, after = change.difference.before, change.difference.after
    mended = " (an error before)" if change.mended else ""
    return f"• {plain(change.asked, _ASKED)}{mended}: {_answer(before)} → {_answer(after)}"


def _answer(lines: tuple[str, ...]) -> str:
    text = " / ".join(line.strip() for line in lines)
    return f"“{plain(text, _ANSWER)}”" if text else "nothing"
