"""Titles of changes in the style of the repository that they are for."""

import re
from collections.abc import Awaitable, Callable, Sequence

from bot.domain.run import Run

StyleTitle = Callable[[Run, str], Awaitable[str]]
"""Returns a title as the repository's people would write it."""
ListSubjects = Callable[[], Awaitable[Sequence[str]]]
"""Returns the subjects of the newest commits."""

_CONVENTIONAL = re.compile(r"[a-z]+(?:\([\w./ -]+\))?!?: \S")
_LONGEST = 72
_USUAL = 0.6  # of the commits; below that it is one style among others
_KINDS = {"fix": "fix", "change": "feat", "revert": "revert"}


class TitleStyle:
    """Writes titles as conventional commits ("fix: ...") where most commits are written so."""

    def __init__(self, list_subjects: ListSubjects) -> None:
        self._list_subjects = list_subjects

    async def __call__(self, run: Run, title: str) -> str:
        """Return the title in the repository's style."""
        subjects = await self._list_subjects()
        count = sum(_CONVENTIONAL.match(each) is not None for each in subjects)
        is_usual = bool(subjects) and count / len(subjects) >= _USUAL
        if not is_usual or _CONVENTIONAL.match(title):
            return title
        first, rest = title[:1], title[1:]
        plain = first.lower() + rest if rest[:1].islower() else title  # not an abbreviation
        full = f"{_KINDS.get(run.goal, 'chore')}: {plain}"
        return full if len(full) <= _LONGEST else f"{full[: _LONGEST - 1]}…"


async def keep_title(_: Run, title: str) -> str:
    """Return the title as it is."""
    return title
