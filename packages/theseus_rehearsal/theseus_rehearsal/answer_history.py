"""Finds the commit that changed the answer to a script, by playing some of the commits."""

from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

Lines = tuple[str, ...]
AnswerOf = Callable[[str], Awaitable[Lines | None]]
"""Runs a commit and returns its answer to the script; `None` if it cannot run or has none."""

_LONGEST = 120


class ChangedAnswer(NamedTuple):
    """Where an answer changed: `before` still gives `old`, `after` gives `new`.

    The commits in `between` cannot be run: each of them, or `after`, may have changed it.
    """

    before: str
    after: str
    old: Lines
    new: Lines
    between: tuple[str, ...]
    run_count: int

    def describe(self, asked: str, subject: str) -> str:
        """Return a sentence: since `abc1234` (Dice: ...) `/roll` answers 21 instead of 31."""
        named = f" ({subject})" if subject else ""
        since = f"`{self.after[:7]}`{named}"
        if self.between:
            since += f", or one of the {len(self.between)} before it that cannot be played,"
        old, new = _find_first_difference(self.old, self.new)
        return f"since {since} `{asked}` answers {new} instead of {old}"


async def find_changed_answer(commits: Sequence[str], answer: AnswerOf) -> ChangedAnswer | None:
    """Return the commit that changed the answer; `None` if all commits answer the same.

    `commits` go from the oldest to the newest. It takes about log2 of their number in runs; one
    that cannot be run costs one more, as with `git bisect skip`. If an answer changed more
    than once, one of the changes is found.
    """
    search = _History(commits, answer)
    newest = len(commits) - 1
    new = await search.get_answer(newest) if commits else None
    if new is None:
        return None
    first = await search.find_first_runnable(newest)
    old = await search.get_answer(first)
    if old is None or old == new:
        return None
    low, high = await search.bisect(first, newest, new)
    before, after = await search.get_answer(low), await search.get_answer(high)
    return ChangedAnswer(
        before=commits[low],
        after=commits[high],
        old=before or (),
        new=after or (),
        between=tuple(commits[low + 1 : high]),
        run_count=search.run_count,
    )


class _History:
    """Commits by their index, each run at most once."""

    def __init__(self, commits: Sequence[str], answer: AnswerOf) -> None:
        self._commits = commits
        self._answer = answer
        self._known: dict[int, Lines | None] = {}

    @property
    def run_count(self) -> int:
        """The number of commits that were run."""
        return len(self._known)

    async def get_answer(self, place: int) -> Lines | None:
        """Return the answer of a commit."""
        if place not in self._known:
            self._known[place] = await self._answer(self._commits[place])
        return self._known[place]

    async def find_first_runnable(self, newest: int) -> int:
        """Return the oldest commit that answers, assuming that all newer ones answer too.

        Before the commit that added the command, no commit answers it.
        """
        low, high = 0, newest
        while low < high:
            # The oldest first: it can usually be run, and then there is nothing to search.
            middle = low if not self._known.keys() - {newest} else (low + high) // 2
            if await self.get_answer(middle) is None:
                low = middle + 1
            else:
                high = middle
        return high

    async def bisect(self, low: int, high: int, new: Lines) -> tuple[int, int]:
        """Return neighbouring runnable commits of which only the newer answers `new`."""
        while True:
            middle = await self._find_runnable_between(low, high)
            if middle is None:
                return low, high
            if await self.get_answer(middle) == new:
                high = middle
            else:
                low = middle

    async def _find_runnable_between(self, low: int, high: int) -> int | None:
        """Return the runnable commit nearest to the middle."""
        centre = (low + high) / 2
        for place in sorted(range(low + 1, high), key=lambda index: (abs(index - centre), index)):
            if await self.get_answer(place) is not None:
                return place
        return None


def _find_first_difference(old: Lines, new: Lines) -> tuple[str, str]:
    """Return the first line that differs, on both sides."""
    at = next((i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), None)
    at = min(len(old), len(new)) if at is None else at
    differing = [
        lines[at].strip()[:_LONGEST] if at < len(lines) else "nothing" for lines in (old, new)
    ]
    return differing[0], differing[1]
