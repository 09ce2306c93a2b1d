"""Whose turn it is: the turns of a story, handed out one request at a time."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from tests.twins.model._requests import Request
from tests.twins.model._responses import StoryMismatch
from tests.twins.model._turns import BrokenAnswer, Failure, RepeatedTurn, Turn, give_result

Parts = Sequence[Turn] | Mapping[str, Sequence[Turn]]
EVERYBODY = "everybody"
_READER = "reader"
_GUESS = re.compile(r"program's guess: (\w+)\.")


@dataclass(frozen=True)
class Case:
    """A story for the conversations in which a text occurs."""

    text: str
    parts: Parts


Story = Parts | Sequence[Case]


def make_case(text: str, parts: Parts) -> Case:
    """Follow this story where the text occurs in what is asked; the first that fits is taken."""
    return Case(text, parts)


class Script:
    """Hands out turns by role; with `each`, from the beginning for each conversation."""

    def __init__(self, story: Story, *, each: bool) -> None:
        self._cases = _split_cases(story)
        self._each = each
        self._chosen: dict[str, int] = {}  # the case a conversation began with
        self._left: dict[tuple[int, str, str], list[Turn]] = {}

    def take_turn(self, request: Request) -> Turn:
        """Return the turn that answers this request. Raises `StoryMismatch` where there is none.

        A reader of messages without a script agrees with the guess that it is told.
        """
        case = self._choose_case(request)
        parts = self._cases[case][1]
        who = EVERYBODY if EVERYBODY in parts else request.who
        if who == _READER and who not in parts:
            return give_result({"kind": _GUESS.findall(request.prompt)[-1]})
        if who not in parts:
            raise StoryMismatch(f"there is no script for `{who}`: {', '.join(parts)}")
        key = (case, who, request.conversation if self._each else "")
        left = self._left.setdefault(key, list(parts[who]))
        if not left:
            raise StoryMismatch(
                f"the script of `{who}` has ended after turn {len(parts[who])}, and is asked for "
                f"another; it was last told: {request.prompt[-300:]!r}, {request.results[-1:]}"
            )
        turn = left[0]
        if isinstance(turn, RepeatedTurn):
            return turn.turn
        if isinstance(turn, Failure | BrokenAnswer) and turn.times > 1:
            left[0] = replace(turn, times=turn.times - 1)
        else:
            left.pop(0)
        return turn

    def list_unused(self, who: str | None = None) -> list[Turn]:
        """Return the turns that were never used, of all roles or of one, except `forever`."""
        rows = [
            left
            for case, (_, parts) in enumerate(self._cases)
            for name, turns in parts.items()
            if who in (None, name)
            for left in self._list_begun(case, name) or [list(turns)]
        ]
        return [turn for left in rows for turn in left if not isinstance(turn, RepeatedTurn)]

    def _list_begun(self, case: int, who: str) -> list[list[Turn]]:
        return [left for key, left in self._left.items() if key[:2] == (case, who)]

    def _choose_case(self, request: Request) -> int:
        taken = self._chosen.get(request.conversation) if request.conversation else None
        if taken is not None:
            return taken
        text = request.text
        fitting = (n for n, (wanted, _) in enumerate(self._cases) if wanted in text)
        case = next(fitting, None)
        if case is None:
            raise StoryMismatch(f"none of the stories fits: {[text for text, _ in self._cases]}")
        return self._chosen.setdefault(request.conversation, case) if request.conversation else case


def _split_cases(story: Story) -> list[tuple[str, Mapping[str, Sequence[Turn]]]]:
    """Return stories by the text they need; a story alone needs none."""
    if isinstance(story, Mapping):
        return [("", story)]
    cases = [each for each in story if isinstance(each, Case)]
    if cases:
        return [(case.text, dict(_split_cases(case.parts))[""]) for case in cases]
    return [("", {EVERYBODY: [each for each in story if not isinstance(each, Case)]})]
