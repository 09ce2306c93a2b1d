"""Gives access to the current skills, and records each use."""

from collections.abc import Callable, Iterable
from datetime import datetime

from bot.domain.journal import ActionOutcome, JournalQuery, Kind
from bot.domain.skill import Skill, SkillRole, SkillSet, SkillUse
from bot.ports.journal import Journal
from bot.ports.recorder import ActionRecorder

Source = Callable[[], SkillSet]
"""Returns the current skills."""

_MOST_USES = 1_000  # the maximum number of uses of one skill that are counted


class SkillLibrary:
    """The skills that models see and read. A returned set does not change later."""

    def __init__(
        self,
        source: Source = SkillSet,
        recorder: ActionRecorder | None = None,
        journal: Journal | None = None,
    ) -> None:
        self._source = source
        self._recorder = recorder
        self._journal = journal

    def get_current(self) -> SkillSet:
        """Return the current skills."""
        return self._source()

    def note_use(self, skill: Skill, role: SkillRole, run_id: str | None = None) -> None:
        """Journal that this role of a model read a skill: `skill.NAME`, with the role as agent."""
        if self._recorder is not None:
            self._recorder.record(
                Kind.SKILL, skill.name, ActionOutcome.OK, agent=role, run_id=run_id
            )

    async def load_uses(self, names: Iterable[str], since: datetime) -> dict[str, SkillUse]:
        """Return the uses of each skill since then, by name. Raises `JournalError`."""
        found: dict[str, SkillUse] = {}
        for name in names if self._journal is not None else ():
            query = JournalQuery(event=build_event_name(name), since=since, limit=_MOST_USES)
            read = await self._journal.read(query) if self._journal else ()
            found[name] = SkillUse(count=len(read), last_at=read[-1].ts if read else None)
        return found

    async def find_unread(self, since: datetime) -> tuple[str, ...]:
        """Return the skills that no model has read since then.

        Returns none if no skill at all was read, because then no model uses skills here. Raises
        `JournalError`.
        """
        uses = await self.load_uses([skill.name for skill in self.get_current().skills], since)
        unread = tuple(name for name, use in uses.items() if not use.count)
        return unread if len(unread) < len(uses) else ()


def build_event_name(name: str) -> str:
    """Return the journal event of a use of that skill."""
    return f"{Kind.SKILL}.{name}"
