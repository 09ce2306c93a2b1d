"""What changes for people, on a proposal's card and in its pull request."""

import re
from collections import Counter
from collections.abc import Callable, Iterator

from bot.domain.behaviour import AnswerChange, BehaviourDiff
from bot.domain.change import Verdict
from bot.presentation.cards._plain_text import plain
from bot.presentation.markdown import words

_ASKED, _ANSWER = 100, 140
_BOLD = re.compile(r"\*\*(?=\S)([^*\n]{1,200})(?<=\S)\*\*")
_MENDED = "What failed no longer fails. The rest that was compared stays as it is: "

Quiet = Callable[[str, int], str]


def behaviour_lines(verdict: Verdict) -> tuple[str, ...]:
    """Return the numbers, then each answer that changes, before and after; nothing, if not played.

    What the code under test said stands there as plain text.
    """
    return (
        tuple(_lines(verdict, verdict.behaviour, plain, "•"))
        if verdict.behaviour is not None
        else ()
    )


def behaviour_markdown(verdict: Verdict) -> str:
    """Return the same for a pull request: a sentence, then a list; what code said is inert."""
    if verdict.behaviour is None:
        return "Answers were not compared."
    first, *changes = _lines(verdict, verdict.behaviour, words, "-")
    return "\n".join([first, "", *changes]) if changes else first


def _lines(verdict: Verdict, found: BehaviourDiff, quiet: Quiet, mark: str) -> Iterator[str]:
    told = quiet(found.told, 300)
    if verdict.reproduced and found.answers and not found.changed:
        told = f"{_MENDED}{told}"  # alone, it reads as if nothing were mended
    yield f"{'⚠️ ' if found.unasked or found.unplayed else ''}{told[0].upper()}{told[1:]}."
    for line, times in Counter(_line(change, quiet) for change in found.changes).items():
        yield f"{mark} {line}{f' ({times} times)' if times > 1 else ''}"
    if found.changes and found.changed > len(found.changes):
        yield f"{mark} and {found.changed - len(found.changes)} more"


def _line(change: AnswerChange, quiet: Quiet) -> str:
    before, after = (_text(each) for each in (change.difference.before, change.difference.after))
    if _bare(before) != _bare(after):  # where the stars alone change, they are what there is to see
        before, after = _bare(before), _bare(after)
    mended = " (an error before)" if change.mended else ""
    asked = quiet(change.asked, _ASKED)
    return f"{asked}{mended}: {_answer(before, quiet)} → {_answer(after, quiet)}"


def _text(lines: tuple[str, ...]) -> str:
    return " / ".join(line.strip() for line in lines)


def _bare(text: str) -> str:
    """Return an answer as people read it: what is bold there, without the stars."""
    return _BOLD.sub(r"\1", text)


def _answer(text: str, quiet: Quiet) -> str:
    return f"“{quiet(text, _ANSWER)}”" if text else "nothing"
