"""The skills at hand for those who use them, and note of each use."""

from collections.abc import Callable

from bot.domain.journal import ActionOutcome, Kind
from bot.domain.skill import Skill, SkillRole, SkillSet
from bot.ports.recorder import ActionRecorder

Source = Callable[[], SkillSet]
"""Returns the skills as they are now."""


class SkillLibrary:
    """What models are told of and read. What somebody holds of it does not change under them."""

    def __init__(self, source: Source = SkillSet, recorder: ActionRecorder | None = None) -> None:
        self._source = source
        self._recorder = recorder

    def current(self) -> SkillSet:
        """Return all of them at this moment."""
        return self._source()

    def note_use(self, skill: Skill, role: SkillRole, run_id: str | None = None) -> None:
        """Journal that this part of a model read a skill: `skill.NAME`, its role as the agent."""
        if self._recorder is not None:
            self._recorder.record(
                Kind.SKILL, skill.name, ActionOutcome.OK, agent=role, run_id=run_id
            )
