"""Skills: written instructions for models; a skill's text is read when the skill is used."""

from pathlib import PurePosixPath
from typing import Literal, get_args

from pydantic import AwareDatetime, Field
from theseus_guard.record import Record

from bot.domain.tools import McpServer

FOLDER = "prompts/skills"
"""The folder of skills in the checkout. Each skill has a folder with its name."""

MANIFEST = "SKILL.md"
"""The main file of a skill."""

SERVER_FILE = "server.yaml"
"""The file that names the MCP server of a skill."""

SkillRole = Literal["chat", "planner", "executor", "reviewer"]
"""The roles of a model that a skill can be offered to."""

ROLES: tuple[SkillRole, ...] = get_args(SkillRole)


_PARTS = len(PurePosixPath(FOLDER).parts)


def get_skill_name(path: str) -> str:
    """Return the skill that a file belongs to, by its path from the root; empty if it has none."""
    parts = PurePosixPath(path).parts
    inside = len(parts) > _PARTS + 1 and parts[:_PARTS] == PurePosixPath(FOLDER).parts
    return parts[_PARTS] if inside else ""


class Skill(Record):
    """One complete skill: its description, its text, and its other files.

    `allowed_tools` restricts the tools that a role may use while the skill is active; empty means
    no restriction. `files` maps the path of each file besides `SKILL.md` to its text, or to `None`
    if the file is binary. `server` is the MCP server that the skill brings: off until an approver
    agrees to it.
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
    text: str = Field(description="the complete text of `SKILL.md`")
    server: McpServer | None = None

    @property
    def path(self) -> str:
        """The path of its main file, from the checkout's root."""
        return f"{FOLDER}/{self.name}/{MANIFEST}"

    @property
    def summary(self) -> str:
        """The one-line description that a model sees before it uses the skill."""
        return " ".join(f"{self.description} {self.when_to_use}".split())


class RefusedSkill(Record):
    """A folder that is not a valid skill. `reason` names the file, the line and the solution."""

    name: str
    reason: str


class SkillUse(Record):
    """How often models have read a skill, and when last."""

    count: int = Field(default=0, ge=0)
    last_at: AwareDatetime | None = None


class SkillSet(Record):
    """The current skills, and the folders that are not valid, each sorted by name."""

    skills: tuple[Skill, ...] = ()
    refused: tuple[RefusedSkill, ...] = ()

    def find(self, name: str) -> Skill | None:
        """Return the skill of that name, or `None`."""
        return next((skill for skill in self.skills if skill.name == name), None)

    def list_for_role(self, role: SkillRole) -> tuple[Skill, ...]:
        """Return the skills that are offered to this role."""
        return tuple(skill for skill in self.skills if role in skill.roles)
