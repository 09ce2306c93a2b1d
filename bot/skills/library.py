"""The skills at hand for those who use them, and note of each use."""

from collections.abc import Callable, Iterable
from datetime import datetime

from bot.domain.journal import ActionOutcome, JournalQuery, Kind
from bot.domain.skill import Skill, SkillRole, SkillSet, SkillUse
from bot.ports.journal import Journal
from bot.ports.recorder import ActionRecorder

Source = Callable[[], SkillSet]
"""Returns the skills as they are now."""

_MOST_USES = 1_000  # of one skill that are counted


class SkillLibrary:
    """What models are told of and read. What somebody holds of it does not change under them."""

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
        """Return all of them at this moment."""
        return self._source()

    def note_use(self, skill: Skill, role: SkillRole, run_id: str | None = None) -> None:
        """Journal that this part of a model read a skill: `skill.NAME`, its role as the agent."""
        if self._recorder is not None:
            self._recorder.record(
                Kind.SKILL, skill.name, ActionOutcome.OK, agent=role, run_id=run_id
            )

    async def load_uses(self, names: Iterable[str], since: datetime) -> dict[str, SkillUse]:
        """Return how each was used since then, by its name. Raises `JournalError`."""
        found: dict[str, SkillUse] = {}
        for name in names if self._journal is not None else ():
            query = JournalQuery(event=build_event_name(name), since=since, limit=_MOST_USES)
            read = await self._journal.read(query) if self._journal else ()
            found[name] = SkillUse(count=len(read), last_at=read[-1].ts if read else None)
        return found

    async def find_unread(self, since: datetime) -> tuple[str, ...]:
        """Return the skills nobody read since then; none where no skill was: nobody reads here.

        Raises `JournalError`.
        """
        uses = await self.load_uses([each.name for each in self.get_current().skills], since)
        unread = tuple(name for name, use in uses.items() if not use.count)
        return unread if len(unread) < len(uses) else ()


def build_event_name(name: str) -> str:
    """Return what the journal calls a use of that skill."""
    return f"{Kind.SKILL}.{name}"
