"""What changes for users, on a proposal's card and in its pull request."""

import re
from collections import Counter
from collections.abc import Callable, Iterator

from theseus_rehearsal.behaviour import AnswerChange, BehaviourDiff

from bot.domain.change import Verdict
from bot.presentation.cards._plain_text import to_plain_text
from bot.presentation.markdown import escape_line

_ASKED, _ANSWER = 100, 140
_BOLD = re.compile(r"\*\*(?=\S)([^*\n]{1,200})(?<=\S)\*\*")
_FIXED = "The failure no longer occurs. Everything else that was compared stays as it is: "

Quiet = Callable[[str, int], str]


def render_behaviour(verdict: Verdict) -> tuple[str, ...]:
    """Return the numbers, then each changed answer before and after; empty if nothing was replayed.

    Text that the code under test produced is shown as plain text.
    """
    return (
        tuple(_iterate_lines(verdict, verdict.behaviour, to_plain_text, "•"))
        if verdict.behaviour is not None
        else ()
    )


def render_behaviour_markdown(verdict: Verdict) -> str:
    """Return the same for a pull request: a sentence, then a list. The code's own text is inert."""
    if verdict.behaviour is None:
        return "Answers were not compared."
    first, *changes = _iterate_lines(verdict, verdict.behaviour, escape_line, "-")
    return "\n".join([first, "", *changes]) if changes else first


def _iterate_lines(
    verdict: Verdict, found: BehaviourDiff, quiet: Quiet, mark: str
) -> Iterator[str]:
    summary = quiet(found.summary, 300)
    if verdict.is_reproduced and found.answers and not found.changed:
        summary = f"{_FIXED}{summary}"  # the numbers alone read as if the failure were still there
    yield f"{'⚠️ ' if found.unasked or found.unplayed else ''}{summary[0].upper()}{summary[1:]}."
    for line, times in Counter(_format_change(change, quiet) for change in found.changes).items():
        yield f"{mark} {line}{f' ({times} times)' if times > 1 else ''}"
    if found.changes and found.changed > len(found.changes):
        yield f"{mark} and {found.changed - len(found.changes)} more"


def _format_change(change: AnswerChange, quiet: Quiet) -> str:
    before, after = (
        _join_lines(each) for each in (change.difference.before, change.difference.after)
    )
    if _strip_bold(before) != _strip_bold(
        after
    ):  # if only the stars differ, they are the change and must be shown
        before, after = _strip_bold(before), _strip_bold(after)
    note = " (an error before)" if change.is_fixed else ""
    asked = quiet(change.asked, _ASKED)
    return f"{asked}{note}: {_answer(before, quiet)} → {_answer(after, quiet)}"


def _join_lines(lines: tuple[str, ...]) -> str:
    return " / ".join(line.strip() for line in lines)


def _strip_bold(text: str) -> str:
    """Return an answer as users read it: bold text without the stars."""
    return _BOLD.sub(r"\1", text)


def _answer(text: str, quiet: Quiet) -> str:
    return f"“{quiet(text, _ANSWER)}”" if text else "nothing"
