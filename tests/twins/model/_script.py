"""Whose turn it is: the turns of a story, handed out one request at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from tests.twins.model._requests import Request
from tests.twins.model._turns import Broken, Failure, Forever, Turn
from tests.twins.model._wire import WrongStory

Story = Sequence[Turn] | Mapping[str, Sequence[Turn]]
EVERYBODY = "everybody"


class Script:
    """Hands out turns, apart for each who asks; with `each`, anew for each conversation."""

    def __init__(self, story: Story, *, each: bool) -> None:
        self._story = (
            {who: tuple(turns) for who, turns in story.items()}
            if isinstance(story, Mapping)
            else {EVERYBODY: tuple(story)}
        )
        self._each = each
        self._left: dict[tuple[str, str], list[Turn]] = {}
        self._played: dict[tuple[str, str], int] = {}

    def next(self, request: Request) -> Turn:
        """Return the turn that answers this request. Raises `WrongStory` where there is none."""
        who = EVERYBODY if EVERYBODY in self._story else request.who
        if who not in self._story:
            raise WrongStory(f"there is no script for `{who}`: {', '.join(self._story)}")
        key = (who, request.conversation if self._each else "")
        left = self._left.setdefault(key, list(self._story[who]))
        self._played[key] = self._played.get(key, 0) + 1
        if not left:
            played = len(self._story[who])
            raise WrongStory(
                f"the script of `{who}` has ended after turn {played}, and is asked for another; "
                f"it was last told: {request.prompt[-300:]!r}, {request.results[-1:]}"
            )
        turn = left[0]
        if isinstance(turn, Forever):
            return turn.turn
        if isinstance(turn, Failure | Broken) and turn.times > 1:
            left[0] = replace(turn, times=turn.times - 1)
        else:
            left.pop(0)
        return turn

    def unplayed(self, who: str = EVERYBODY) -> list[Turn]:
        """Return the turns nobody has asked for yet; `forever` is never among them."""
        begun = [left for (name, _), left in self._left.items() if name == who]
        waiting = begun or [list(self._story.get(who, ()))]
        return [turn for left in waiting for turn in left if not isinstance(turn, Forever)]
