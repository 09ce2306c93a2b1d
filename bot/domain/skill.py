"""Skills: how some kind of work is done, written down for models; their text is read when used."""

from pathlib import PurePosixPath
from typing import Literal, get_args

from pydantic import AwareDatetime, Field

from bot.domain.record import Record

FOLDER = "prompts/skills"
"""Where skills lie in the checkout, each in a folder that is called as it is."""

MANIFEST = "SKILL.md"
"""The file of a skill that begins it."""

SkillRole = Literal["chat", "planner", "executor", "reviewer"]
"""The parts of a model that may be told of a skill."""

ROLES: tuple[SkillRole, ...] = get_args(SkillRole)


_PARTS = len(PurePosixPath(FOLDER).parts)


def get_skill_name(path: str) -> str:
    """Return the skill that a file, by its path from the root, belongs to; empty for none."""
    parts = PurePosixPath(path).parts
    inside = len(parts) > _PARTS + 1 and parts[:_PARTS] == PurePosixPath(FOLDER).parts
    return parts[_PARTS] if inside else ""


class Skill(Record):
    """One skill, whole: what is told of it, its text, and the files beside it.

    `allowed_tools` are the only ones that may be used while it is in use, of those a role has
    anyway; none are named where it does not narrow. `files` maps each path beside `SKILL.md` to its
    text, or to nothing where it is no text.
    """

    name: str
    description: str
    when_to_use: str = ""
    license: str = ""
    compatibility: str = ""
    metadata: dict[str, str] = Field(default_factory=dict)
    allowed_tools: tuple[str, ...] = ()
    roles: tuple[SkillRole, ...] = ROLES
    body: str
    files: dict[str, str | None] = Field(default_factory=dict)
    text: str = Field(description="the whole of `SKILL.md`")

    @property
    def path(self) -> str:
        """Where it begins, from the checkout's root."""
        return f"{FOLDER}/{self.name}/{MANIFEST}"

    @property
    def summary(self) -> str:
        """What a model is told of it before it is used, on one line."""
        return " ".join(f"{self.description} {self.when_to_use}".split())


class RefusedSkill(Record):
    """A folder of skills that is none: `reason` names the file, the line, and the way out."""

    name: str
    reason: str


class SkillUse(Record):
    """How often models read a skill, and when last."""

    count: int = Field(default=0, ge=0)
    last_at: AwareDatetime | None = None


class SkillSet(Record):
    """The skills there are at one moment, and those that will not do, each sorted by name."""

    skills: tuple[Skill, ...] = ()
    refused: tuple[RefusedSkill, ...] = ()

    def find(self, name: str) -> Skill | None:
        """Return the skill of that name."""
        return next((each for each in self.skills if each.name == name), None)

    def list_for_role(self, role: SkillRole) -> tuple[Skill, ...]:
        """Return the skills that this part is told of."""
        return tuple(each for each in self.skills if role in each.roles)
